"""The nodes of the trees, with sealed names."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from services.sync.domain.sync_tokens import ChangeKey
from services.sync.domain.tree import DETACHED, Node, NodeKind
from services.sync.store.ciphers import AccountCipher
from services.sync.store.documents import NodeDocument
from shared.mongo import Database

_BATCH_SIZE = 500


class Nodes:
    """Finds and stores nodes; *cipher* is that of their account."""

    def __init__(self, db: Database) -> None:
        self._rows = db.get_collection(NodeDocument)

    async def get_child(self, cipher: AccountCipher, parent: str, name: str) -> Node | None:
        """Return the member of *parent* whose name equals *name* in NFC."""
        where = {"account": cipher.account, "parent": parent, "name_key": cipher.name_key(parent, name)}
        row = await self._rows.find_one(where)
        return None if row is None else _to_node(row, cipher)

    async def list_members(self, cipher: AccountCipher, parent: str, *, limit: int, after: str = "") -> list[Node]:
        """Return up to *limit* members of *parent* in the order of their keys, after the key *after*."""
        where = {"account": cipher.account, "parent": parent, "name_key": {"$gt": after}}
        rows = await self._rows.list(where, sort=["name_key"], limit=limit)
        return [_to_node(row, cipher) for row in rows]

    async def list_members_of_folders(self, cipher: AccountCipher, parents: Sequence[str], *, limit: int) -> list[Node]:
        """Return up to *limit* members of all the folders *parents*."""
        where = {"account": cipher.account, "parent": {"$in": list(parents)}}
        return [_to_node(row, cipher) for row in await self._rows.list(where, limit=limit)]

    async def get(self, cipher: AccountCipher, node: str) -> Node | None:
        """Return a node of the account."""
        row = await self._rows.find_one({"_id": node, "account": cipher.account})
        return None if row is None else _to_node(row, cipher)

    async def get_many(self, cipher: AccountCipher, ids: Collection[str]) -> list[Node]:
        """Return the existing nodes among *ids*."""
        rows = await self._rows.list({"_id": {"$in": list(ids)}, "account": cipher.account}) if ids else []
        return [_to_node(row, cipher) for row in rows]

    async def get_by_locations(self, cipher: AccountCipher, locations: Mapping[str, str]) -> dict[str, Node]:
        """Return the nodes at some locations (name key, folder), by name key."""
        found: dict[str, Node] = {}
        keys = list(locations)
        for start in range(0, len(keys), _BATCH_SIZE):
            some = keys[start : start + _BATCH_SIZE]
            parents = list({locations[key] for key in some})
            where = {"account": cipher.account, "parent": {"$in": parents}, "name_key": {"$in": some}}
            found |= {row.name_key: _to_node(row, cipher) for row in await self._rows.list(where)}
        return found

    async def list_changed(
        self, cipher: AccountCipher, *, after: ChangeKey, upto: int, limit: int, parent: str = ""
    ) -> list[Node]:
        """Return the next nodes after *after* in the order of changes, up to *upto*; only those in *parent*."""
        rev, node = after
        where = {"account": cipher.account} | ({"parent": parent} if parent else {})
        rows = []
        if node:
            rows = await self._rows.list({**where, "rev": rev, "_id": {"$gt": node}}, sort=["_id"], limit=limit)
        if len(rows) < limit:
            # Not $lte: within a compound index the embedded server leaves the last one out.
            later = {**where, "rev": {"$gt": rev, "$lt": upto + 1}}
            rows += await self._rows.list(later, sort=["rev", "_id"], limit=limit - len(rows))
        return [_to_node(row, cipher) for row in rows]

    async def list_page(self, cipher: AccountCipher, *, after: str, limit: int) -> list[Node]:
        """Return the next nodes of the account in the order of their ids."""
        where = {"account": cipher.account, "_id": {"$gt": after}}
        return [_to_node(row, cipher) for row in await self._rows.list(where, sort=["_id"], limit=limit)]

    async def list_stored(self, account: str) -> list[dict[str, Any]]:
        """Return all nodes of *account* as stored, sealed."""
        return [row.to_mongo() for row in await self._rows.list({"account": account})]

    async def add_many(self, cipher: AccountCipher, nodes: Collection[Node]) -> None:
        """Insert new nodes; DuplicateError when a location is taken."""
        await self._rows.insert_many(_to_document(node, cipher) for node in nodes)

    async def replace_many(self, cipher: AccountCipher, nodes: Collection[Node]) -> None:
        """Replace nodes by their ids."""
        if len(nodes) == 1:
            await self._rows.replace_one(_to_document(next(iter(nodes)), cipher))
        elif nodes:
            # Two queries however many nodes: a batch of changes is as fast as a single one.
            await self._rows.delete_many({"_id": {"$in": [node.id for node in nodes]}})
            await self.add_many(cipher, nodes)

    async def delete_many(self, ids: Collection[str]) -> int:
        """Delete nodes by their ids."""
        return await self._rows.delete_many({"_id": {"$in": list(ids)}}) if ids else 0

    async def list_detached(self, *, limit: int) -> list[tuple[str, str]]:
        """Return account and id of deleted folders whose members still exist."""
        return [(row.account, row.id) for row in await self._rows.list({"parent": DETACHED}, limit=limit)]

    async def delete_by_account(self, account: str) -> int:
        """Delete all nodes of an account, also those that no longer open."""
        return await self._rows.delete_many({"account": account})


def _to_node(document: NodeDocument, cipher: AccountCipher) -> Node:
    return Node(
        id=document.id,
        parent=document.parent,
        name=cipher.open_name(document.id, document.name),
        kind=document.kind,
        rev=document.rev,
        tag=document.tag,
        created_at=document.created_at,
        modified_at=document.modified_at,
        size=document.size,
        content=document.content,
        properties=cipher.open_properties(document.id, document.properties) if document.properties is not None else "",
    )


def _to_document(node: Node, cipher: AccountCipher) -> NodeDocument:
    # A detached node occupies no location.
    detached = node.parent == DETACHED
    return NodeDocument.model_construct(
        id=node.id,
        account=cipher.account,
        parent=node.parent,
        name_key=node.id if detached else cipher.name_key(node.parent, node.name),
        name=cipher.seal_name(node.id, node.name),
        kind=NodeKind(node.kind),
        rev=node.rev,
        tag=node.tag,
        created_at=node.created_at,
        modified_at=node.modified_at,
        size=node.size,
        content=node.content,
        properties=cipher.seal_properties(node.id, node.properties) if node.properties else None,
    )
