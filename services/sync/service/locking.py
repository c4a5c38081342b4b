"""Takes, refreshes and ends locks."""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.sync.domain.locks import MOST, Lock, covering, refuse_conflict
from services.sync.errors import (
    LockNotYoursError,
    LockUnknownError,
    PreconditionFailedError,
    TooManyLocksError,
)
from services.sync.service.acts import Act, admitted, holder, present, require_unlocked
from services.sync.service.draft import Draft
from services.sync.service.turns import Turns
from services.sync.service.writing import Arrival, put_file
from services.sync.store import Content
from shared.ids import NewId, random_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """The lock that is asked for."""

    exclusive: bool
    deep: bool
    owner: str
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A lock that was taken or refreshed *at* a time, and whether an empty file was made for it."""

    lock: Lock
    at: datetime
    is_new: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Locking:
    """Locks what is in the trees."""

    turns: Turns
    new_id: NewId

    async def take(self, act: Act, wish: Wish) -> Taken:
        """Lock what is at the address; where nothing is, an empty file is made and locked (RFC 4918 7.3)."""
        token = f"urn:uuid:{uuid.UUID(bytes=random_bytes(16), version=4)}"
        node, content = self.new_id("nod"), self.new_id("cnt")

        async def change(draft: Draft) -> Taken:
            trail = await admitted(draft, act)
            locks = await draft.locks()
            if len(locks) >= MOST:
                raise TooManyLocksError
            if trail.node is None:
                holder(trail)
            wanted = Lock(
                token=token,
                ids=trail.ids if trail.node is not None else (*trail.ids, node),
                path=act.path,
                exclusive=wish.exclusive,
                deep=wish.deep,
                owner=wish.owner,
                device=act.visitor.device,
                seconds=wish.seconds,
                expires_at=_end(draft.at, wish.seconds),
            )
            refuse_conflict(wanted, locks)
            if trail.node is None:
                await require_unlocked(draft, act, trail, members=True, deep=False)
                sealed = draft.seal.content(content).seal(0, b"", last=True)
                draft.store(Content(id=content, account=act.account, refs=1, size=0, reserved=0, inline=sealed))
                put_file(draft, act, trail, content=content, size=0, new=Arrival(node=node))
            else:
                draft.next_rev()
            draft.lock(wanted)
            return Taken(lock=wanted, at=draft.at, is_new=trail.node is None)

        return await self.turns.change(act.account, change)

    async def refresh(self, act: Act, seconds: int) -> Taken:
        """Let the lock whose token the request submits last for *seconds* from now."""

        async def change(draft: Draft) -> Taken:
            trail = await admitted(draft, act)
            present(trail)
            mine = [
                lock
                for lock in covering(await draft.locks(), trail.ids)
                if lock.token in act.conditions.tokens and lock.device == act.visitor.device
            ]
            if len(mine) != 1:
                raise PreconditionFailedError("Submit the token of one lock that covers this address.")
            draft.next_rev()
            refreshed = replace(mine[0], seconds=seconds, expires_at=_end(draft.at, seconds))
            draft.lock(refreshed)
            return Taken(lock=refreshed, at=draft.at)

        return await self.turns.change(act.account, change)

    async def release(self, act: Act, token: str) -> None:
        """End the lock *token*, which covers the address; only the device that took it may."""

        async def change(draft: Draft) -> None:
            trail = await admitted(draft, act)
            present(trail)
            found = [lock for lock in covering(await draft.locks(), trail.ids) if lock.token == token]
            if not found:
                raise LockUnknownError
            if found[0].device != act.visitor.device:
                raise LockNotYoursError
            draft.next_rev()
            draft.unlock(found)

        await self.turns.change(act.account, change)


def _end(at: datetime, seconds: int) -> datetime:
    return at + timedelta(seconds=seconds)
