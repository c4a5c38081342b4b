"""LOCK and UNLOCK (RFC 4918 §6, §7, §9.10, §9.11)."""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.sync.domain.locks import MAX_LOCKS, Lock, check_lock_conflict, find_covering
from services.sync.domain.operation import DavOperation, NewNode
from services.sync.errors import (
    LockNotFoundError,
    NotLockOwnerError,
    PreconditionFailedError,
    TooManyLocksError,
)
from services.sync.service.tree.unit_of_work import TreeUnitOfWork
from services.sync.service.tree.write_queue import TreeAccess
from services.sync.store import Content
from shared.ids import NewId, random_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class LockRequest:
    """A requested lock."""

    exclusive: bool
    deep: bool
    owner: str
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LockResult:
    """A lock that was created or refreshed *at* a time; *created* when an empty file was created for it."""

    lock: Lock
    at: datetime
    created: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LockService:
    """Creates, refreshes and releases locks."""

    tree_access: TreeAccess
    new_id: NewId

    async def lock(self, operation: DavOperation, request: LockRequest) -> LockResult:
        """Lock the resource at the path; create an empty file where there is none (RFC 4918 §7.3)."""
        token = f"urn:uuid:{uuid.UUID(bytes=random_bytes(16), version=4)}"
        node, content = self.new_id("nod"), self.new_id("cnt")

        async def change(uow: TreeUnitOfWork) -> LockResult:
            target = await uow.resolve_checked(operation)
            locks = await uow.list_locks()
            if len(locks) >= MAX_LOCKS:
                raise TooManyLocksError
            if target.node is None:
                target.require_parent()
            lock = Lock(
                token=token,
                ids=target.ids if target.node is not None else (*target.ids, node),
                path=operation.path,
                exclusive=request.exclusive,
                deep=request.deep,
                owner=request.owner,
                device=operation.device.id,
                seconds=request.seconds,
                expires_at=_lock_expiry(uow.at, request.seconds),
            )
            check_lock_conflict(lock, locks)
            if target.node is None:
                await uow.require_unlocked(operation, target, members=True, deep=False)
                sealed = uow.cipher.content_cipher(content).seal(0, b"", last=True)
                uow.add_content(
                    Content(id=content, account=operation.account, refs=1, size=0, reserved_bytes=0, inline=sealed)
                )
                uow.put_file(operation, target, content=content, size=0, new_node=NewNode(id=node))
            else:
                uow.next_rev()
            uow.lock(lock)
            return LockResult(lock=lock, at=uow.at, created=target.node is None)

        return await self.tree_access.write(operation.account, change)

    async def refresh_lock(self, operation: DavOperation, seconds: int) -> LockResult:
        """Refresh the lock whose token the request submits: it expires *seconds* from now."""

        async def change(uow: TreeUnitOfWork) -> LockResult:
            target = await uow.resolve_checked(operation)
            target.require_node()
            own = [
                lock
                for lock in find_covering(await uow.list_locks(), target.ids)
                if lock.token in operation.preconditions.submitted_tokens and lock.device == operation.device.id
            ]
            if len(own) != 1:
                raise PreconditionFailedError("Submit the token of one lock that covers this URL.")
            uow.next_rev()
            refreshed = replace(own[0], seconds=seconds, expires_at=_lock_expiry(uow.at, seconds))
            uow.lock(refreshed)
            return LockResult(lock=refreshed, at=uow.at)

        return await self.tree_access.write(operation.account, change)

    async def unlock(self, operation: DavOperation, token: str) -> None:
        """Release the lock *token*; only the device that created it may."""

        async def change(uow: TreeUnitOfWork) -> None:
            target = await uow.resolve_checked(operation)
            target.require_node()
            found = [lock for lock in find_covering(await uow.list_locks(), target.ids) if lock.token == token]
            if not found:
                raise LockNotFoundError
            if found[0].device != operation.device.id:
                raise NotLockOwnerError
            uow.next_rev()
            uow.unlock(found)

        await self.tree_access.write(operation.account, change)


def _lock_expiry(at: datetime, seconds: int) -> datetime:
    return at + timedelta(seconds=seconds)
