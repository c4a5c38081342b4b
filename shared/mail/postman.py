"""Carries the queue to the relay until every mail is settled.

At least once: a process killed after the relay's yes and before the settling leaves the mail claimed; when the claim
ends it is sent again, byte for byte, with the same Message-ID, by which mailboxes know it for the same mail.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from shared import observe
from shared.clock import Clock
from shared.crypto import SealBrokenError, SubjectForgottenError
from shared.ids import jitter
from shared.mail.address import Sender
from shared.mail.compose import compose
from shared.mail.dkim import Signer
from shared.mail.letter import Letter
from shared.mail.post import MailRow, Post, State
from shared.mail.relay import Relay, RelayDownError, RelayUrl, Verdict

log = observe.logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How much at once, and how long between."""

    connections: int = 4
    batch: int = 64
    claim: timedelta = timedelta(minutes=5)
    """Longer than one mail can take: whoever holds a mail beyond it is taken for dead."""
    look: timedelta = timedelta(seconds=2)
    """How long an empty queue is left alone; a mail put by this process is seen at once."""
    first_retry: timedelta = timedelta(seconds=5)
    longest_retry: timedelta = timedelta(hours=1)
    longest_relay_wait: timedelta = timedelta(seconds=10)


class Postman:
    """Sends what is due; run one in each replica of a service, each claims its own mails."""

    def __init__(
        self, post: Post, url: RelayUrl, sender: Sender, *, dkim: Signer | None, clock: Clock, pace: Pace | None = None
    ) -> None:
        self._post = post
        self._sender = sender
        self._dkim = dkim
        self._clock = clock
        self._pace = pace or Pace()
        self._relays = [Relay(url) for _ in range(self._pace.connections)]
        self._up = observe.gauge("mail_relay_up", "0 when the mail relay could not be used the last time, else 1")
        self._up.set(True)  # who has sent nothing yet knows of no fault
        self._ended = observe.counter("mail_attempts_total", "attempts to send a mail, by outcome", ("kind", "state"))

    async def run(self) -> None:
        """Send mail until cancelled."""
        failures = 0
        try:
            while True:
                self._post.wake.clear()
                rows = await self._post.due(self._pace.batch)
                if not rows:
                    await self._rest()
                elif await self._round(rows):
                    failures = 0
                else:
                    failures += 1
                    await asyncio.sleep(_backoff(timedelta(seconds=0.5), self._pace.longest_relay_wait, failures))
        finally:
            for relay in self._relays:
                relay.close()

    async def _rest(self) -> None:
        """Wait for a mail; hang up when none comes."""
        try:
            async with asyncio.timeout(self._pace.look.total_seconds()):
                await self._post.wake.wait()
        except TimeoutError:
            for relay in self._relays:
                await relay.quit()

    async def _round(self, rows: list[MailRow]) -> bool:
        """Carry *rows* over all connections; tell whether the relay could be used."""
        async with asyncio.TaskGroup() as group:
            shares = [
                group.create_task(self._carry(relay, rows[first :: len(self._relays)]))
                for first, relay in enumerate(self._relays)
            ]
        up = all(share.result() for share in shares)
        self._up.set(up)
        return up

    async def _carry(self, relay: Relay, rows: list[MailRow]) -> bool:
        """Carry *rows* one after the other; False at the first trouble with the relay."""
        try:
            for row in rows:
                await self._one(relay, row)
        except RelayDownError as fault:
            log.warning("mail.relay_down", fault=str(fault), code=fault.code)
            return False
        return True

    async def _one(self, relay: Relay, row: MailRow) -> None:
        if self._clock() >= row.expires_at:
            await self._settle(row, State.EXPIRED)
            return
        # Before the claim: while the relay is down no mail is touched, and none waits out a backoff after it.
        await relay.open()
        claimed = await self._post.claim(row, until=self._clock() + self._pace.claim)
        if claimed is not None:
            await self._handle(relay, claimed)

    async def _handle(self, relay: Relay, row: MailRow) -> None:
        if not await self._post.wanted(row):
            await self._settle(row, State.WITHHELD)
            return
        try:
            letter = await self._post.read(row)
        except (SubjectForgottenError, SealBrokenError) as fault:
            log.warning("mail.unreadable", mail_id=row.id, kind=row.kind, code=fault.code)
            await self._settle(row, State.UNDELIVERABLE)
        else:
            await self._send(relay, row, letter)

    async def _send(self, relay: Relay, row: MailRow, letter: Letter) -> None:
        raw = compose(letter, self._sender, mail_id=row.id, at=row.created_at, dkim=self._dkim)
        try:
            answer = await relay.deliver(self._sender.address, letter.to, raw)
        except RelayDownError as fault:
            await self._defer(row, fault.code)
            raise
        match answer.verdict:
            case Verdict.ACCEPTED:
                await self._settle(row, State.DELIVERED, answer.code)
            case Verdict.REFUSED:
                await self._settle(row, State.UNDELIVERABLE, answer.code)
            case Verdict.LATER:
                await self._defer(row, answer.code)

    async def _defer(self, row: MailRow, code: int) -> None:
        wait = _backoff(self._pace.first_retry, self._pace.longest_retry, row.attempts)
        await self._post.defer(row, timedelta(seconds=wait), code=code)
        self._ended.labels(row.kind, State.DEFERRED).inc()

    async def _settle(self, row: MailRow, state: State, code: int = 0) -> None:
        await self._post.settle(row, state, code=code)
        self._ended.labels(row.kind, state).inc()


def _backoff(first: timedelta, longest: timedelta, attempt: int) -> float:
    """Return seconds that double with each attempt, from *first* up to *longest*, with jitter."""
    return jitter(min(longest.total_seconds(), first.total_seconds() * 2 ** min(attempt - 1, 30)))
