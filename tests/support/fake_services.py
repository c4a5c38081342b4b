"""Stand-ins for what a service talks to: an identity that answers over the real broker, a mailbox that speaks SMTP."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, TypeVar

from aiosmtpd.smtp import SMTP, Envelope, Session
from google.protobuf.message import Message
from joserfc.jwk import ECKey, KeySet

from shared.bus import Broker, RpcClient, RpcContext, RpcHandler, RpcServer, event_type
from shared.bus.envelope import EventEnvelope as FactEnvelope
from shared.bus.publishing import PublishOutcome, publish_outcomes
from shared.bus.topology import events_exchange
from shared.clock import utc_now
from shared.contracts import identity_v1
from shared.ids import new_id
from shared.policy import Purpose
from shared.registry import get_registry

R = TypeVar("R", bound=Message)
T = TypeVar("T")
PUBLIC_URL = "http://candor.example"
DEFAULT_TIMEOUT = 20.0


@dataclass(slots=True)
class FakeServices:
    """Everybody but the service under test: identity's keys and addresses, and ears for all facts."""

    broker: Broker
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", auto_kid=True))
    addresses: dict[str, str] = field(default_factory=dict)
    """The accounts that identity knows."""
    unavailable: set[str] = field(default_factory=set)
    """The accounts about which identity does not answer; "*" for all."""
    asked: list[str] = field(default_factory=list)
    """The accounts whose address was asked for, answered or not."""
    resolved: list[identity_v1.ContactResolveRequest] = field(default_factory=list)
    purposes: list[Purpose] = field(default_factory=list)
    received: list[FactEnvelope] = field(default_factory=list)

    async def get_signing_keys(self, _request: Message, _asked: RpcContext) -> identity_v1.SigningKeysGetReply:
        """Answer who signs."""
        public = KeySet([ECKey.import_key(self.key.as_dict(private=False))])
        return identity_v1.SigningKeysGetReply(jwks=json.dumps(public.as_dict(private=False)))

    async def resolve_contact(
        self, request: identity_v1.ContactResolveRequest, asked: RpcContext
    ) -> identity_v1.ContactResolveReply:
        """Answer where an account wants its mail."""
        self.asked.append(request.account_id)
        await until(lambda: _true(not self.unavailable & {"*", request.account_id}), patience=300)
        self.resolved.append(request)
        self.purposes.append(asked.purpose)
        email = self.addresses.get(request.account_id)
        return identity_v1.ContactResolveReply(found=email is not None, email=email or "")

    async def publish_event(self, fact: Message, *, by: str = "identity", message_id: str | None = None) -> str:
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
        async with self.broker.publish_connection.acquire_channel() as channel:
            exchange = await events_exchange(channel)

            async def taken() -> bool:
                """Like a relay: again until a queue is bound for it, which may be after it is ready."""
                message = envelope.to_message()
                (fate,) = await publish_outcomes([exchange.publish(message, envelope.type, mandatory=True, timeout=10)])
                return fate is PublishOutcome.CONFIRMED

            await until(taken)
        return envelope.id

    def received_events(self, fact_type: str, message_type: type[R]) -> list[R]:
        """Return the facts of *fact_type* that were heard."""
        return [message_type.FromString(each.body) for each in self.received if each.type == fact_type]

    async def call_rpc(self, name: str, request: Message, reply: type[R], *, purpose: Purpose) -> R:
        """Ask the service under test."""
        asker = RpcClient(self.broker, "identity")
        return await asker.call(name, request, reply, purpose=purpose, timeout=timedelta(seconds=10))


@asynccontextmanager
async def open_fake_services(
    amqp_url: str, *, hear: str = "#", callers: Collection[str] = ()
) -> AsyncIterator[FakeServices]:
    """Answer for identity, and listen to the facts that *hear* names, until the context ends.

    Services of tests, which the registry does not know, are named in *callers*.

    What is heard here has found a queue: a fact that is told to a service must not be heard, or it is lost when the
    service has not made its queue yet.
    """
    async with Broker(amqp_url, "identity") as broker:
        found = FakeServices(broker)

        def allow(rpc: str) -> set[str]:
            return {*get_registry().callers_of(rpc), *callers}

        answers = (
            RpcHandler("identity.signing_keys.get", identity_v1.SigningKeysGetRequest, found.get_signing_keys),
            RpcHandler("identity.contact.resolve", identity_v1.ContactResolveRequest, found.resolve_contact),
        )
        tasks = [
            asyncio.create_task(RpcServer(broker, answers, utc_now, callers_of=allow).run()),
            asyncio.create_task(
                broker.consume_connection.run_on_channel(lambda channel: _record_events(channel, found, hear))
            ),
        ]
        try:
            yield found
        finally:
            found.unavailable.clear()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _record_events(channel: Any, found: FakeServices, hear_these: str) -> None:
    queue = await channel.declare_queue(new_id("ears"), exclusive=True, auto_delete=True)
    await queue.bind(await events_exchange(channel), hear_these)

    async def hear(message: Any) -> None:
        found.received.append(FactEnvelope.from_message(message))

    await queue.consume(hear, no_ack=True)
    await asyncio.Event().wait()


@dataclass  # without slots: aiosmtpd looks at every attribute, and Python 3.11.2 leaves one that cannot be looked at
class Mailbox:
    """An SMTP server that keeps what it gets; it refuses whom it is told to refuse."""

    port: int = 0
    refused: set[str] = field(default_factory=set)
    later: set[str] = field(default_factory=set)
    put_off: set[str] = field(default_factory=set)
    """Who was told "not now"."""
    silent: set[str] = field(default_factory=set)
    """Whose mail is taken without a word: the sender never hears whether it was."""
    received: list[tuple[str, EmailMessage]] = field(default_factory=list)

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.refused:
            return "550 5.1.1 no such mailbox"
        if address in self.later:
            self.put_off.add(address)
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

    def mails_to(self, address: str) -> list[EmailMessage]:
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


async def until(holds: Callable[[], Awaitable[T]], *, patience: float = DEFAULT_TIMEOUT) -> T:
    """Ask again until *holds* returns something true, and return that."""
    async with asyncio.timeout(patience):
        while True:
            if found := await holds():
                return found
            await asyncio.sleep(0.05)


async def _true(holds: bool) -> bool:
    return holds
