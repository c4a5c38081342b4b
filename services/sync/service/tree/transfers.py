"""COPY and MOVE inside the tree of one account; each is one change."""

from dataclasses import dataclass, replace

from services.sync.domain.operation import DavOperation, Destination, NewNode, WriteKind
from services.sync.domain.tree import Node, ResolvedPath, is_within
from services.sync.errors import PreconditionFailedError, SameResourceError, TooManyMembersError
from services.sync.service.tree.unit_of_work import TreeUnitOfWork
from services.sync.service.tree.write_queue import TreeAccess
from shared.ids import NewId

MAX_COPIED_NODES = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeTransfers:
    """Copies and moves files and folders."""

    tree_access: TreeAccess
    new_id: NewId

    async def move(self, operation: DavOperation, destination: Destination) -> WriteKind:
        """Move the resource to *destination*. Only one node changes, however much a folder holds."""

        async def change(uow: TreeUnitOfWork) -> WriteKind:
            source, target = await self._resolve_both(uow, operation, destination)
            node, folder = source.require_node(), source.parent
            if folder is None:
                raise SameResourceError
            await uow.require_unlocked(operation, source, members=True, deep=True)
            new_parent = await _require_target_parent(uow, operation, target, destination)
            rev = uow.next_rev()
            if target.node is not None:
                await uow.detach_node(target.node, rev)
            await uow.release_locks(node)
            uow.add_tombstone(node)
            uow.update(node, replace(node, parent=new_parent.id, name=destination.path[-1], rev=rev))
            uow.touch_folder(folder, rev)
            uow.touch_folder(new_parent, rev)
            return WriteKind.CREATED if target.node is None else WriteKind.REPLACED

        return await self.tree_access.write(operation.account, change)

    async def copy(
        self, operation: DavOperation, destination: Destination, new_node: NewNode | None = None
    ) -> WriteKind:
        """Copy the resource to *destination*. The copies share the contents, they are not duplicated."""
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
                await uow.detach_node(target.node, rev)
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
        """Return the paths of source and destination once the preconditions of the request hold."""
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
        """Add copies of *root* and its *descendants*."""
        ids = {root.id: root_copy_id}
        for node in (root, *descendants):
            copy_id = ids.setdefault(node.id, self.new_id("nod") if node is not root else root_copy_id)
            parent = node.parent if node is root else ids[node.parent]
            tag = rev if node.is_folder else node.tag
            uow.add(replace(node, id=copy_id, parent=parent, rev=rev, tag=tag, created_at=uow.at))
            if not node.is_folder:
                uow.adjust_refs(node.content, node.size, delta=1)
                uow.adjust_usage(used=node.size, files=1)


async def _require_target_parent(
    uow: TreeUnitOfWork, operation: DavOperation, target: ResolvedPath, destination: Destination
) -> Node:
    """Return the folder that is to hold the copied or moved resource."""
    if target.node is not None and not destination.overwrite:
        raise PreconditionFailedError("The destination exists, and Overwrite is F.")
    if not destination.path:
        raise SameResourceError
    folder = target.require_parent()
    await uow.require_unlocked(operation, target, members=True, deep=True)
    return folder
