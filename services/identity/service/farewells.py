"""Erasures with time to think: logged out everywhere at once, erased on the day, taken back by link or log-in."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from services.identity.domain.security import EventKind
from services.identity.errors import (
    ErasureNotScheduledError,
    ErasureScheduledError,
)
from services.identity.service.app_passwords import Devices
from services.identity.service.erasures import ErasureSaga
from services.identity.service.log_ins import LogIns
from services.identity.service.sessions import LiveSessions
from services.identity.service.transact import Transact
from services.identity.store import Accounts, Farewell, Farewells, SecurityEvents
from services.identity.store.notices import Notices
from shared.ids import NewId, digest, new_token
from shared.mongo import DuplicateError
from shared.policy import Purpose

Planned = Farewell


@dataclass(frozen=True, slots=True, kw_only=True)
class FarewellDesk:
    """Plans erasures, takes them back, begins them."""

    log_ins: LogIns
    accounts: Accounts
    farewells: Farewells
    live: LiveSessions
    devices: Devices
    saga: ErasureSaga
    events: SecurityEvents
    notices: Notices
    transact: Transact
    new_id: NewId

    async def plan(
        self, account_id: str, password: str, *, session_id: str, grace: timedelta, at: datetime
    ) -> Farewell:
        """Plan the erasure of the account; until then only its owner's log-in works, to take it back."""
        account = await self.log_ins.confirm(account_id, password, session_id=session_id, at=at)
        token = new_token()
        farewell = Farewell(
            id=self.new_id("era"),
            account_id=account_id,
            token_hash=digest(token),
            created_at=at,
            due_at=at + grace,
        )

        async def plan() -> None:
            await self.farewells.add(farewell)
            await self.live.end_of(account_id, at=at)
            await self.devices.revoke_of(account_id, at=at)
            await self.events.note(account_id, EventKind.ERASURE_SCHEDULED, at=at)
            address = await self.accounts.address(account, Purpose.ACCOUNT)
            await self.notices.farewell(account_id, address, token, due=farewell.due_at)

        try:
            await self.transact(plan)
        except DuplicateError as fault:
            raise ErasureScheduledError from fault
        return farewell

    async def planned(self, erasure_id: str) -> Farewell | None:
        """Return the plan with this id."""
        return await self.farewells.get(erasure_id)

    async def of(self, account_id: str) -> Farewell:
        """Return the plan for this account; ErasureNotScheduledError without one."""
        found = await self.farewells.of(account_id)
        if found is None:
            raise ErasureNotScheduledError
        return found

    async def take_back(self, account_id: str, *, at: datetime) -> None:
        """Take the plan back, as the owner who has logged in."""
        await self._take_back(await self.farewells.of(account_id), at=at)

    async def take_back_by(self, token: str, *, at: datetime) -> None:
        """Take the plan back by the link of the mail."""
        await self._take_back(await self.farewells.by_token(digest(token)), at=at)

    async def begin_due(self, *, at: datetime) -> int:
        """Begin the erasures whose day has come; return how many."""
        due = await self.farewells.due(at)
        for farewell in due:
            await self.transact(partial(self._begin, farewell, at=at))
        return len(due)

    async def _take_back(self, farewell: Farewell | None, *, at: datetime) -> None:
        account = None if farewell is None else await self.accounts.active(farewell.account_id)
        if farewell is None or account is None:
            raise ErasureNotScheduledError

        async def take_back() -> None:
            if not await self.farewells.end(farewell):
                raise ErasureNotScheduledError
            address = await self.accounts.address(account, Purpose.ACCOUNT)
            await self.events.note(account.id, EventKind.ERASURE_CANCELLED, at=at)
            await self.notices.changed(account.id, address, EventKind.ERASURE_CANCELLED, at=at)

        await self.transact(take_back)

    async def _begin(self, farewell: Farewell, *, at: datetime) -> None:
        account = await self.accounts.active(farewell.account_id)
        if account is not None and await self.farewells.end(farewell):
            await self.saga.erase(account, erasure_id=farewell.id, at=at)
