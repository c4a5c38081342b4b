"""Abuse reports: received from anyone, answered by staff within the deadline (C28, C24)."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from services.identity.domain.staff.abuse_reports import (
    LOCK_TOKEN_LIFETIME,
    MAX_TEXT_BYTES,
    AbuseReportKind,
    AbuseReportState,
    answer_deadline,
    is_pgp_message,
)
from services.identity.emails.staff import StaffEmails
from services.identity.errors import (
    AbuseReportNotFoundError,
    AbuseReportNotOpenError,
    AbuseReportTooLargeError,
    InvalidLockTokenError,
)
from services.identity.service.staff.account_freeze import AccountFreezer
from services.identity.service.staff.admin_actions import StaffMember, access_purpose
from services.identity.store import (
    AbuseReportDocument,
    AbuseReports,
    AccountDocument,
    Accounts,
    DataAccessLog,
    MailCooldowns,
)
from services.identity.store.authentication.throttles import ACCOUNT_LOCK_SCOPE
from services.identity.store.staff.data_access import Recipient
from shared.crypto import InvalidTokenError, TokenSealer
from shared.errors import FieldProblem, InvalidInputError
from shared.ids import NewId
from shared.mail import EmailAddress
from shared.mongo import Transact
from shared.policy import Purpose

_LOCK_TOKEN_KIND = "identity.lock"  # noqa: S105 - the kind of a token, not a secret
_READ_FIELDS = ("identity.abuse_reports.text", "identity.abuse_reports.email")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAbuseReport:
    """A report. *account_id* is set if the reporter is logged in, *email* if not."""

    kind: AbuseReportKind
    text: str = ""
    account_id: str = ""
    email: str | None = None
    lock: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AbuseReportSummary:
    """A report, with its answer if requested."""

    report: AbuseReportDocument
    answer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AbuseReportContents:
    """A report with its text."""

    summary: AbuseReportSummary
    text: str
    email: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AbuseReportService:
    """Receives and answers reports, and locks accounts on request."""

    abuse_reports: AbuseReports
    accounts: Accounts
    mail_cooldowns: MailCooldowns
    data_access_log: DataAccessLog
    account_freezer: AccountFreezer
    staff_emails: StaffEmails
    token_sealer: TokenSealer
    transact: Transact
    new_id: NewId
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a lock link is to be sent: the worker need not wait for its next poll."""

    async def submit(self, new_report: NewAbuseReport, *, at: datetime) -> AbuseReportSummary:
        """Store a report. Whether the address has an account is not looked up here (I-14)."""
        _validate_report(new_report)
        report_id = self.new_id("rep")
        subject_id = new_report.account_id or report_id
        email = None if new_report.email is None or new_report.account_id else EmailAddress(new_report.email).email

        async def store_report() -> AbuseReportDocument:
            report = AbuseReportDocument(
                id=report_id,
                subject_id=subject_id,
                anonymous=not new_report.account_id,
                kind=new_report.kind,
                state=AbuseReportState.OPEN,
                text=await self.abuse_reports.seal(subject_id, "text", new_report.text),
                pgp_encrypted=is_pgp_message(new_report.text),
                email=None if email is None else await self.abuse_reports.seal(subject_id, "email", email),
                lock_link_pending=new_report.kind is AbuseReportKind.UNAUTHORIZED_USE and email is not None,
                created_at=at,
                answer_due_at=answer_deadline(at),
            )
            await self.abuse_reports.add(report)
            if new_report.lock and new_report.account_id:
                await self._freeze_account(await self.accounts.require_active(new_report.account_id), at=at)
            return report

        report = await self.transact(store_report)
        self.wake.set()
        return AbuseReportSummary(report=report)

    async def send_lock_emails(self, *, at: datetime) -> bool:
        """Send the pending lock links; return whether there were any."""
        pending = await self.abuse_reports.pending_lock_emails()
        for report in pending:
            email = await self.abuse_reports.open_field(report, "email", Purpose.SECURITY) or ""
            # Outside the transaction: of concurrent reports, exactly one must see that it is the first.
            may_write = await self.mail_cooldowns.hit(
                self.accounts.blind_index(EmailAddress(email)), scope=ACCOUNT_LOCK_SCOPE, at=at
            )
            await self.transact(partial(self._send_lock_email, report, email if may_write else None, at=at))
        return bool(pending)

    async def lock_account(self, token: str, *, at: datetime) -> None:
        """Lock the account with this token, once; InvalidLockTokenError otherwise."""
        try:
            claims = self.token_sealer.open(_LOCK_TOKEN_KIND, token, at=at)
        except InvalidTokenError as fault:
            raise InvalidLockTokenError from fault
        await self.transact(lambda: self._lock_by_token(claims["report"], claims["account"], at=at))

    async def get_status(self, report_id: str) -> AbuseReportSummary:
        """Return the report and its answer. Its id works as a key."""
        report = await self._get_report(report_id)
        return AbuseReportSummary(
            report=report, answer=await self.abuse_reports.open_field(report, "answer", Purpose.SUPPORT)
        )

    async def list_by_account(self, account_id: str) -> list[AbuseReportSummary]:
        """Return the reports of an account, newest first, without their answers."""
        return [AbuseReportSummary(report=one) for one in await self.abuse_reports.list_by_account(account_id)]

    async def list_page(
        self, state: AbuseReportState | None, *, after: str | None, limit: int
    ) -> list[AbuseReportSummary]:
        """Return a page of reports, without their texts."""
        return [
            AbuseReportSummary(report=report)
            for report in await self.abuse_reports.list_page(state, after=after, limit=limit)
        ]

    async def read(self, report_id: str, *, by: StaffMember, at: datetime) -> AbuseReportContents:
        """Return the text. The access is recorded, and the account's owner sees it."""
        report = await self._get_report(report_id)
        recipient = Recipient(kind="staff", id=by.id, purpose=access_purpose(by), basis=report.id)
        if report.anonymous:
            await self.data_access_log.record_unowned(_READ_FIELDS, recipient, at=at)
        else:
            await self.transact(lambda: self.data_access_log.record(report.subject_id, _READ_FIELDS, recipient, at=at))
        return AbuseReportContents(
            summary=AbuseReportSummary(report=report),
            text=await self.abuse_reports.open_field(report, "text", recipient.purpose) or "",
            email=await self.abuse_reports.open_field(report, "email", recipient.purpose),
        )

    async def answer_report(self, report_id: str, text: str, *, by: StaffMember, at: datetime) -> AbuseReportSummary:
        """Answer an open report. A reporter with an account is notified by email."""
        _check_length(text)
        report = await self._get_report(report_id)
        account = None if report.anonymous else await self.accounts.get_active(report.subject_id)

        async def store_answer() -> None:
            sealed = await self.abuse_reports.seal(report.subject_id, "answer", text)
            if not await self.abuse_reports.record_answer(report, sealed, by=by.id, at=at):
                raise AbuseReportNotOpenError
            if account is not None:
                address = await self.accounts.open_email(account, Purpose.SUPPORT)
                await self.staff_emails.send_report_answered(account.id, address, report.id)

        await self.transact(store_answer)
        return AbuseReportSummary(report=await self._get_report(report_id))

    async def close(self, report_id: str, *, at: datetime) -> AbuseReportSummary:
        """Close an answered report."""
        if not await self.abuse_reports.close(await self._get_report(report_id), at=at):
            raise AbuseReportNotOpenError
        return AbuseReportSummary(report=await self._get_report(report_id))

    async def delete_expired(self, *, at: datetime) -> int:
        """Delete expired reports."""
        return await self.transact(lambda: self.abuse_reports.delete_expired(at))

    async def _send_lock_email(self, report: AbuseReportDocument, email: str | None, *, at: datetime) -> None:
        until = at + LOCK_TOKEN_LIFETIME
        if not await self.abuse_reports.claim_lock_email(report, expires_at=until) or email is None:
            return
        account = await self.accounts.get_by_email(self.accounts.blind_index(EmailAddress(email)))
        if account is None or account.roles or account.frozen_at is not None:
            return
        token = self.token_sealer.issue(
            _LOCK_TOKEN_KIND, {"report": report.id, "account": account.id}, expires_at=until
        )
        # To the stored address of the account, not to the one that a stranger has entered.
        await self.staff_emails.send_lock_link(
            account.id, await self.accounts.open_email(account, Purpose.SECURITY), token
        )

    async def _lock_by_token(self, report_id: str, account_id: str, *, at: datetime) -> None:
        if not await self.abuse_reports.consume(report_id, at=at):
            raise InvalidLockTokenError
        account = await self.accounts.get_active(account_id)
        if account is None:
            raise InvalidLockTokenError
        await self._freeze_account(account, at=at)

    async def _freeze_account(self, account: AccountDocument, *, at: datetime) -> None:
        await self.account_freezer.freeze_account(account, reason=None, at=at)

    async def _get_report(self, report_id: str) -> AbuseReportDocument:
        report = await self.abuse_reports.get(report_id)
        if report is None:
            raise AbuseReportNotFoundError
        return report


def _validate_report(new_report: NewAbuseReport) -> None:
    _check_length(new_report.text)
    misuse = new_report.kind is AbuseReportKind.UNAUTHORIZED_USE
    if misuse and not new_report.account_id and new_report.email is None:
        _reject_field("email", "missing", "Log in, or enter the email address of the account.")
    if not misuse and not new_report.text.strip():
        _reject_field("text", "missing", "Describe what happened.")
    if new_report.lock and not (misuse and new_report.account_id):
        _reject_field(
            "lock_account",
            "not_logged_in",
            "Log in, or enter the email address: we will send it a link that locks the account.",
        )


def _check_length(text: str) -> None:
    if len(text.encode()) > MAX_TEXT_BYTES:
        raise AbuseReportTooLargeError


def _reject_field(name: str, code: str, message: str) -> None:
    raise InvalidInputError(fields=(FieldProblem(field=name, code=code, message=message),))
