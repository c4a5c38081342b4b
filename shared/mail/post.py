"""The queue of mail: put in the transaction that causes it, sealed; settled once, and the service is told."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, ClassVar

from shared.clock import Clock
from shared.crypto import PurposeRefusedError, Vault, place_of
from shared.ids import new_id
from shared.mail.letter import Letter
from shared.mongo import Database, Document, Index
from shared.personal import Category, Personal, keep_for, personal_fields
from shared.policy.purposes import Purpose

_LONGEST_TRY = timedelta(days=30)
_MAIL_PURPOSES = {
    Purpose.ACCOUNT,
    Purpose.SECURITY,
    Purpose.CRITICAL_NOTICE,
    Purpose.LEGAL_DISCLOSURE,
    Purpose.SUPPORT,
    Purpose.NEWSLETTER,
    Purpose.BILLING,
    Purpose.BILLING_QUESTION,
    Purpose.REFUND,
    Purpose.CREDIT,
    Purpose.EXPORT,
    Purpose.ERASURE,
    Purpose.PUBLICATION,
}


class State(StrEnum):
    """What became of a mail; all but DEFERRED are final."""

    DEFERRED = "deferred"
    """Not now: it is tried again."""
    DELIVERED = "delivered"
    """The relay took responsibility for it."""
    UNDELIVERABLE = "undeliverable"
    """The relay refused it for good, or its contents were erased before it was sent."""
    EXPIRED = "expired"
    """No relay took it in the time it was given."""
    WITHHELD = "withheld"
    """The service said at the last moment that it is not to be sent (an unsubscribe)."""


class MailRow(Document):
    """One mail that waits; the letter, its address too, is sealed."""

    collection: ClassVar[str] = "mail_queue"
    indexes: ClassVar[tuple[Index, ...]] = (Index("bulk", "due_at"), Index("owner"))
    subject: ClassVar[str | None] = "owner"

    kind: str
    owner: Annotated[str, Personal(Category.PSEUDONYM, _MAIL_PURPOSES, keep_for(40))]
    """The account under whose key the letter is sealed; the id of the mail where there is none."""
    sealed: Annotated[bytes, Personal(Category.CONTACT, _MAIL_PURPOSES, keep_for(40))]
    purpose: Purpose
    bulk: bool
    attempts: int = 0
    created_at: datetime
    due_at: datetime
    """When it may be tried next; a claim moves it to the end of the claim."""
    expires_at: datetime


class MailLog(Document):
    """What an operator may search (C04): each attempt at a mail and what came of it, without the address."""

    collection: ClassVar[str] = "mail_log"
    indexes: ClassVar[tuple[Index, ...]] = (Index("at", expire_after=timedelta(days=90)), Index("mail_id"))

    at: datetime
    kind: str
    mail_id: str
    state: State
    code: int
    """The SMTP reply; 0 when there was none."""


BeforeSend = Callable[[MailRow], Awaitable[bool]]
OnSettled = Callable[[str, State], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Watch:
    before_send: BeforeSend | None = None
    on_settled: OnSettled | None = None


class Post:
    """The mail of one service, from the change that causes it to the state in which it ends."""

    def __init__(self, db: Database, vault: Vault, clock: Clock) -> None:
        self._db = db
        self._vault = vault
        self._clock = clock
        self._rows = db.collection(MailRow)
        self._log = db.collection(MailLog)
        self._watches: dict[str, _Watch] = {}
        self.wake = asyncio.Event()
        """Set when a mail was committed, so that the postman of this process need not wait for its next look."""

    def watch(self, kind: str, *, before_send: BeforeSend | None = None, on_settled: OnSettled | None = None) -> None:
        """Take part in every mail of *kind*; call it while composing the service.

        *before_send* is asked immediately before the relay is: False withholds the mail.
        *on_settled* runs once per mail, in the transaction that settles it: what it writes is kept or lost with that.
        """
        self._watches[kind] = _Watch(before_send=before_send, on_settled=on_settled)

    async def put(
        self, letter: Letter, *, subject: str = "", purpose: Purpose, keep_trying: timedelta = timedelta(days=5)
    ) -> str:
        """Queue *letter* in the ambient transaction and return the id of the mail.

        It is sealed under the key of the account *subject*: an erasure also erases mail that waits. Without one it has
        a key of its own, destroyed when it is settled.
        """
        row = await self._row(letter, subject, purpose, keep_trying)
        await self._rows.insert(row)
        self._db.after_commit(self.wake.set)
        return row.id

    async def put_many(
        self,
        letters: Sequence[tuple[str, Letter]],
        *,
        purpose: Purpose,
        keep_trying: timedelta = timedelta(days=5),
    ) -> list[str]:
        """As ``put``, with one write for all: pairs of subject and letter in, the ids of the mails in order out."""
        rows = [await self._row(letter, subject, purpose, keep_trying) for subject, letter in letters]
        await self._rows.insert_many(rows)
        self._db.after_commit(self.wake.set)
        return [row.id for row in rows]

    async def due(self, limit: int) -> list[MailRow]:
        """Return the mails to try now, single ones before newsletters, the longest waiting first."""
        return await self._rows.list({"due_at": {"$lte": self._clock()}}, sort=("bulk", "due_at"), limit=limit)

    async def claim(self, row: MailRow, *, until: datetime) -> MailRow | None:
        """Take *row* until then, or return None: another took it first. A holder that dies only delays it."""
        claimed = row.model_copy(update={"due_at": until, "attempts": row.attempts + 1})
        same = {"due_at": row.due_at, "attempts": row.attempts}
        return claimed if await self._rows.replace(claimed, expect=same) else None

    async def wanted(self, row: MailRow) -> bool:
        """Ask the service whether the mail is still to be sent."""
        watch = self._watches.get(row.kind)
        return watch is None or watch.before_send is None or await watch.before_send(row)

    async def read(self, row: MailRow) -> Letter:
        """Open the letter for the purpose it was queued for."""
        return Letter.from_json((await self._vault.reveal(row, "sealed", row.purpose)).encode())

    async def defer(self, row: MailRow, wait: timedelta, *, code: int) -> None:
        """Try *row* again after *wait*, or when it expires if that is sooner."""
        due_at = min(self._clock() + wait, row.expires_at)
        await self._rows.update({"_id": row.id, "attempts": row.attempts}, {"$set": {"due_at": due_at}})
        await self._note(row, State.DEFERRED, code)

    async def settle(self, row: MailRow, state: State, *, code: int = 0) -> None:
        """End *row* in *state*: it leaves the queue, its own key is destroyed, the log and the service are told."""

        async def work() -> None:
            if not await self._rows.delete({"_id": row.id}, many=False):
                return  # settled by another holder, or erased with its account
            if row.owner == row.id:
                await self._vault.forget(row.id)
            await self._note(row, state, code)
            watch = self._watches.get(row.kind)
            if watch is not None and watch.on_settled is not None:
                await watch.on_settled(row.id, state)

        await self._db.transact(work)

    async def _row(self, letter: Letter, subject: str, purpose: Purpose, keep_trying: timedelta) -> MailRow:
        if not personal_fields(MailRow)["sealed"].allows(purpose):
            raise PurposeRefusedError(f"no mail is sent for {purpose}")
        if keep_trying > _LONGEST_TRY:
            raise ValueError(f"a mail is tried for at most {_LONGEST_TRY.days} days")
        mail_id, now = new_id("mail"), self._clock()
        owner = subject or mail_id
        return MailRow(
            id=mail_id,
            kind=letter.kind,
            owner=owner,
            sealed=await self._vault.seal(owner, place_of(MailRow, "sealed"), letter.to_json()),
            purpose=purpose,
            bulk=letter.list_unsubscribe is not None,
            created_at=now,
            due_at=now,
            expires_at=now + keep_trying,
        )

    async def _note(self, row: MailRow, state: State, code: int) -> None:
        entry = MailLog(id=new_id("log"), at=self._clock(), kind=row.kind, mail_id=row.id, state=state, code=code)
        await self._log.insert(entry)
