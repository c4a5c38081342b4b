"""Takes reports of misuse and of security problems, and sees that a person answers (C28, C24)."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from services.identity.domain.reports import (
    LOCK_LINK_LIFETIME,
    LONGEST_TEXT,
    ReportKind,
    ReportState,
    armoured,
    target_of,
)
from services.identity.errors import AccountNotFoundError
from services.identity.errors.staff import (
    LockRefusedError,
    ReportNotFoundError,
    ReportNotOpenError,
    ReportTooLargeError,
)
from services.identity.service.acts import Colleague, purpose_of
from services.identity.service.freezing import Freezing
from services.identity.service.transact import Transact
from services.identity.store import Account, Accounts, MailGaps, Reads, Report, Reports
from services.identity.store.bounds import LOCK
from services.identity.store.reads import Reader
from services.identity.store.staff_letters import StaffLetters
from shared.crypto import LinkRefusedError, Links
from shared.errors import FieldProblem, InvalidInputError
from shared.ids import NewId
from shared.mail import Address
from shared.policy import Purpose

_LOCK = "identity.lock"
_READ = ("identity.reports.text", "identity.reports.email")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportWish:
    """What is reported; *account_id* is of whoever is logged in, *email* of whom nobody is."""

    kind: ReportKind
    text: str = ""
    account_id: str = ""
    email: str | None = None
    lock: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRecord:
    """A case, and its answer where that was asked for."""

    report: Report
    answer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedReport:
    """A case with what was written."""

    record: ReportRecord
    text: str
    email: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDesk:
    """Takes reports, locks accounts of those who ask for it, and answers."""

    reports: Reports
    accounts: Accounts
    gaps: MailGaps
    reads: Reads
    freezing: Freezing
    letters: StaffLetters
    links: Links
    transact: Transact
    new_id: NewId
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a link is wanted: the worker need not wait for its next look."""

    async def take(self, wish: ReportWish, *, at: datetime) -> ReportRecord:
        """Open a case; whether a named address has an account is not even looked at here (I-14)."""
        _check(wish)
        report_id = self.new_id("rep")
        owner = wish.account_id or report_id
        email = None if wish.email is None or wish.account_id else Address(wish.email).email

        async def take() -> Report:
            report = Report(
                id=report_id,
                owner=owner,
                anonymous=not wish.account_id,
                kind=wish.kind,
                state=ReportState.OPEN,
                text=await self.reports.seal(owner, "text", wish.text),
                armoured=armoured(wish.text),
                email=None if email is None else await self.reports.seal(owner, "email", email),
                lock_wanted=wish.kind is ReportKind.UNAUTHORISED_USE and email is not None,
                created_at=at,
                target_at=target_of(at),
            )
            await self.reports.add(report)
            if wish.lock and wish.account_id:
                await self._lock(await self._active(wish.account_id), at=at)
            return report

        report = await self.transact(take)
        self.wake.set()
        return ReportRecord(report=report)

    async def send_links(self, *, at: datetime) -> bool:
        """Write to the owners of the addresses that were named; tell whether there were any."""
        wanting = await self.reports.wanting_locks()
        for report in wanting:
            email = await self.reports.opened(report, "email", Purpose.SECURITY) or ""
            # Not in the transaction: of several reports at once exactly one must see that it is the first.
            may_write = await self.gaps.claim(self.accounts.index_of(email), matter=LOCK, at=at)
            await self.transact(partial(self._send_link, report, email if may_write else None, at=at))
        return bool(wanting)

    async def lock(self, token: str, *, at: datetime) -> None:
        """Lock the account whose owner has the link, once."""
        try:
            claims = self.links.read(_LOCK, token, at=at)
        except LinkRefusedError as fault:
            raise LockRefusedError from fault
        await self.transact(lambda: self._lock_by_link(claims["report"], claims["account"], at=at))

    async def standing(self, report_id: str) -> ReportRecord:
        """Return the case and its answer; whoever knows its id may ask."""
        report = await self._found(report_id)
        return ReportRecord(report=report, answer=await self.reports.opened(report, "answer", Purpose.SUPPORT))

    async def page(self, state: ReportState | None, *, after: str | None, most: int) -> list[ReportRecord]:
        """Return cases without what was written."""
        return [ReportRecord(report=one) for one in await self.reports.page(state, after=after, most=most)]

    async def read(self, report_id: str, *, by: Colleague, at: datetime) -> OpenedReport:
        """Open what was written, on record; the owner of an account sees who has read it."""
        report = await self._found(report_id)
        reader = Reader(kind="staff", id=by.id, purpose=purpose_of(by), basis=report.id)
        if report.anonymous:
            await self.reads.noted(_READ, reader, at=at)
        else:
            await self.transact(lambda: self.reads.shown(report.owner, _READ, reader, at=at))
        return OpenedReport(
            record=ReportRecord(report=report),
            text=await self.reports.opened(report, "text", reader.purpose) or "",
            email=await self.reports.opened(report, "email", reader.purpose),
        )

    async def answer(self, report_id: str, text: str, *, by: Colleague, at: datetime) -> ReportRecord:
        """Answer an open case; whoever reported while logged in is told by mail that there is an answer."""
        _check_length(text)
        report = await self._found(report_id)
        account = None if report.anonymous else await self.accounts.active(report.owner)

        async def answer() -> None:
            sealed = await self.reports.seal(report.owner, "answer", text)
            if not await self.reports.answer(report, sealed, by=by.id, at=at):
                raise ReportNotOpenError
            if account is not None:
                address = await self.accounts.address(account, Purpose.SUPPORT)
                await self.letters.report_answered(account.id, address, report.id)

        await self.transact(answer)
        return ReportRecord(report=await self._found(report_id))

    async def close(self, report_id: str, *, at: datetime) -> ReportRecord:
        """Close a case that has an answer."""
        if not await self.reports.close(await self._found(report_id), at=at):
            raise ReportNotOpenError
        return ReportRecord(report=await self._found(report_id))

    async def drop_old(self, *, at: datetime) -> int:
        """Delete what was kept long enough."""
        return await self.transact(lambda: self.reports.drop_old(at))

    async def _send_link(self, report: Report, email: str | None, *, at: datetime) -> None:
        until = at + LOCK_LINK_LIFETIME
        if not await self.reports.take(report, lock_until=until) or email is None:
            return
        account = await self.accounts.at_address(self.accounts.index_of(email))
        if account is None or account.roles or account.frozen_at is not None:
            return
        token = self.links.make(_LOCK, {"report": report.id, "account": account.id}, expires_at=until)
        # To the address that the account has, not to the one that a stranger has typed.
        await self.letters.lock(account.id, await self.accounts.address(account, Purpose.SECURITY), token)

    async def _lock_by_link(self, report_id: str, account_id: str, *, at: datetime) -> None:
        if not await self.reports.use_up(report_id, at=at):
            raise LockRefusedError
        account = await self.accounts.active(account_id)
        if account is None:
            raise LockRefusedError
        await self._lock(account, at=at)

    async def _lock(self, account: Account, *, at: datetime) -> None:
        await self.freezing.freeze(account, reason=None, at=at)

    async def _active(self, account_id: str) -> Account:
        account = await self.accounts.active(account_id)
        if account is None:
            raise AccountNotFoundError
        return account

    async def _found(self, report_id: str) -> Report:
        report = await self.reports.get(report_id)
        if report is None:
            raise ReportNotFoundError
        return report


def _check(wish: ReportWish) -> None:
    _check_length(wish.text)
    misuse = wish.kind is ReportKind.UNAUTHORISED_USE
    if misuse and not wish.account_id and wish.email is None:
        _refuse("email", "missing", "Log in, or name the address of the account.")
    if not misuse and not wish.text.strip():
        _refuse("text", "missing", "Say what happened.")
    if wish.lock and not (misuse and wish.account_id):
        _refuse("lock", "not_logged_in", "Log in, or name the address: then we mail a link that locks the account.")


def _check_length(text: str) -> None:
    if len(text.encode()) > LONGEST_TEXT:
        raise ReportTooLargeError


def _refuse(name: str, code: str, message: str) -> None:
    raise InvalidInputError(fields=(FieldProblem(field=name, code=code, message=message),))
