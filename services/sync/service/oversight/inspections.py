"""Break-glass access: staff see names and state files, with a reason, a second person, for an hour (C12).

``RestrictedView`` can open nothing else. Each access is recorded and published for the ledger before data is shown.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from services.sync.domain.inspections import APPROVAL_TIMEOUT, Inspection, InspectionAccess, InspectionScope
from services.sync.errors import InspectionNotFoundError, InspectionNotOpenError
from services.sync.store import Inspections, RestrictedView
from services.sync.store.inspections import NodeName
from shared.bus import Outbox
from shared.clock import Clock
from shared.contracts import sync_v1
from shared.ids import NewId
from shared.mongo import Database
from shared.policy import Purpose
from shared.privacy import DataAccess, record_access

POLL_INTERVAL: Final = 60.0
_BATCH_SIZE: Final = 100
_LEDGER_FIELDS: Final = {
    InspectionScope.NAMES: "sync.nodes.name",
    InspectionScope.CLIENT_STATE: "sync.nodes.client_state",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionService:
    """Requests, approves, uses and ends inspections."""

    db: Database
    repository: Inspections
    restricted_view: RestrictedView
    outbox: Outbox
    new_id: NewId
    clock: Clock

    async def request(self, account: str, reason: str, *, by: str, at: datetime) -> Inspection:
        """Request an inspection of *account*; nothing is shown before another person approves."""
        inspection = Inspection(
            id=self.new_id("ins"),
            account=account,
            reason=reason,
            requested_by=by,
            requested_at=at,
            expires_at=at + APPROVAL_TIMEOUT,
        )
        await self.repository.add(inspection)
        return inspection

    async def approve(self, inspection: str, *, by: str, at: datetime) -> Inspection:
        """Approve an inspection as the second person; it counts in the public number."""

        async def work() -> Inspection:
            current = await self._require_inspection(inspection)
            updated = current.approve(by=by, at=at)
            await self._update_inspection(updated, current)
            await self.repository.add_to_month(f"{at:%Y-%m}")
            event = sync_v1.InspectionOpened(inspection_id=updated.id, account_id=updated.account)
            event.opened_at.FromDatetime(at)
            event.expires_at.FromDatetime(updated.expires_at)
            await self.outbox.put(event, subject=updated.account)
            return updated

        return await self.db.with_transaction(work)

    async def list_names(
        self, inspection: str, folder: str, *, after: str, limit: int, by: str, at: datetime
    ) -> Sequence[NodeName]:
        """Return the next names in a folder."""
        recorded = await self._record_access(inspection, InspectionScope.NAMES, folder, by=by, at=at)
        return await self.restricted_view.list_names(recorded.account, folder, after=after, limit=limit)

    async def get_client_state(self, inspection: str, node: str, *, by: str, at: datetime) -> bytes:
        """Return the state file of a client."""
        recorded = await self._record_access(inspection, InspectionScope.CLIENT_STATE, node, by=by, at=at)
        return await self.restricted_view.get_client_state(recorded.account, node)

    async def _record_access(
        self, inspection: str, scope: InspectionScope, node: str, *, by: str, at: datetime
    ) -> Inspection:
        """Record an access and publish it: without a record nothing is shown."""

        async def work() -> Inspection:
            current = await self._require_inspection(inspection)
            updated = current.record_access(by=by, at=at)
            await self._update_inspection(updated, current)
            access = InspectionAccess(
                id=self.new_id("led"),
                inspection=updated.id,
                account=updated.account,
                by=by,
                at=at,
                scope=scope,
                node=node,
            )
            await self.repository.record_access(access)
            entry = DataAccess(
                entry_id=access.id,
                account_id=updated.account,
                recipient_kind="staff",
                recipient_id=by,
                fields=[_LEDGER_FIELDS[scope]],
                purpose=Purpose.OPERATIONS,
                basis=updated.id,
                accessed_at=at,
            )
            await record_access(self.outbox, entry)
            return updated

        return await self.db.with_transaction(work)

    async def end_inspection(self, inspection: str, *, at: datetime) -> Inspection:
        """End an inspection early; one that has ended stays as it is."""

        async def work() -> Inspection:
            current = await self._require_inspection(inspection)
            if current.ended_at is not None:
                return current
            updated = replace(current, ended_at=at, expires_at=min(at, current.expires_at))
            await self._update_inspection(updated, current)
            if updated.approved_by is not None:
                event = sync_v1.InspectionEnded(
                    inspection_id=updated.id, account_id=updated.account, access_count=updated.access_count
                )
                event.ended_at.FromDatetime(at)
                await self.outbox.put(event, subject=updated.account)
            return updated

        return await self.db.with_transaction(work)

    async def list(self, *, after: datetime | None, limit: int) -> list[Inspection]:
        """Return inspections, newest first."""
        return await self.repository.list_page(after=after, limit=limit)

    async def count_by_month(self) -> dict[str, int]:
        """Return how many inspections were opened in each month."""
        return await self.repository.count_by_month()

    async def run(self) -> None:
        """End expired inspections on schedule."""
        while True:
            await self.end_expired()
            await asyncio.sleep(POLL_INTERVAL)

    async def end_expired(self) -> None:
        """End the inspections that have expired."""
        now = self.clock()
        while found := await self.repository.list_overdue(by=now, limit=_BATCH_SIZE):
            for one in found:
                await self.end_inspection(one.id, at=now)

    async def _require_inspection(self, inspection: str) -> Inspection:
        found = await self.repository.get(inspection)
        if found is None:
            raise InspectionNotFoundError
        return found

    async def _update_inspection(self, updated: Inspection, current: Inspection) -> None:
        if not await self.repository.update(updated, expected=current):
            raise InspectionNotOpenError
