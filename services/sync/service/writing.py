"""Puts, deletes, makes, copies and moves. Each is one change: it happens whole, or not at all."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

from services.sync.domain.locks import beneath
from services.sync.domain.tree import DETACHED, Kind, Node, Path, Trail, is_within
from services.sync.errors import (
    MethodRefusedError,
    PreconditionFailedError,
    SamePlaceError,
    TooManyMembersError,
)
from services.sync.service.acts import Act, admitted, holder, present, require_unlocked
from services.sync.service.draft import Draft
from services.sync.service.turns import Turns
from services.sync.store import Content
from shared.ids import NewId

MOST_COPIED = 10_000
Edit = Callable[[str], str]
"""Makes the new dead properties of a node from those that it has."""


class Made(Enum):
    """Whether something is new at its address or took the place of what was there."""

    NEW = "new"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a write made."""

    made: Made
    node: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where a copy or move goes, and whether it may take the place of what is there."""

    path: Path
    overwrite: bool
    deep: bool = True
    """Whether the members of a folder go along (Depth: infinity)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """How something new comes into the tree that was there before: under which id, with which dead properties."""

    node: str
    properties: str = ""
    content: str = ""
    """The id under which a large content is stored; one is made when this is empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """Changes trees."""

    turns: Turns
    new_id: NewId

    async def may_put(self, act: Act, size: int) -> Node | None:
        """Refuse what ``put`` would refuse, before a body of *size* bytes is sent; return what it would replace."""

        async def look(draft: Draft) -> Node | None:
            trail = await putting(draft, act)
            draft.space.require_room(size - (trail.node.size if trail.node else 0))
            return trail.node

        return await self.turns.look(act.account, look)

    def arrival(self) -> Arrival:
        """Return how something comes that was never there."""
        return Arrival(node=self.new_id("nod"))

    async def put_small(self, act: Act, data: bytes, arrival: Arrival | None = None) -> Written:
        """Store *data* as the file at the address."""
        content, new = self.new_id("cnt"), arrival or self.arrival()

        async def change(draft: Draft) -> Written:
            trail = await putting(draft, act)
            draft.space.require_room(len(data) - (trail.node.size if trail.node else 0))
            sealed = draft.seal.content(content).seal(0, data, last=True)
            draft.store(Content(id=content, account=act.account, refs=1, size=len(data), reserved=0, inline=sealed))
            return put_file(draft, act, trail, content=content, size=len(data), new=new)

        return await self.turns.change(act.account, change)

    async def make_folder(self, act: Act, properties: str = "", arrival: Arrival | None = None) -> Node:
        """Make the folder at the address, with its dead *properties*."""
        new = arrival or replace(self.arrival(), properties=properties)

        async def change(draft: Draft) -> Node:
            trail = await admitted(draft, act)
            if trail.node is not None:
                raise MethodRefusedError("Something is here already.")
            folder = holder(trail)
            await require_unlocked(draft, act, trail, members=True, deep=False)
            rev = draft.next_rev()
            made = _new_node(draft, act, folder, new=new, kind=Kind.FOLDER)
            draft.add(made)
            draft.touch(folder, rev)
            return made

        return await self.turns.change(act.account, change)

    async def delete(self, act: Act) -> None:
        """Delete the file or folder at the address, with all that is inside."""

        async def change(draft: Draft) -> None:
            trail = await admitted(draft, act)
            node, folder = present(trail), trail.folder
            if folder is None:
                raise MethodRefusedError("The top folder stays.")
            await require_unlocked(draft, act, trail, members=True, deep=True)
            rev = draft.next_rev()
            await discard(draft, node, rev)
            draft.touch(folder, rev)

        await self.turns.change(act.account, change)

    async def move(self, act: Act, to: Destination) -> Made:
        """Move the file or folder at the address, with all that is inside: one node changes, whatever it holds."""

        async def change(draft: Draft) -> Made:
            source, target = await self._ends(draft, act, to)
            node, folder = present(source), source.folder
            if folder is None:
                raise SamePlaceError
            await require_unlocked(draft, act, source, members=True, deep=True)
            new_folder = await _room_at(draft, act, target, to)
            rev = draft.next_rev()
            if target.node is not None:
                await discard(draft, target.node, rev)
            await _drop_locks(draft, node)
            draft.bury(node)
            draft.put(node, replace(node, parent=new_folder.id, name=to.path[-1], rev=rev))
            draft.touch(folder, rev)
            draft.touch(new_folder, rev)
            return Made.NEW if target.node is None else Made.REPLACED

        return await self.turns.change(act.account, change)

    async def copy(self, act: Act, to: Destination, arrival: Arrival | None = None) -> Made:
        """Copy the file or folder at the address; contents are shared, not copied."""
        first = arrival.node if arrival else self.new_id("nod")

        async def change(draft: Draft) -> Made:
            source, target = await self._ends(draft, act, to)
            node = present(source)
            new_folder = await _room_at(draft, act, target, to)
            inside = await draft.beneath(node, most=MOST_COPIED) if to.deep else []
            if len(inside) > MOST_COPIED:
                raise TooManyMembersError
            growth = node.size + sum(each.size for each in inside)
            rev = draft.next_rev()
            if target.node is not None:
                await discard(draft, target.node, rev)
            draft.space.require_room(growth)
            properties = arrival.properties if arrival else node.properties
            root = replace(node, parent=new_folder.id, name=to.path[-1], properties=properties)
            self._plant(draft, root, inside, rev=rev, first=first)
            draft.touch(new_folder, rev)
            return Made.NEW if target.node is None else Made.REPLACED

        return await self.turns.change(act.account, change)

    async def _ends(self, draft: Draft, act: Act, to: Destination) -> tuple[Trail, Trail]:
        """Return the trails to both ends once the conditions of the request hold."""
        source = await admitted(draft, act)
        present(source)
        if act.path == to.path or is_within(act.path, to.path) or (to.deep and is_within(to.path, act.path)):
            raise SamePlaceError
        target = await draft.trail(to.path)
        if target.node is not None and source.node is not None and target.node.id == source.node.id:
            raise SamePlaceError
        return source, target

    def _plant(self, draft: Draft, root: Node, inside: list[Node], *, rev: int, first: str) -> None:
        """Add copies of *root* and of what is *inside* it."""
        ids = {root.id: first}
        for node in (root, *inside):
            copy_id = ids.setdefault(node.id, self.new_id("nod") if node is not root else first)
            parent = node.parent if node is root else ids[node.parent]
            tag = rev if node.is_folder else node.tag
            draft.add(replace(node, id=copy_id, parent=parent, rev=rev, tag=tag, created_at=draft.at))
            if not node.is_folder:
                draft.use(node.content, node.size, more=1)
                draft.grow(used=node.size, files=1)

    async def describe(self, act: Act, edit: Edit) -> Node:
        """Change the dead properties at the address."""

        async def change(draft: Draft) -> Node:
            trail = await admitted(draft, act)
            node = present(trail)
            await require_unlocked(draft, act, trail, members=False, deep=False)
            described = replace(node, properties=edit(node.properties), rev=draft.next_rev())
            draft.put(node, described)
            return described

        return await self.turns.change(act.account, change)


async def putting(draft: Draft, act: Act) -> Trail:
    """Return the trail to where a file may be put."""
    trail = await admitted(draft, act)
    if trail.node is not None and trail.node.is_folder:
        raise MethodRefusedError("A folder is here.")
    if trail.node is None:
        holder(trail)
    await require_unlocked(draft, act, trail, members=trail.node is None, deep=False)
    return trail


def put_file(draft: Draft, act: Act, trail: Trail, *, content: str, size: int, new: Arrival) -> Written:
    """Make *content* that of the file at *trail*, which comes as *new* when there is none."""
    rev, old = draft.next_rev(), trail.node
    folder = holder(trail)
    if old is None:
        put = replace(_new_node(draft, act, folder, new=new, kind=Kind.FILE), size=size, content=content)
        draft.add(put)
        draft.grow(used=size, files=1)
    else:
        at = max(draft.at, old.modified_at)
        put = replace(old, rev=rev, tag=rev, modified_at=at, size=size, content=content)
        draft.put(old, put)
        draft.use(old.content, old.size, more=-1)
        draft.grow(used=size - old.size)
    draft.touch(folder, rev)
    return Written(made=Made.NEW if old is None else Made.REPLACED, node=put)


async def discard(draft: Draft, node: Node, rev: int) -> None:
    """Take *node* out of the tree. What is inside a folder goes with it, and is cleared away after the commit."""
    await _drop_locks(draft, node)
    draft.bury(node)
    if node.is_folder:
        draft.put(node, replace(node, parent=DETACHED, rev=rev))
        return
    draft.remove(node)
    draft.use(node.content, node.size, more=-1)
    draft.grow(used=-node.size, files=-1)


async def _drop_locks(draft: Draft, node: Node) -> None:
    # RFC 4918 7.7: locks stay at the address, and what leaves it takes none along.
    draft.unlock(beneath(await draft.locks(), node.id))


async def _room_at(draft: Draft, act: Act, target: Trail, to: Destination) -> Node:
    """Return the folder into which something may be copied or moved."""
    if target.node is not None and not to.overwrite:
        raise PreconditionFailedError("Something is at the destination, and Overwrite is F.")
    if not to.path:
        raise SamePlaceError
    folder = holder(target)
    await require_unlocked(draft, act, target, members=True, deep=True)
    return folder


def _new_node(draft: Draft, act: Act, folder: Node, *, new: Arrival, kind: Kind) -> Node:
    rev = draft.space.rev
    return Node(
        id=new.node,
        parent=folder.id,
        name=act.path[-1],
        kind=kind,
        rev=rev,
        tag=rev,
        created_at=draft.at,
        modified_at=draft.at,
        properties=new.properties,
    )
