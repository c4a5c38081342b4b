"""What disclosure does."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from services.disclosure.domain import Agreement, Case, CaseState, Ground, Notice, NoticeState, Shown
from services.disclosure.errors import (
    AgreementNotFoundError,
    AgreementTermError,
    CaseNotFoundError,
    CommercialPurposeError,
    NobodyAffectedError,
    NotOpenError,
    SamePersonError,
)
from services.disclosure.store import Agreements, Cases, Ledger, Notices
from shared.bus import Outbox
from shared.contracts import disclosure_v1
from shared.ids import NewId
from shared.policy import Purpose

T = TypeVar("T")
Transact = Callable[[Callable[[], Awaitable[T]]], Awaitable[T]]
LONGEST_TERM = timedelta(days=3 * 366)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseWish:
    """What a case is to disclose, to whom and why."""

    ground: Ground
    requester: str
    reference: str
    fields: tuple[str, ...]
    account_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """Open and approve a case, settle its notices, close it when everybody was told (C16)."""

    cases: Cases
    notices: Notices
    ledger: Ledger
    outbox: Outbox
    transact: Transact[None]
    new_id: NewId

    async def open_case(self, wish: CaseWish, *, by: str, at: datetime) -> Case:
        """Write the case down and freeze the set of affected accounts; nothing is disclosed yet."""
        accounts = tuple(dict.fromkeys(wish.account_ids))
        if not accounts:
            raise NobodyAffectedError
        case = Case(
            case_id=self.new_id("dis"),
            ground=wish.ground,
            requester=wish.requester,
            reference=wish.reference,
            fields=wish.fields,
            state=CaseState.OPEN,
            affected=len(accounts),
            opened_by=by,
            opened_at=at,
        )

        async def write() -> None:
            await self.cases.add(case)
            await self.notices.add(case.case_id, accounts, at=at)

        await self.transact(write)
        return case

    async def approve(self, case_id: str, *, by: str, at: datetime) -> Case:
        """Let a second person allow the disclosure; from now on the accounts are told."""
        case = await self.read(case_id)
        if not case.may_be_approved_by(by):
            raise SamePersonError

        async def write() -> None:
            if not await self.cases.approve(case_id, by=by, at=at):
                raise NotOpenError
            fact = disclosure_v1.CaseApproved(case_id=case_id, affected=case.affected)
            fact.approved_at.FromDatetime(at)
            await self.outbox.put(fact, subject=case_id)

        await self.transact(write)
        return await self.read(case_id)

    async def read(self, case_id: str) -> Case:
        """Return a case."""
        case = await self.cases.get(case_id)
        if case is None:
            raise CaseNotFoundError
        return case

    async def told(self, case: Case, notice: Notice, *, mail_id: str, at: datetime) -> bool:
        """In the transaction that queued the mail: note it, and enter the disclosure in the owner's ledger."""
        if not await self.notices.sending(notice, mail_id):
            return False
        await self.ledger.add(
            Shown(
                entry_id=self.new_id("led"),
                account_id=notice.account_id,
                reader_kind="legal",
                reader_id=case.requester,
                fields=case.fields,
                purpose=Purpose.LEGAL_DISCLOSURE,
                basis=f"case {case.case_id}",
                shown_at=case.approved_at or at,
            )
        )
        return True

    async def settle(self, notice: Notice, state: NoticeState, *, at: datetime) -> None:
        """Move a notice to its final state, and close the case when it was the last one."""

        async def write() -> None:
            if await self.notices.settle(notice, state, at=at):
                await self.outbox.put(_settled(notice, state, at), subject=notice.case_id)
                await self._close_if_all_told(notice.case_id, at)

        await self.transact(write)

    async def _close_if_all_told(self, case_id: str, at: datetime) -> None:
        if await self.notices.unsettled(case_id) or not await self.cases.close(case_id, at=at):
            return
        fact = disclosure_v1.CaseClosed(case_id=case_id)
        fact.closed_at.FromDatetime(at)
        await self.outbox.put(fact, subject=case_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """The register of partners and processors: no agreement, no access (C07, C13)."""

    agreements: Agreements
    outbox: Outbox
    transact: Transact[None]
    new_id: NewId

    async def agree(
        self,
        partner: str,
        function: str,
        *,
        purposes: Iterable[str],
        scopes: Iterable[str],
        fields: Iterable[str],
        ends_at: datetime,
        at: datetime,
    ) -> Agreement:
        """Enter an agreement; a purpose outside the closed list can not be entered."""
        if not at < ends_at <= at + LONGEST_TERM:
            raise AgreementTermError
        known = {purpose.value for purpose in Purpose}
        wanted = tuple(purposes)
        if not wanted or not set(wanted) <= known:
            raise CommercialPurposeError
        agreement = Agreement(
            agreement_id=self.new_id("agr"),
            partner=partner,
            function=function,
            purposes=wanted,
            scopes=tuple(scopes),
            fields=tuple(fields),
            starts_at=at,
            ends_at=ends_at,
        )
        await self.agreements.add(agreement)
        return agreement

    async def end(self, agreement_id: str, *, at: datetime) -> None:
        """End an agreement now: the partner's access ends with it."""

        async def write() -> None:
            if not await self.agreements.end(agreement_id, at=at):
                raise AgreementNotFoundError
            fact = disclosure_v1.AgreementEnded(agreement_id=agreement_id)
            fact.ended_at.FromDatetime(at)
            await self.outbox.put(fact, subject=agreement_id)

        await self.transact(write)


def _settled(notice: Notice, state: NoticeState, at: datetime) -> disclosure_v1.NoticeSettled:
    fact = disclosure_v1.NoticeSettled(case_id=notice.case_id, account_id=notice.account_id, state=state.value)
    fact.settled_at.FromDatetime(at)
    return fact
