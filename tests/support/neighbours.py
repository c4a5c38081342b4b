"""Stand-ins for what a service talks to: an identity that answers over the real broker, a mailbox that speaks SMTP."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, TypeVar

from aiosmtpd.smtp import SMTP, Envelope, Session
from google.protobuf.message import Message
from joserfc.jwk import KeySet, OKPKey

from shared.bus import Answer, Answerer, Asked, Asker, Broker, event_type
from shared.bus.envelope import Envelope as FactEnvelope
from shared.bus.publishing import Fate, fates
from shared.bus.topology import facts_exchange
from shared.clock import utc_now
from shared.contracts import identity_v1
from shared.ids import new_id
from shared.policy import Purpose

R = TypeVar("R", bound=Message)
T = TypeVar("T")
PUBLIC_URL = "http://candor.example"
PATIENCE = 20.0


@dataclass(slots=True)
class Neighbours:
    """Everybody but the service under test: identity's keys and addresses, and ears for all facts."""

    broker: Broker
    key: OKPKey = field(default_factory=lambda: OKPKey.generate_key("Ed25519", auto_kid=True))
    addresses: dict[str, str] = field(default_factory=dict)
    """The accounts that identity knows."""
    away: set[str] = field(default_factory=set)
    """The accounts about which identity does not answer; "*" for all."""
    resolved: list[identity_v1.ContactResolveRequest] = field(default_factory=list)
    purposes: list[Purpose] = field(default_factory=list)
    heard: list[FactEnvelope] = field(default_factory=list)

    async def trust(self, _request: Message, _asked: Asked) -> identity_v1.TrustSnapshotReply:
        """Answer who signs."""
        public = KeySet([OKPKey.import_key(self.key.as_dict(private=False))])
        return identity_v1.TrustSnapshotReply(jwks=json.dumps(public.as_dict(private=False)))

    async def resolve(
        self, request: identity_v1.ContactResolveRequest, asked: Asked
    ) -> identity_v1.ContactResolveReply:
        """Answer where an account wants its mail."""
        await until(lambda: _true(not self.away & {"*", request.account_id}), patience=300)
        self.resolved.append(request)
        self.purposes.append(asked.purpose)
        email = self.addresses.get(request.account_id)
        return identity_v1.ContactResolveReply(found=email is not None, email=email or "")

    async def tell(self, fact: Message, *, by: str = "identity", message_id: str | None = None) -> str:
        """Tell *fact* as the service *by* would."""
        envelope = FactEnvelope(
            id=message_id or new_id("evt"),
            type=event_type(fact, by),
            source=f"/{by}",
            time=utc_now(),
            subject="",
            traceparent="",
            body=fact.SerializeToString(),
        )
        async with self.broker.publishing.channel() as channel:
            exchange = await facts_exchange(channel)

            async def taken() -> bool:
                """Like a relay: again until somebody has made a queue for it, which may be after it is ready."""
                message = envelope.to_message()
                (fate,) = await fates([exchange.publish(message, envelope.type, mandatory=True, timeout=10)])
                return fate is Fate.CONFIRMED

            await until(taken)
        return envelope.id

    def told(self, fact_type: str, message_type: type[R]) -> list[R]:
        """Return the facts of *fact_type* that were heard."""
        return [message_type.FromString(each.body) for each in self.heard if each.type == fact_type]

    async def ask(self, name: str, request: Message, reply: type[R], *, purpose: Purpose) -> R:
        """Ask the service under test."""
        asker = Asker(self.broker, "identity")
        return await asker.ask(name, request, reply, purpose=purpose, timeout=timedelta(seconds=10))


@asynccontextmanager
async def neighbours(amqp_url: str, *, hear: str = "#") -> AsyncIterator[Neighbours]:
    """Answer for identity, and listen to the facts that *hear* names, until the context ends.

    What is heard here has found a queue: a fact that is told to a service must not be heard, or it is lost when the
    service has not made its queue yet.
    """
    async with Broker(amqp_url, "identity") as broker:
        found = Neighbours(broker)
        answers = (
            Answer("identity.trust.snapshot", identity_v1.TrustSnapshotRequest, found.trust),
            Answer("identity.contact.resolve", identity_v1.ContactResolveRequest, found.resolve),
        )
        tasks = [
            asyncio.create_task(Answerer(broker, answers, utc_now).run()),
            asyncio.create_task(broker.consuming.serve(lambda channel: _listen(channel, found, hear))),
        ]
        try:
            yield found
        finally:
            found.away.clear()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _listen(channel: Any, found: Neighbours, hear_these: str) -> None:
    queue = await channel.declare_queue(new_id("ears"), exclusive=True, auto_delete=True)
    await queue.bind(await facts_exchange(channel), hear_these)

    async def hear(message: Any) -> None:
        found.heard.append(FactEnvelope.of(message))

    await queue.consume(hear, no_ack=True)
    await asyncio.Event().wait()


@dataclass  # without slots: aiosmtpd looks at every attribute, and Python 3.11.2 leaves one that cannot be looked at
class Mailbox:
    """An SMTP server that keeps what it gets; it refuses whom it is told to refuse."""

    port: int = 0
    refused: set[str] = field(default_factory=set)
    later: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)
    """Whose mail is taken without a word: the sender never hears whether it was."""
    received: list[tuple[str, EmailMessage]] = field(default_factory=list)

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.refused:
            return "550 5.1.1 no such mailbox"
        if address in self.later:
            return "451 4.2.1 not now"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.received += [(to, mail) for to in envelope.rcpt_tos]
        await until(lambda: _true(not self.silent & set(envelope.rcpt_tos)), patience=300)
        return "250 OK"

    def to(self, address: str) -> list[EmailMessage]:
        """Return the mails that *address* has got."""
        return [mail for to, mail in self.received if to == address]


@asynccontextmanager
async def mailbox() -> AsyncIterator[Mailbox]:
    """Run a mailbox on a free port of loopback."""
    box = Mailbox()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(box, loop=loop, hostname="mailbox.example"), "127.0.0.1", 0)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        box.silent.clear()
        server.close()
        await server.wait_closed()


async def until(holds: Callable[[], Awaitable[T]], *, patience: float = PATIENCE) -> T:
    """Ask again until *holds* returns something true, and return that."""
    async with asyncio.timeout(patience):
        while True:
            if found := await holds():
                return found
            await asyncio.sleep(0.05)


async def _true(holds: bool) -> bool:
    return holds
