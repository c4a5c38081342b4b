"""Break-glass: staff look at names and state files, for a reason, with a second person, for an hour (C12).

What it can see is what ``Glimpses`` can open. Each look is entered, and told for the ledger, before anything is shown.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from services.sync.domain.inspections import WAITS_FOR, Inspection, Look, Sight
from services.sync.errors import InspectionNotOpenError, InspectionUnknownError
from services.sync.store import Glimpses, InspectionRows
from services.sync.store.inspections import Name
from shared.bus import Outbox
from shared.clock import Clock
from shared.contracts import common_v1, sync_v1
from shared.ids import NewId
from shared.mongo import Database
from shared.policy import Purpose

EVERY: Final = 60.0
_AT_ONCE: Final = 100
_FIELDS: Final = {Sight.NAMES: "sync.nodes.name", Sight.CLIENT_STATE: "sync.nodes.client_state"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspections:
    """Asks for, approves, makes and ends inspections."""

    db: Database
    rows: InspectionRows
    glimpses: Glimpses
    outbox: Outbox
    new_id: NewId
    clock: Clock

    async def ask(self, account: str, reason: str, *, by: str, at: datetime) -> Inspection:
        """Ask to look into the tree of *account*; nothing is shown before another person approves."""
        asked = Inspection(
            id=self.new_id("ins"), account=account, reason=reason, asked_by=by, asked_at=at, ends_at=at + WAITS_FOR
        )
        await self.rows.add(asked)
        return asked

    async def approve(self, inspection: str, *, by: str, at: datetime) -> Inspection:
        """Let an inspection look, as the second person; it is counted for the public."""

        async def work() -> Inspection:
            was = await self._get(inspection)
            now = was.approved(by=by, at=at)
            await self._change(now, was)
            await self.rows.count(f"{at:%Y-%m}")
            fact = sync_v1.InspectionOpened(inspection_id=now.id, account_id=now.account)
            fact.opened_at.FromDatetime(at)
            fact.ends_at.FromDatetime(now.ends_at)
            await self.outbox.put(fact, subject=now.account)
            return now

        return await self.db.transact(work)

    async def names(
        self, inspection: str, folder: str, *, after: str, limit: int, by: str, at: datetime
    ) -> Sequence[Name]:
        """Show the next names in a folder."""
        looked = await self._look(inspection, Sight.NAMES, folder, by=by, at=at)
        return await self.glimpses.names(looked.account, folder, after=after, limit=limit)

    async def client_state(self, inspection: str, node: str, *, by: str, at: datetime) -> bytes:
        """Show the state file of a client."""
        looked = await self._look(inspection, Sight.CLIENT_STATE, node, by=by, at=at)
        return await self.glimpses.client_state(looked.account, node)

    async def _look(self, inspection: str, sight: Sight, node: str, *, by: str, at: datetime) -> Inspection:
        """Enter a look and tell of it: who cannot be told of is not looked at."""

        async def work() -> Inspection:
            was = await self._get(inspection)
            now = was.looked(by=by, at=at)
            await self._change(now, was)
            look = Look(
                id=self.new_id("led"), inspection=now.id, account=now.account, by=by, at=at, sight=sight, node=node
            )
            await self.rows.look(look)
            fact = common_v1.DataShown(
                entry_id=look.id,
                account_id=now.account,
                reader_kind="staff",
                reader_id=by,
                fields=[_FIELDS[sight]],
                purpose=Purpose.OPERATIONS,
                basis=now.id,
            )
            fact.shown_at.FromDatetime(at)
            await self.outbox.put(fact, subject=now.account)
            return now

        return await self.db.transact(work)

    async def end(self, inspection: str, *, at: datetime) -> Inspection:
        """End an inspection before its time; one that is over stays as it is."""

        async def work() -> Inspection:
            was = await self._get(inspection)
            if was.ended_at is not None:
                return was
            now = replace(was, ended_at=at, ends_at=min(at, was.ends_at))
            await self._change(now, was)
            if now.approved_by is not None:
                fact = sync_v1.InspectionEnded(inspection_id=now.id, account_id=now.account, looks=now.looks)
                fact.ended_at.FromDatetime(at)
                await self.outbox.put(fact, subject=now.account)
            return now

        return await self.db.transact(work)

    async def list(self, *, after: datetime | None, limit: int) -> list[Inspection]:
        """Return inspections, the latest first."""
        return await self.rows.page(after=after, limit=limit)

    async def counts(self) -> dict[str, int]:
        """Return how many inspections were opened in each month."""
        return await self.rows.counts()

    async def run(self) -> None:
        """End for ever what has reached its end."""
        while True:
            await self.tend()
            await asyncio.sleep(EVERY)

    async def tend(self) -> None:
        """End what has reached its end."""
        now = self.clock()
        while found := await self.rows.over(by=now, limit=_AT_ONCE):
            for one in found:
                await self.end(one.id, at=now)

    async def _get(self, inspection: str) -> Inspection:
        found = await self.rows.get(inspection)
        if found is None:
            raise InspectionUnknownError
        return found

    async def _change(self, now: Inspection, was: Inspection) -> None:
        if not await self.rows.change(now, was=was):
            raise InspectionNotOpenError
