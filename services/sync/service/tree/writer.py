"""Puts, deletes, makes, copies and moves. Each is one change: it happens whole, or not at all."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from services.sync.domain.operation import DavOperation, NewNode, WriteResult
from services.sync.domain.tree import Node, NodeKind
from services.sync.errors import (
    DavMethodNotAllowedError,
)
from services.sync.service.tree.unit_of_work import TreeUnitOfWork
from services.sync.service.tree.view import TreeView
from services.sync.service.tree.write_queue import TreeAccess
from services.sync.store import Content
from shared.ids import NewId

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
            target = await view.resolve_put_target(operation)
            view.usage.check_quota(size - (target.node.size if target.node else 0))
            return target.node

        return await self.tree_access.read(operation.account, check)

    def build_new_node(self) -> NewNode:
        """Return how something comes that was never there."""
        return NewNode(id=self.new_id("nod"))

    async def put_small(self, operation: DavOperation, data: bytes, new_node: NewNode | None = None) -> WriteResult:
        """Store *data* as the file at the address."""
        content, node = self.new_id("cnt"), new_node or self.build_new_node()

        async def change(uow: TreeUnitOfWork) -> WriteResult:
            target = await uow.resolve_put_target(operation)
            uow.usage.check_quota(len(data) - (target.node.size if target.node else 0))
            sealed = uow.cipher.content_cipher(content).seal(0, data, last=True)
            uow.add_content(
                Content(id=content, account=operation.account, refs=1, size=len(data), reserved_bytes=0, inline=sealed)
            )
            return uow.put_file(operation, target, content=content, size=len(data), new_node=node)

        return await self.tree_access.write(operation.account, change)

    async def create_folder(
        self, operation: DavOperation, properties: str = "", new_node: NewNode | None = None
    ) -> Node:
        """Make the folder at the address, with its dead *properties*."""
        template = new_node or replace(self.build_new_node(), properties=properties)

        async def change(uow: TreeUnitOfWork) -> Node:
            target = await uow.resolve_checked(operation)
            if target.node is not None:
                raise DavMethodNotAllowedError("Something is here already.")
            folder = target.require_parent()
            await uow.require_unlocked(operation, target, members=True, deep=False)
            rev = uow.next_rev()
            created = uow.add_node(folder, operation.path[-1], template, NodeKind.FOLDER)
            uow.touch_folder(folder, rev)
            return created

        return await self.tree_access.write(operation.account, change)

    async def delete(self, operation: DavOperation) -> None:
        """Delete the file or folder at the address, with all that is inside."""

        async def change(uow: TreeUnitOfWork) -> None:
            target = await uow.resolve_checked(operation)
            node, folder = target.require_node(), target.parent
            if folder is None:
                raise DavMethodNotAllowedError("The top folder stays.")
            await uow.require_unlocked(operation, target, members=True, deep=True)
            rev = uow.next_rev()
            await uow.detach(node, rev)
            uow.touch_folder(folder, rev)

        await self.tree_access.write(operation.account, change)

    async def set_properties(self, operation: DavOperation, edit_properties: EditProperties) -> Node:
        """Change the dead properties at the address."""

        async def change(uow: TreeUnitOfWork) -> Node:
            target = await uow.resolve_checked(operation)
            node = target.require_node()
            await uow.require_unlocked(operation, target, members=False, deep=False)
            described = replace(node, properties=edit_properties(node.properties), rev=uow.next_rev())
            uow.update(node, described)
            return described

        return await self.tree_access.write(operation.account, change)
