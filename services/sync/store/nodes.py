"""The nodes of the trees, their names sealed."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from services.sync.domain.following import Key
from services.sync.domain.tree import DETACHED, Kind, Node
from services.sync.store.documents import NodeRow
from services.sync.store.seal import Seal
from shared.mongo import Database

_AT_ONCE = 500


class Nodes:
    """Finds and stores nodes; *seal* is that of the account whose they are."""

    def __init__(self, db: Database) -> None:
        self._rows = db.collection(NodeRow)

    async def child(self, seal: Seal, parent: str, name: str) -> Node | None:
        """Return the member of *parent* whose name looks like *name*."""
        where = {"account": seal.account, "parent": parent, "name_key": seal.name_key(parent, name)}
        row = await self._rows.find_one(where)
        return None if row is None else _node(row, seal)

    async def members(self, seal: Seal, parent: str, *, limit: int, after: str = "") -> list[Node]:
        """Return up to *limit* members of *parent* in the order of their keys, beginning after the key *after*."""
        where = {"account": seal.account, "parent": parent, "name_key": {"$gt": after}}
        rows = await self._rows.list(where, sort=["name_key"], limit=limit)
        return [_node(row, seal) for row in rows]

    async def beneath(self, seal: Seal, parents: Sequence[str], *, limit: int) -> list[Node]:
        """Return up to *limit* members of all the folders *parents*."""
        where = {"account": seal.account, "parent": {"$in": list(parents)}}
        return [_node(row, seal) for row in await self._rows.list(where, limit=limit)]

    async def get(self, seal: Seal, node: str) -> Node | None:
        """Return the node *node* of the account."""
        row = await self._rows.find_one({"_id": node, "account": seal.account})
        return None if row is None else _node(row, seal)

    async def some(self, seal: Seal, ids: Collection[str]) -> list[Node]:
        """Return those of the nodes *ids* that exist."""
        rows = await self._rows.list({"_id": {"$in": list(ids)}, "account": seal.account}) if ids else []
        return [_node(row, seal) for row in rows]

    async def at_places(self, seal: Seal, places: Mapping[str, str]) -> dict[str, Node]:
        """Return what is at some *places* (the key of each name, and its folder), by the key of the name."""
        found: dict[str, Node] = {}
        keys = list(places)
        for start in range(0, len(keys), _AT_ONCE):
            some = keys[start : start + _AT_ONCE]
            parents = list({places[key] for key in some})
            where = {"account": seal.account, "parent": {"$in": parents}, "name_key": {"$in": some}}
            found |= {row.name_key: _node(row, seal) for row in await self._rows.list(where)}
        return found

    async def changed(self, seal: Seal, *, after: Key, upto: int, limit: int, parent: str = "") -> list[Node]:
        """Return the next nodes after *after*, up to the revision *upto*, in order; only those in *parent*."""
        rev, node = after
        where = {"account": seal.account} | ({"parent": parent} if parent else {})
        rows = []
        if node:
            rows = await self._rows.list({**where, "rev": rev, "_id": {"$gt": node}}, sort=["_id"], limit=limit)
        if len(rows) < limit:
            # Not $lte: within a compound index the embedded server leaves the last one out.
            later = {**where, "rev": {"$gt": rev, "$lt": upto + 1}}
            rows += await self._rows.list(later, sort=["rev", "_id"], limit=limit - len(rows))
        return [_node(row, seal) for row in rows]

    async def page(self, seal: Seal, *, after: str, limit: int) -> list[Node]:
        """Return the next nodes of the account in the order of their ids."""
        where = {"account": seal.account, "_id": {"$gt": after}}
        return [_node(row, seal) for row in await self._rows.list(where, sort=["_id"], limit=limit)]

    async def stored(self, account: str) -> list[dict[str, Any]]:
        """Return all nodes of *account* as they are stored, sealed."""
        return [row.stored() for row in await self._rows.list({"account": account})]

    async def insert(self, seal: Seal, nodes: Collection[Node]) -> None:
        """Store new nodes; DuplicateError when one's place is taken."""
        await self._rows.insert_many(_row(node, seal) for node in nodes)

    async def replace(self, seal: Seal, nodes: Collection[Node]) -> None:
        """Store *nodes* in place of those with their ids."""
        if len(nodes) == 1:
            await self._rows.replace(_row(next(iter(nodes)), seal))
        elif nodes:
            # Two operations however many nodes: a batch of changes is as quick as one change.
            await self._rows.delete({"_id": {"$in": [node.id for node in nodes]}})
            await self.insert(seal, nodes)

    async def remove(self, ids: Collection[str]) -> int:
        """Remove nodes by their ids."""
        return await self._rows.delete({"_id": {"$in": list(ids)}}) if ids else 0

    async def detached(self, *, limit: int) -> list[tuple[str, str]]:
        """Return account and id of folders that were deleted and are still to be cleared away."""
        return [(row.account, row.id) for row in await self._rows.list({"parent": DETACHED}, limit=limit)]

    async def remove_all(self, account: str) -> int:
        """Remove all nodes of an account, whether they can still be opened or not."""
        return await self._rows.delete({"account": account})


def _node(row: NodeRow, seal: Seal) -> Node:
    return Node(
        id=row.id,
        parent=row.parent,
        name=seal.open_name(row.id, row.name),
        kind=row.kind,
        rev=row.rev,
        tag=row.tag,
        created_at=row.created_at,
        modified_at=row.modified_at,
        size=row.size,
        content=row.content,
        properties=seal.open_properties(row.id, row.properties) if row.properties is not None else "",
    )


def _row(node: Node, seal: Seal) -> NodeRow:
    # What is detached has no place that another one could want.
    detached = node.parent == DETACHED
    return NodeRow.model_construct(
        id=node.id,
        account=seal.account,
        parent=node.parent,
        name_key=node.id if detached else seal.name_key(node.parent, node.name),
        name=seal.seal_name(node.id, node.name),
        kind=Kind(node.kind),
        rev=node.rev,
        tag=node.tag,
        created_at=node.created_at,
        modified_at=node.modified_at,
        size=node.size,
        content=node.content,
        properties=seal.seal_properties(node.id, node.properties) if node.properties else None,
    )
