"""Monitors open privacy requests: metrics, reminders before the deadline, and a list for staff."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.identity.domain.privacy_requests.lifecycle import (
    POST_HOLD_GRACE,
    REMINDER_LEAD_TIME,
    ErasureState,
    RequestPartState,
)
from services.identity.store import ErasureRequestDocument, ErasureRequests, ExportDocument, Exports
from shared import observe

log = observe.get_logger(__name__)

_MAX_PENDING = 200
_pending_gauge = observe.gauge("candor_privacy_requests_open", "Open privacy requests.", ("kind",))
_oldest_age_gauge = observe.gauge(
    "candor_privacy_requests_oldest_age_seconds",
    "Age of the oldest open privacy request that is not on hold.",
    ("kind",),
)
_overdue_gauge = observe.gauge(
    "candor_privacy_requests_overdue", "Privacy requests past their legal deadline.", ("kind",)
)
_due_soon_gauge = observe.gauge(
    "candor_privacy_requests_due_soon",
    "Privacy requests within five days of their legal deadline, or past it.",
    ("kind",),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingPrivacyRequest:
    """An open request, without its account."""

    id: str
    kind: str
    state: str
    created_at: datetime
    deadline: datetime
    pending_services: list[str]
    reminded_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyRequestMonitor:
    """Monitors exports and erasures."""

    exports: Exports
    erasure_requests: ErasureRequests

    async def export_metrics(self, *, at: datetime) -> None:
        """Set the gauges. Each replica does so."""
        exports, erasures = (
            await self.exports.list_open(limit=_MAX_PENDING),
            await self.erasure_requests.list_open(limit=_MAX_PENDING),
        )
        _set_gauges("export", exports, at)
        _set_gauges("erasure", erasures, at)
        _overdue_gauge.labels("export").set(await self.exports.count_overdue(at))
        _overdue_gauge.labels("erasure").set(await self.erasure_requests.count_overdue(at, grace=POST_HOLD_GRACE))

    async def send_reminders(self, *, at: datetime) -> int:
        """Log a reminder, once, for each request due within five days; return their number."""
        reminded = 0
        for export in await self.exports.list_due_for_reminder(at, within=REMINDER_LEAD_TIME):
            if await self.exports.mark_reminded(export, at=at):
                log.error(
                    "privacy_request.due_soon",
                    kind="export",
                    id=export.id,
                    pending_services=await self._pending_parts(export),
                )
                reminded += 1
        for erasure in await self.erasure_requests.list_due_for_reminder(at, within=REMINDER_LEAD_TIME):
            if await self.erasure_requests.mark_reminded(erasure, at=at):
                log.error(
                    "privacy_request.due_soon",
                    kind="erasure",
                    id=erasure.id,
                    pending_services=await self._pending_receipts(erasure),
                )
                reminded += 1
        return reminded

    async def list_pending(self) -> list[PendingPrivacyRequest]:
        """Return the open requests, the first due first."""
        pending = [
            self._build_pending(document, "export", await self._pending_parts(document))
            for document in await self.exports.list_open(limit=_MAX_PENDING)
        ]
        erasures = await self.erasure_requests.list_open(limit=_MAX_PENDING)
        pending += [self._build_pending(one, "erasure", await self._pending_receipts(one)) for one in erasures]
        return sorted(pending, key=lambda one: one.deadline)

    @staticmethod
    def _build_pending(
        document: ExportDocument | ErasureRequestDocument, kind: str, pending_services: list[str]
    ) -> PendingPrivacyRequest:
        return PendingPrivacyRequest(
            id=document.id,
            kind=kind,
            state=document.state.value,
            created_at=document.created_at,
            deadline=document.deadline,
            pending_services=pending_services,
            reminded_at=document.reminded_at,
        )

    async def _pending_parts(self, export: ExportDocument) -> list[str]:
        return sorted(
            part.service
            for part in await self.exports.list_parts(export.id)
            if part.state is not RequestPartState.COMPLETED
        )

    async def _pending_receipts(self, erasure: ErasureRequestDocument) -> list[str]:
        return sorted(await self.erasure_requests.pending_services(erasure.id))


def _set_gauges(kind: str, requests: Sequence[ExportDocument | ErasureRequestDocument], at: datetime) -> None:
    _pending_gauge.labels(kind).set(len(requests))
    # A request on hold waits for no service.
    waiting = [request for request in requests if request.state is not ErasureState.ON_HOLD]
    oldest = max((at - one.created_at for one in waiting), default=None)
    _oldest_age_gauge.labels(kind).set(oldest.total_seconds() if oldest else 0)
    _due_soon_gauge.labels(kind).set(sum(one.deadline - REMINDER_LEAD_TIME <= at for one in waiting))
