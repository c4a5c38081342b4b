"""Opens and decides disclosure cases; a disclosure requires two people, neither of them affected (C16, C21)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from services.disclosure.domain import Case, CaseNotice, CaseState, Ground, NoticeState
from services.disclosure.errors import CaseNotFoundError, CaseNotOpenError, NoAffectedAccountsError, PersonAffectedError
from services.disclosure.store import CaseNotices, Cases
from shared.bus import Outbox
from shared.contracts import disclosure_v1
from shared.errors import FourEyesError
from shared.ids import NewId
from shared.mongo import DuplicateError, Transact


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCase:
    """A disclosure to be opened: fields and accounts, requester and ground."""

    ground: Ground
    requester: str
    reference: str
    fields: tuple[str, ...]
    account_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseService:
    """Opens, approves and reads cases."""

    cases: Cases
    notices: CaseNotices
    outbox: Outbox
    transact: Transact
    new_id: NewId

    async def open_case(self, new_case: NewCase, *, by: str, idempotency_key: str, at: datetime) -> Case:
        """Create a case and fix its affected accounts, once per *idempotency_key*. Nothing is disclosed yet.

        NoAffectedAccountsError; PersonAffectedError when the opener is among the affected.
        """
        accounts = tuple(dict.fromkeys(new_case.account_ids))
        if not accounts:
            raise NoAffectedAccountsError
        if by in accounts:
            raise PersonAffectedError
        case = Case(
            case_id=self.new_id("dis"),
            ground=new_case.ground,
            requester=new_case.requester,
            reference=new_case.reference,
            fields=tuple(dict.fromkeys(new_case.fields)),
            state=CaseState.OPEN,
            affected_count=len(accounts),
            opened_by=by,
            opened_at=at,
        )

        async def write() -> None:
            await self.cases.add(case, idempotency_key=idempotency_key)
            await self.notices.create_pending(case.case_id, accounts)

        try:
            await self.transact(write)
        except DuplicateError:
            return await self.cases.get_by_idempotency_key(idempotency_key) or case
        return case

    async def approve(self, case_id: str, *, by: str, at: datetime) -> Case:
        """Approve as the second person, which starts the notices. Idempotent for the same person.

        FourEyesError for the opener; PersonAffectedError; CaseNotOpenError when it was decided otherwise.
        """
        case = await self._get_for_second_person(case_id, by)

        async def write() -> None:
            if not await self.cases.approve(case_id, by=by, at=at):
                raise CaseNotOpenError
            await self.notices.activate_pending(case_id, at=at)
            event = disclosure_v1.CaseApproved(case_id=case_id, affected_count=case.affected_count)
            event.approved_at.FromDatetime(at)
            await self.outbox.put(event, subject=case_id)

        if case.approved_by != by:
            await self.transact(write)
        return await self.get(case_id)

    async def refuse_case(self, case_id: str, *, by: str, reason: str, at: datetime) -> Case:
        """Refuse the disclosure as the second person; nothing is handed over and no account is notified.

        FourEyesError for the opener; PersonAffectedError; CaseNotOpenError.
        """
        await self._get_for_second_person(case_id, by)
        return await self._end_open(case_id, CaseState.REFUSED, by=by, reason=reason, at=at)

    async def withdraw_case(self, case_id: str, *, by: str, reason: str, at: datetime) -> Case:
        """Withdraw a case that was opened in error, before its approval; FourEyesError for all but the opener."""
        case = await self.get(case_id)
        if case.opened_by != by:
            raise FourEyesError("Only the person who opened the case can withdraw it; you can refuse it.")
        return await self._end_open(case_id, CaseState.WITHDRAWN, by=by, reason=reason, at=at)

    async def _get_for_second_person(self, case_id: str, person: str) -> Case:
        case = await self.get(case_id)
        if not case.may_be_approved_by(person):
            raise FourEyesError
        if await self.notices.is_affected(case_id, person):
            raise PersonAffectedError
        return case

    async def _end_open(self, case_id: str, state: CaseState, *, by: str, reason: str, at: datetime) -> Case:
        async def write() -> None:
            if not await self.cases.end_open(case_id, state, by=by, reason=reason, at=at):
                raise CaseNotOpenError
            await self.notices.delete_inactive(case_id)

        await self.transact(write)
        return await self.get(case_id)

    async def get(self, case_id: str) -> Case:
        """Return a case; CaseNotFoundError."""
        case = await self.cases.get(case_id)
        if case is None:
            raise CaseNotFoundError
        return case

    async def list_newest(self, *, after: str | None, limit: int) -> list[Case]:
        """Return cases, newest first."""
        return await self.cases.list_newest(after=after, limit=limit)

    async def count_notices_by_state(self, cases: list[Case]) -> Mapping[str, Mapping[NoticeState, int]]:
        """Return how many notices of each case are in which state."""
        return await self.notices.count_by_state([case.case_id for case in cases])

    async def list_notices(self, case_id: str, *, after: str | None, limit: int) -> list[CaseNotice]:
        """Return the notices of a case with the proof of each."""
        await self.get(case_id)
        return await self.notices.list_by_case(case_id, after=after, limit=limit)
