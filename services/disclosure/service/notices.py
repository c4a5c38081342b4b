"""Tells every affected account: one letter each, tried for thirty days, settled by what became of it (C16)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.disclosure.domain import Case, Ground, Notice, NoticeState, Proof, Shown, told_all
from services.disclosure.store import Cases, Ledger, Notices
from shared.bus import Outbox
from shared.contracts import disclosure_v1
from shared.errors import ServiceError, UnavailableError
from shared.ids import NewId
from shared.mail import Address, Letter, Post, State
from shared.mongo import ContentionError
from shared.policy import Purpose

Transact = Callable[[Callable[[], Awaitable[None]]], Awaitable[None]]
Resolve = Callable[[str, str], Awaitable[Address | None]]
"""Returns the registered address of an account for the purpose of telling it, on a basis; None when there is none."""

NOTICE = "disclosure.notice"
KEEP_TRYING = timedelta(days=30)
FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(minutes=5)
AT_ONCE = 200
IN_FLIGHT = 10
HELD = timedelta(minutes=1)
"""How long the server holds what a process that was killed had begun to change; others go first meanwhile."""

_BECAME = {
    State.DELIVERED: (NoticeState.DELIVERED, Proof.RELAY_ACCEPTED),
    State.UNDELIVERABLE: (NoticeState.UNDELIVERABLE, Proof.RELAY_REFUSED),
    State.EXPIRED: (NoticeState.UNDELIVERABLE, Proof.NEVER_ACCEPTED),
    State.WITHHELD: (NoticeState.UNDELIVERABLE, Proof.NEVER_ACCEPTED),
}
_SUBJECTS = {
    Ground.LAW: "Your data was disclosed under law",
    Ground.RIGHTS: "Your data was disclosed to protect rights",
    Ground.EMERGENCY: "Your data was disclosed in an emergency",
}
_WHY = {
    Ground.LAW: "The law required us to.",
    Ground.RIGHTS: "We had to, to protect rights or property.",
    Ground.EMERGENCY: "The safety of a person was at stake.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Notifier:
    """Sends what is due, and closes the cases whose accounts have all been told."""

    cases: Cases
    notices: Notices
    ledger: Ledger
    resolve: Resolve
    post: Post
    outbox: Outbox
    transact: Transact
    new_id: NewId
    public_url: str
    held: dict[Notice, datetime] = field(default_factory=dict)
    """Notices that cannot be changed now, and when to look again."""

    async def send_due(self, *, at: datetime) -> int:
        """Send up to AT_ONCE notices; return how many were looked at. It stops when identity does not answer."""
        due = [notice for notice in await self.notices.due(at=at, most=AT_ONCE) if self._is_free(notice, at)]
        cases = await self.cases.of_ids(sorted({notice.case_id for notice in due}))
        for start in range(0, len(due), IN_FLIGHT):
            async with asyncio.TaskGroup() as group:
                sent = [
                    group.create_task(self._send(cases[notice.case_id], notice, at))
                    for notice in due[start : start + IN_FLIGHT]
                ]
            if not all(task.result() for task in sent):
                return 0
        return len(due)

    async def close_told(self, *, after: str, at: datetime, most: int = 100) -> str:
        """Close those of the next *most* cases whose notices are all final; return where to go on, "" at the end."""
        cases = await self.cases.notifying(after=after, most=most)
        for case in cases:
            if not await self.notices.is_unsettled(case.case_id):
                await self._close(case, at)
        return cases[-1].case_id if len(cases) == most else ""

    async def on_settled(self, mail_id: str, became: State, *, at: datetime) -> None:
        """In the transaction that settles a mail: settle its notice."""
        notice = await self.notices.of_mail(mail_id)
        if notice is not None:
            await self._settle(notice, *_BECAME[became], at)

    async def _send(self, case: Case, notice: Notice, at: datetime) -> bool:
        """Send one notice; False when nobody can be asked for an address at the moment."""
        try:
            address = await self.resolve(notice.account_id, basis_of(case))
        except ServiceError as fault:
            # Away or unwilling: time is lost, the notice is not. A refusal stays pending for the probe of C16 to show.
            await self.notices.postpone(notice, until=at + _wait(notice.attempts))
            return not isinstance(fault, UnavailableError)
        try:
            await self.transact(lambda: self._answered(case, notice, address, at))
        except ContentionError:
            self.held[notice] = at + HELD
        return True

    async def _answered(self, case: Case, notice: Notice, address: Address | None, at: datetime) -> None:
        if address is None:
            await self._settle(notice, NoticeState.UNDELIVERABLE, Proof.NO_SUCH_ACCOUNT, at)
        else:
            await self._hand_over(case, notice, address, at)

    def _is_free(self, notice: Notice, at: datetime) -> bool:
        if self.held.get(notice, at) > at:
            return False
        self.held.pop(notice, None)
        return True

    async def _hand_over(self, case: Case, notice: Notice, address: Address, at: datetime) -> None:
        """Queue the letter, mark the notice, enter the ledger: all of it or nothing, so nobody is told twice."""
        if not await self.notices.take(notice):
            return
        # Not sealed under the account's key: an erasure on the way must not take the letter along.
        mail_id = await self.post.put(
            self._letter(case, address), purpose=Purpose.LEGAL_DISCLOSURE, keep_trying=KEEP_TRYING
        )
        await self.notices.sent_as(notice, mail_id)
        await self.ledger.add(self._entry(case, notice, at))

    async def _settle(self, notice: Notice, state: NoticeState, proof: Proof, at: datetime) -> None:
        if await self.notices.settle(notice, state, proof, at=at):
            fact = disclosure_v1.NoticeSettled(case_id=notice.case_id, account_id=notice.account_id, state=state.value)
            fact.settled_at.FromDatetime(at)
            await self.outbox.put(fact, subject=notice.case_id)

    async def _close(self, case: Case, at: datetime) -> None:
        counts = await self.notices.states([case.case_id])
        if not told_all(case, counts[case.case_id]):
            return  # a notice is missing: the case stays open for the probe of C16 to show

        async def write() -> None:
            if await self.cases.close(case.case_id, at=at):
                fact = disclosure_v1.CaseClosed(case_id=case.case_id)
                fact.closed_at.FromDatetime(at)
                await self.outbox.put(fact, subject=case.case_id)

        await self.transact(write)

    def _entry(self, case: Case, notice: Notice, at: datetime) -> Shown:
        return Shown(
            entry_id=self.new_id("led"),
            account_id=notice.account_id,
            reader_kind="legal",
            reader_id=case.requester,
            fields=case.fields,
            purpose=Purpose.LEGAL_DISCLOSURE,
            basis=basis_of(case),
            shown_at=case.approved_at or at,
        )

    def _letter(self, case: Case, to: Address) -> Letter:
        return Letter(kind=NOTICE, to=to, subject=_SUBJECTS[case.ground], text=_text(case, self.public_url))


def basis_of(case: Case) -> str:
    """Return the words by which ledger and letters name *case*."""
    return f"case {case.case_id}"


def _text(case: Case, public_url: str) -> str:
    day = (case.approved_at or case.opened_at).date().isoformat()
    fields = "\n".join(f"  - {field}" for field in case.fields)
    return f"""Hello,

we had to disclose data of your account. We promised to tell you whenever that happens.

Why:        {_WHY[case.ground]}
To whom:    {case.requester}
Reference:  {case.reference}
Approved:   {day}, by two people of ours
Our case:   {case.case_id}

These fields of your account were disclosed:
{fields}

You find this, and everything else that anybody has seen of your data, in your account:
{public_url}/account/seen

If you think that this is wrong, answer to the address on {public_url}/policy and name our case.
"""


def _wait(attempts: int) -> timedelta:
    return min(FIRST_WAIT * (1 << min(attempts, 10)), LONGEST_WAIT)
