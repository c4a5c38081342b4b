"""Opens and approves disclosure cases: nothing leaves without two people (C16, C21)."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from services.disclosure.domain import Case, CaseState, Ground, Notice, NoticeState
from services.disclosure.errors import CaseNotFoundError, NobodyAffectedError, NotOpenError, SamePersonError
from services.disclosure.store import Cases, Notices
from shared.bus import Outbox
from shared.contracts import disclosure_v1
from shared.ids import NewId
from shared.mongo import DuplicateError

Transact = Callable[[Callable[[], Awaitable[None]]], Awaitable[None]]


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
    """Open a case, approve it, read where it stands."""

    cases: Cases
    notices: Notices
    outbox: Outbox
    transact: Transact
    new_id: NewId

    async def open_case(self, wish: CaseWish, *, by: str, operation: str, at: datetime) -> Case:
        """Write the case down and freeze the affected accounts, once for each *operation*; nothing leaves yet."""
        accounts = tuple(dict.fromkeys(wish.account_ids))
        if not accounts:
            raise NobodyAffectedError
        case = Case(
            case_id=self.new_id("dis"),
            ground=wish.ground,
            requester=wish.requester,
            reference=wish.reference,
            fields=tuple(dict.fromkeys(wish.fields)),
            state=CaseState.OPEN,
            affected=len(accounts),
            opened_by=by,
            opened_at=at,
        )

        async def write() -> None:
            await self.cases.add(case, operation=operation)
            await self.notices.freeze(case.case_id, accounts)

        try:
            await self.transact(write)
        except DuplicateError:
            return await self.cases.opened_by_operation(operation) or case
        return case

    async def approve(self, case_id: str, *, by: str, at: datetime) -> Case:
        """Let a second person allow the disclosure; from now on the accounts are told. Saying it twice is once."""
        case = await self.read(case_id)
        if not case.may_be_approved_by(by):
            raise SamePersonError

        async def write() -> None:
            if not await self.cases.approve(case_id, by=by, at=at):
                raise NotOpenError
            await self.notices.release(case_id, at=at)
            fact = disclosure_v1.CaseApproved(case_id=case_id, affected=case.affected)
            fact.approved_at.FromDatetime(at)
            await self.outbox.put(fact, subject=case_id)

        if case.approved_by != by:
            await self.transact(write)
        return await self.read(case_id)

    async def read(self, case_id: str) -> Case:
        """Return a case."""
        case = await self.cases.get(case_id)
        if case is None:
            raise CaseNotFoundError
        return case

    async def newest(self, *, after: str | None, most: int) -> list[Case]:
        """Return cases, newest first."""
        return await self.cases.newest(after=after, most=most)

    async def progress(self, cases: list[Case]) -> Mapping[str, Mapping[NoticeState, int]]:
        """Return how many notices of each case are in which state."""
        return await self.notices.states([case.case_id for case in cases])

    async def notices_of(self, case_id: str, *, after: str | None, most: int) -> list[Notice]:
        """Return the notices of a case with the proof of each."""
        await self.read(case_id)
        return await self.notices.of_case(case_id, after=after, most=most)
