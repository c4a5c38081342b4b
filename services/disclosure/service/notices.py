"""Notifies every affected account by email: one notice each, retried for 30 days, closed with the result (C16)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.disclosure.domain import AccessEntry, Case, CaseNotice, NoticeProof, NoticeState, all_notified
from services.disclosure.emails import build_case_notice, case_basis
from services.disclosure.store import AccessEntries, CaseNotices, Cases
from shared.backoff import Backoff
from shared.bus import Outbox
from shared.contracts import disclosure_v1
from shared.errors import ServiceError, UnavailableError
from shared.ids import NewId
from shared.mail import DeliveryStatus, EmailAddress, MailQueue
from shared.mongo import Transact, WriteConflictError
from shared.policy import Purpose

ResolveEmail = Callable[[str, str], Awaitable[EmailAddress | None]]
"""Resolves an account to its email address, given the legal basis; None when the account is gone."""

NOTICE_EXPIRES_AFTER = timedelta(days=30)
BACKOFF = Backoff(5, 300)
BATCH_SIZE = 200
MAX_CONCURRENT_SENDS = 10
WRITE_CONFLICT_DELAY = timedelta(minutes=1)
"""How long the database keeps locks of a killed process; other notices are sent first."""

_NOTICE_OUTCOMES = {
    DeliveryStatus.RELAYED: (NoticeState.RELAYED, NoticeProof.RELAY_ACCEPTED),
    DeliveryStatus.FAILED: (NoticeState.FAILED, NoticeProof.RELAY_REJECTED),
    DeliveryStatus.EXPIRED: (NoticeState.FAILED, NoticeProof.NEVER_ACCEPTED),
    DeliveryStatus.SUPPRESSED: (NoticeState.FAILED, NoticeProof.NEVER_ACCEPTED),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Notifier:
    """Sends due notices and closes cases whose notices are all final."""

    cases: Cases
    notices: CaseNotices
    entries: AccessEntries
    resolve: ResolveEmail
    mail_queue: MailQueue
    outbox: Outbox
    transact: Transact
    new_id: NewId
    public_url: str
    blocked_until: dict[CaseNotice, datetime] = field(default_factory=dict)
    """Notices blocked by a write conflict, and when to retry them."""

    async def send_due(self, *, at: datetime) -> int:
        """Send up to BATCH_SIZE due notices; return how many, 0 when identity is unavailable."""
        due = [
            notice for notice in await self.notices.list_due(at=at, limit=BATCH_SIZE) if self._is_unblocked(notice, at)
        ]
        cases = await self.cases.get_many(sorted({notice.case_id for notice in due}))
        for start in range(0, len(due), MAX_CONCURRENT_SENDS):
            async with asyncio.TaskGroup() as group:
                sent = [
                    group.create_task(self._send(cases[notice.case_id], notice, at))
                    for notice in due[start : start + MAX_CONCURRENT_SENDS]
                ]
            if not all(task.result() for task in sent):
                return 0
        return len(due)

    async def close_notified(self, *, after: str, at: datetime, limit: int = 100) -> str:
        """Close completed cases among the next *limit*; return the cursor of the next batch, "" at the end."""
        cases = await self.cases.list_notifying(after=after, limit=limit)
        for case in cases:
            if not await self.notices.has_pending(case.case_id):
                await self._close(case, at)
        return cases[-1].case_id if len(cases) == limit else ""

    async def on_mail_completed(self, mail_id: str, status: DeliveryStatus, *, at: datetime) -> None:
        """Complete the notice of a mail, in the transaction that completes the mail."""
        notice = await self.notices.get_by_mail(mail_id)
        if notice is not None:
            await self._complete(notice, *_NOTICE_OUTCOMES[status], at)

    async def _send(self, case: Case, notice: CaseNotice, at: datetime) -> bool:
        """Send one notice; False when identity is unavailable."""
        try:
            address = await self.resolve(notice.account_id, case_basis(case))
        except ServiceError as fault:
            # The notice stays pending and is retried; a permanent error becomes visible in the probe of C16.
            await self.notices.schedule_retry(notice, until=at + BACKOFF.delay_for(notice.attempts + 1))
            return not isinstance(fault, UnavailableError)
        try:
            await self.transact(lambda: self._process_address(case, notice, address, at))
        except WriteConflictError:
            self.blocked_until[notice] = at + WRITE_CONFLICT_DELAY
        return True

    async def _process_address(
        self, case: Case, notice: CaseNotice, address: EmailAddress | None, at: datetime
    ) -> None:
        if address is None:
            await self._complete(notice, NoticeState.FAILED, NoticeProof.ACCOUNT_NOT_FOUND, at)
        else:
            await self._enqueue(case, notice, address, at)

    def _is_unblocked(self, notice: CaseNotice, at: datetime) -> bool:
        if self.blocked_until.get(notice, at) > at:
            return False
        self.blocked_until.pop(notice, None)
        return True

    async def _enqueue(self, case: Case, notice: CaseNotice, address: EmailAddress, at: datetime) -> None:
        """Queue the email, update the notice and record the access in one transaction, so it is sent once."""
        if not await self.notices.claim(notice):
            return
        # Not encrypted with the account's key: an erasure must not destroy the notice before it is sent.
        mail_id = await self.mail_queue.enqueue(
            build_case_notice(case, address, self.public_url),
            purpose=Purpose.LEGAL_DISCLOSURE,
            expires_after=NOTICE_EXPIRES_AFTER,
        )
        await self.notices.record_mail(notice, mail_id)
        await self.entries.add(self._build_entry(case, notice, at))

    async def _complete(self, notice: CaseNotice, state: NoticeState, proof: NoticeProof, at: datetime) -> None:
        if await self.notices.complete(notice, state, proof, at=at):
            event = disclosure_v1.NoticeCompleted(
                case_id=notice.case_id, account_id=notice.account_id, state=state.value
            )
            event.completed_at.FromDatetime(at)
            await self.outbox.put(event, subject=notice.case_id)

    async def _close(self, case: Case, at: datetime) -> None:
        counts = await self.notices.count_by_state([case.case_id])
        if not all_notified(case, counts[case.case_id]):
            return  # a notice is missing: the case stays open, and the probe of C16 reports it

        async def write() -> None:
            if await self.cases.close(case.case_id, at=at):
                event = disclosure_v1.CaseClosed(case_id=case.case_id)
                event.closed_at.FromDatetime(at)
                await self.outbox.put(event, subject=case.case_id)

        await self.transact(write)

    def _build_entry(self, case: Case, notice: CaseNotice, at: datetime) -> AccessEntry:
        return AccessEntry(
            entry_id=self.new_id("led"),
            account_id=notice.account_id,
            recipient_kind="legal",
            recipient_id=case.requester,
            fields=case.fields,
            purpose=Purpose.LEGAL_DISCLOSURE,
            basis=case_basis(case),
            accessed_at=case.approved_at or at,
        )
