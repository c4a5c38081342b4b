"""Puts, deletes, makes, copies and moves. Each is one change: it happens whole, or not at all."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from services.sync.domain.locks import find_beneath
from services.sync.domain.operation import DavOperation, Destination, NewNode, WriteKind, WriteResult
from services.sync.domain.tree import DETACHED, Node, NodeKind, ResolvedPath, is_within
from services.sync.errors import (
    DavMethodNotAllowedError,
    PreconditionFailedError,
    SameResourceError,
    TooManyMembersError,
)
from services.sync.service.tree.unit_of_work import TreeUnitOfWork
from services.sync.service.tree.view import TreeView
from services.sync.service.tree.write_queue import TreeAccess
from services.sync.store import Content
from shared.ids import NewId

MAX_COPIED_NODES = 10_000
EditProperties = Callable[[str], str]
"""Makes the new dead properties of a node from those that it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeWriter:
    """Changes trees."""

    tree_access: TreeAccess
    new_id: NewId

    async def check_put(self, operation: DavOperation, size: int) -> Node | None:
        """Refuse what ``put`` would refuse, before a body of *size* bytes is sent; return what it would replace."""

        async def check(view: TreeView) -> Node | None:
            resolved = await view.resolve_put_target(operation)
            view.usage.check_quota(size - (resolved.node.size if resolved.node else 0))
            return resolved.node

        return await self.tree_access.read(operation.account, check)

    def build_new_node(self) -> NewNode:
        """Return how something comes that was never there."""
        return NewNode(id=self.new_id("nod"))

    async def put_small(self, operation: DavOperation, data: bytes, new_node: NewNode | None = None) -> WriteResult:
        """Store *data* as the file at the address."""
        content, node = self.new_id("cnt"), new_node or self.build_new_node()

        async def change(uow: TreeUnitOfWork) -> WriteResult:
            resolved = await uow.resolve_put_target(operation)
            uow.usage.check_quota(len(data) - (resolved.node.size if resolved.node else 0))
            sealed = uow.cipher.content_cipher(content).seal(0, data, last=True)
            uow.add_content(
                Content(id=content, account=operation.account, refs=1, size=len(data), reserved_bytes=0, inline=sealed)
            )
            return put_file(uow, operation, resolved, content=content, size=len(data), new_node=node)

        return await self.tree_access.write(operation.account, change)

    async def create_folder(
        self, operation: DavOperation, properties: str = "", new_node: NewNode | None = None
    ) -> Node:
        """Make the folder at the address, with its dead *properties*."""
        template = new_node or replace(self.build_new_node(), properties=properties)

        async def change(uow: TreeUnitOfWork) -> Node:
            resolved = await uow.resolve_checked(operation)
            if resolved.node is not None:
                raise DavMethodNotAllowedError("Something is here already.")
            folder = resolved.require_parent()
            await uow.require_unlocked(operation, resolved, members=True, deep=False)
            rev = uow.next_rev()
            created = _build_node(uow, operation, folder, new_node=template, kind=NodeKind.FOLDER)
            uow.add(created)
            uow.touch_folder(folder, rev)
            return created

        return await self.tree_access.write(operation.account, change)

    async def delete(self, operation: DavOperation) -> None:
        """Delete the file or folder at the address, with all that is inside."""

        async def change(uow: TreeUnitOfWork) -> None:
            resolved = await uow.resolve_checked(operation)
            node, folder = resolved.require_node(), resolved.parent
            if folder is None:
                raise DavMethodNotAllowedError("The top folder stays.")
            await uow.require_unlocked(operation, resolved, members=True, deep=True)
            rev = uow.next_rev()
            await detach(uow, node, rev)
            uow.touch_folder(folder, rev)

        await self.tree_access.write(operation.account, change)

    async def move(self, operation: DavOperation, destination: Destination) -> WriteKind:
        """Move the file or folder at the address, with all that is inside: one node changes, whatever it holds."""

        async def change(uow: TreeUnitOfWork) -> WriteKind:
            source, target = await self._resolve_both(uow, operation, destination)
            node, folder = source.require_node(), source.parent
            if folder is None:
                raise SameResourceError
            await uow.require_unlocked(operation, source, members=True, deep=True)
            new_parent = await _require_target_parent(uow, operation, target, destination)
            rev = uow.next_rev()
            if target.node is not None:
                await detach(uow, target.node, rev)
            await _remove_locks(uow, node)
            uow.add_tombstone(node)
            uow.update(node, replace(node, parent=new_parent.id, name=destination.path[-1], rev=rev))
            uow.touch_folder(folder, rev)
            uow.touch_folder(new_parent, rev)
            return WriteKind.CREATED if target.node is None else WriteKind.REPLACED

        return await self.tree_access.write(operation.account, change)

    async def copy(
        self, operation: DavOperation, destination: Destination, new_node: NewNode | None = None
    ) -> WriteKind:
        """Copy the file or folder at the address; contents are shared, not copied."""
        first = new_node.id if new_node else self.new_id("nod")

        async def change(uow: TreeUnitOfWork) -> WriteKind:
            source, target = await self._resolve_both(uow, operation, destination)
            node = source.require_node()
            new_parent = await _require_target_parent(uow, operation, target, destination)
            descendants = await uow.list_descendants(node, limit=MAX_COPIED_NODES) if destination.deep else []
            if len(descendants) > MAX_COPIED_NODES:
                raise TooManyMembersError
            growth = node.size + sum(each.size for each in descendants)
            rev = uow.next_rev()
            if target.node is not None:
                await detach(uow, target.node, rev)
            uow.usage.check_quota(growth)
            properties = new_node.properties if new_node else node.properties
            root = replace(node, parent=new_parent.id, name=destination.path[-1], properties=properties)
            self._add_copies(uow, root, descendants, rev=rev, root_copy_id=first)
            uow.touch_folder(new_parent, rev)
            return WriteKind.CREATED if target.node is None else WriteKind.REPLACED

        return await self.tree_access.write(operation.account, change)

    async def _resolve_both(
        self, uow: TreeUnitOfWork, operation: DavOperation, destination: Destination
    ) -> tuple[ResolvedPath, ResolvedPath]:
        """Return the trails to both ends once the conditions of the request hold."""
        source = await uow.resolve_checked(operation)
        source.require_node()
        if (
            operation.path == destination.path
            or is_within(operation.path, destination.path)
            or (destination.deep and is_within(destination.path, operation.path))
        ):
            raise SameResourceError
        target = await uow.resolve_path(destination.path)
        if target.node is not None and source.node is not None and target.node.id == source.node.id:
            raise SameResourceError
        return source, target

    def _add_copies(
        self, uow: TreeUnitOfWork, root: Node, descendants: list[Node], *, rev: int, root_copy_id: str
    ) -> None:
        """Add copies of *root* and of what is *inside* it."""
        ids = {root.id: root_copy_id}
        for node in (root, *descendants):
            copy_id = ids.setdefault(node.id, self.new_id("nod") if node is not root else root_copy_id)
            parent = node.parent if node is root else ids[node.parent]
            tag = rev if node.is_folder else node.tag
            uow.add(replace(node, id=copy_id, parent=parent, rev=rev, tag=tag, created_at=uow.at))
            if not node.is_folder:
                uow.adjust_refs(node.content, node.size, delta=1)
                uow.adjust_usage(used=node.size, files=1)

    async def set_properties(self, operation: DavOperation, edit_properties: EditProperties) -> Node:
        """Change the dead properties at the address."""

        async def change(uow: TreeUnitOfWork) -> Node:
            resolved = await uow.resolve_checked(operation)
            node = resolved.require_node()
            await uow.require_unlocked(operation, resolved, members=False, deep=False)
            described = replace(node, properties=edit_properties(node.properties), rev=uow.next_rev())
            uow.update(node, described)
            return described

        return await self.tree_access.write(operation.account, change)


