"""Writes files and folders. Each method of TreeWriter is one change: it is stored whole, or not at all.

The PUT of a small file is ``put_inline``, after ``check_put`` where the client waits for it. A larger one is
``check_put``, ``reserve``, ``extend_reservation`` while bytes arrive, and ``commit_upload`` or ``abort_upload``:
``webdav.uploads`` moves the bytes in between.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.sync.domain.operation import DavOperation, NewNode, WriteResult
from services.sync.domain.tree import Node, NodeKind, ResolvedPath
from services.sync.errors import DavMethodNotAllowedError, UploadReservationExpiredError
from services.sync.service.tree.unit_of_work import TreeUnitOfWork
from services.sync.service.tree.view import TreeView
from services.sync.service.tree.write_queue import TreeAccess
from services.sync.store import AccountCipher, Content, Contents
from shared.clock import Clock
from shared.ids import NewId

RESERVATION_TTL = timedelta(hours=1)
"""How long an upload that sends nothing keeps its reservation; it is renewed while bytes arrive."""
MIN_RESERVATION = 8 << 20
"""Bytes reserved at once for an upload of unknown size."""
_MAX_RESERVATION = 256 << 20
EditProperties = Callable[[str], str]
"""Returns the new dead properties of a node, given the present ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """Quota reserved for one upload, and the content that the upload is to become."""

    operation: DavOperation
    content: str
    cipher: AccountCipher
    reserved_bytes: int
    replaced_size: int
    """The size of the file that the upload replaces, which its commit frees."""
    extended_at: datetime

    @property
    def capacity(self) -> int:
        """How many bytes the upload may have without reserving more."""
        return self.reserved_bytes + self.replaced_size


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeWriter:
    """Writes files, folders and dead properties, and the reservations of uploads."""

    tree_access: TreeAccess
    contents: Contents
    new_id: NewId
    clock: Clock

    def build_new_node(self) -> NewNode:
        """Return a new id for a node that a write may create."""
        return NewNode(id=self.new_id("nod"))

    # ── PUT ───────────────────────────────────────────────────────────────────────────────────────────────────────

    async def check_put(self, operation: DavOperation, size: int) -> None:
        """Raise what a PUT of *size* bytes would raise now, so that a refused body need not be sent."""

        async def check(view: TreeView) -> None:
            _check_quota(view, await view.resolve_put_target(operation), size)

        await self.tree_access.read(operation.account, check)

    async def put_inline(self, operation: DavOperation, data: bytes, new_node: NewNode | None = None) -> WriteResult:
        """Store a small file; its content goes into the database with the change."""
        content, node = self.new_id("cnt"), new_node or self.build_new_node()

        async def change(uow: TreeUnitOfWork) -> WriteResult:
            target = await uow.resolve_put_target(operation)
            _check_quota(uow, target, len(data))
            sealed = uow.cipher.content_cipher(content).seal(0, data, last=True)
            uow.add_content(
                Content(id=content, account=operation.account, refs=1, size=len(data), reserved_bytes=0, inline=sealed)
            )
            return uow.put_file(operation, target, content=content, size=len(data), new_node=node)

        return await self.tree_access.write(operation.account, change)

    async def reserve_upload(self, operation: DavOperation, content: str, size: int) -> Reservation:
        """Reserve quota for *size* bytes, less those of the file that they replace; QuotaExceededError."""

        async def change(uow: TreeUnitOfWork) -> Reservation:
            target = await uow.resolve_put_target(operation)
            replaced_size = target.node.size if target.node else 0
            reserved = max(0, size - replaced_size)
            uow.usage.check_quota(reserved)
            uow.next_rev()
            uow.adjust_usage(reserved=reserved)
            delete_after = uow.at + RESERVATION_TTL
            uow.add_content(
                Content(
                    id=content,
                    account=operation.account,
                    refs=0,
                    size=0,
                    reserved_bytes=reserved,
                    delete_after=delete_after,
                )
            )
            return Reservation(
                operation=operation,
                content=content,
                cipher=uow.cipher,
                reserved_bytes=reserved,
                replaced_size=replaced_size,
                extended_at=uow.at,
            )

        return await self.tree_access.write(operation.account, change)

    async def extend_reservation(self, reservation: Reservation, size: int) -> Reservation:
        """Return *reservation* once it covers *size* bytes; renew it when a quarter of its time has passed.

        UploadReservationExpiredError when the garbage collector has removed it.
        """
        if size > reservation.capacity:
            step = min(max(size, MIN_RESERVATION), _MAX_RESERVATION)
            reservation = await self._reserve_more(reservation, needed=size - reservation.capacity, step=step)
        now = self.clock()
        if now - reservation.extended_at > RESERVATION_TTL / 4:
            if not await self.contents.extend_upload(reservation.content, until=now + RESERVATION_TTL):
                raise UploadReservationExpiredError
            reservation = replace(reservation, extended_at=now)
        return reservation

    async def _reserve_more(self, reservation: Reservation, *, needed: int, step: int) -> Reservation:
        async def change(uow: TreeUnitOfWork) -> Reservation:
            row = await self._require_row(reservation)
            uow.usage.check_quota(needed)
            more = max(needed, min(step, uow.usage.available_bytes))
            uow.next_rev()
            uow.adjust_usage(reserved=more)
            uow.update_content(replace(row, reserved_bytes=row.reserved_bytes + more))
            return replace(reservation, reserved_bytes=row.reserved_bytes + more)

        return await self.tree_access.write(reservation.operation.account, change)

    async def commit_upload(
        self, reservation: Reservation, *, size: int, digest: str, new_node: NewNode
    ) -> WriteResult:
        """Store the uploaded blob as the file, or a blob of the account with the same *digest* instead of it."""
        operation = reservation.operation

        async def change(uow: TreeUnitOfWork) -> WriteResult:
            row = await self._require_row(reservation)
            # The reservation is given back first: the checks below count what is free without it.
            uow.adjust_usage(reserved=-row.reserved_bytes)
            target = await uow.resolve_put_target(operation)
            _check_quota(uow, target, size)
            duplicate = await self.contents.find_duplicate(operation.account, digest)
            if duplicate is None:
                uploaded = replace(row, refs=1, size=size, reserved_bytes=0, digest=digest, delete_after=None)
            else:
                uploaded = replace(row, size=size, reserved_bytes=0, delete_after=uow.at)
                uow.adjust_refs(duplicate.id, size, delta=1)
            uow.update_content(uploaded)
            content = duplicate.id if duplicate else reservation.content
            return uow.put_file(operation, target, content=content, size=size, new_node=new_node)

        return await self.tree_access.write(operation.account, change)

    async def abort_upload(self, account: str, content: str) -> None:
        """Give the reservation of an upload back at once; one that was committed stays as it is."""

        async def change(uow: TreeUnitOfWork) -> None:
            row = await self.contents.get(account, content)
            if row is not None and row.refs == 0:
                uow.next_rev()
                uow.adjust_usage(reserved=-row.reserved_bytes)
                uow.update_content(replace(row, reserved_bytes=0, delete_after=uow.at))

        await self.tree_access.write(account, change)

    async def _require_row(self, reservation: Reservation) -> Content:
        row = await self.contents.get(reservation.operation.account, reservation.content)
        if row is None or row.refs != 0:
            raise UploadReservationExpiredError
        return row

    # ── Folders, deletion, properties ─────────────────────────────────────────────────────────────────────────────

    async def create_folder(
        self, operation: DavOperation, properties: str = "", new_node: NewNode | None = None
    ) -> Node:
        """Create a folder with the dead *properties*."""
        template = new_node or replace(self.build_new_node(), properties=properties)

        async def change(uow: TreeUnitOfWork) -> Node:
            target = await uow.resolve_checked(operation)
            if target.node is not None:
                raise DavMethodNotAllowedError("A resource exists at this URL.")
            folder = target.require_parent()
            await uow.require_unlocked(operation, target, members=True, deep=False)
            rev = uow.next_rev()
            created = uow.add_node(folder, operation.path[-1], template, NodeKind.FOLDER)
            uow.touch_folder(folder, rev)
            return created

        return await self.tree_access.write(operation.account, change)

    async def delete(self, operation: DavOperation) -> None:
        """Delete the resource, and all that is inside a folder."""

        async def change(uow: TreeUnitOfWork) -> None:
            target = await uow.resolve_checked(operation)
            node, folder = target.require_node(), target.parent
            if folder is None:
                raise DavMethodNotAllowedError("The root folder cannot be deleted.")
            await uow.require_unlocked(operation, target, members=True, deep=True)
            rev = uow.next_rev()
            await uow.detach_node(node, rev)
            uow.touch_folder(folder, rev)

        await self.tree_access.write(operation.account, change)

    async def set_properties(self, operation: DavOperation, edit_properties: EditProperties) -> Node:
        """Replace the dead properties of the resource."""

        async def change(uow: TreeUnitOfWork) -> Node:
            target = await uow.resolve_checked(operation)
            node = target.require_node()
            await uow.require_unlocked(operation, target, members=False, deep=False)
            described = replace(node, properties=edit_properties(node.properties), rev=uow.next_rev())
            uow.update(node, described)
            return described

        return await self.tree_access.write(operation.account, change)


def _check_quota(view: TreeView, target: ResolvedPath, size: int) -> None:
    """Raise QuotaExceededError when a file of *size* bytes at *target* would exceed the quota."""
    view.usage.check_quota(size - (target.node.size if target.node else 0))