def put_file(
    uow: TreeUnitOfWork, operation: DavOperation, resolved: ResolvedPath, *, content: str, size: int, new_node: NewNode
) -> WriteResult:
    """Make *content* that of the file at *trail*, which comes as *new* when there is none."""
    rev, old = uow.next_rev(), resolved.node
    folder = resolved.require_parent()
    if old is None:
        put = replace(
            _build_node(uow, operation, folder, new_node=new_node, kind=NodeKind.FILE), size=size, content=content
        )
        uow.add(put)
        uow.adjust_usage(used=size, files=1)
    else:
        at = max(uow.at, old.modified_at)
        put = replace(old, rev=rev, tag=rev, modified_at=at, size=size, content=content)
        uow.update(old, put)
        uow.adjust_refs(old.content, old.size, delta=-1)
        uow.adjust_usage(used=size - old.size)
    uow.touch_folder(folder, rev)
    return WriteResult(kind=WriteKind.CREATED if old is None else WriteKind.REPLACED, node=put)


async def detach(uow: TreeUnitOfWork, node: Node, rev: int) -> None:
    """Take *node* out of the tree. What is inside a folder goes with it, and is cleared away after the commit."""
    await _remove_locks(uow, node)
    uow.add_tombstone(node)
    if node.is_folder:
        uow.update(node, replace(node, parent=DETACHED, rev=rev))
        return
    uow.remove_node(node)
    uow.adjust_refs(node.content, node.size, delta=-1)
    uow.adjust_usage(used=-node.size, files=-1)


async def _remove_locks(uow: TreeUnitOfWork, node: Node) -> None:
    # RFC 4918 7.7: locks stay at the address, and what leaves it takes none along.
    uow.unlock(find_beneath(await uow.list_locks(), node.id))


async def _require_target_parent(
    uow: TreeUnitOfWork, operation: DavOperation, target: ResolvedPath, destination: Destination
) -> Node:
    """Return the folder into which something may be copied or moved."""
    if target.node is not None and not destination.overwrite:
        raise PreconditionFailedError("Something is at the destination, and Overwrite is F.")
    if not destination.path:
        raise SameResourceError
    folder = target.require_parent()
    await uow.require_unlocked(operation, target, members=True, deep=True)
    return folder


def _build_node(
    uow: TreeUnitOfWork, operation: DavOperation, folder: Node, *, new_node: NewNode, kind: NodeKind
) -> Node:
    rev = uow.usage.rev
    return Node(
        id=new_node.id,
        parent=folder.id,
        name=operation.path[-1],
        kind=kind,
        rev=rev,
        tag=rev,
        created_at=uow.at,
        modified_at=uow.at,
        properties=new_node.properties,
    )
