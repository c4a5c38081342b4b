"""The SMTP server for mail that comes in: parse, one call, answer.

It takes mail for our own addresses only, so it is no relay, and answers 250 only when the mail is recorded. The sender
keeps and repeats what was answered with 4xx.
"""

import asyncio
import logging
import ssl
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiosmtpd.smtp import SMTP, Envelope, Session

from services.newsletter.domain.inbound.mime import parse_mail
from services.newsletter.service.inbound.doors import Doors, InboundRecipient
from services.newsletter.service.inbound.receive import IncomingMail, MailReceiver
from shared import observe
from shared.clock import Clock
from shared.errors import UnavailableError

log = observe.get_logger(__name__)
_received = observe.counter(
    "candor_inbound_mails_total", "Mails that came in, by door, verdict and reason.", ("door", "verdict", "reason")
)
_refused = observe.counter("candor_inbound_refused_total", "Mails that were not taken.", ("reason",))

MAX_LINE_BYTES = 65_536
"""RFC 5321 allows 1,000, and real reports have longer lines."""
MAX_RECIPIENTS = 10
_TIMEOUT = 300.0
"""For each command (RFC 5321 4.5.3.2); a mail must be over within it."""
_COMMAND_LIMITS = {"*": 20, "MAIL": 100, "RCPT": 100, "DATA": 100, "RSET": 100, "NOOP": 20}
# Its records quote addresses.
_NOISY = "mail.log"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerConfig:
    """Where the listener listens, and its limits."""

    host: str
    port: int
    hostname: str
    max_bytes: int
    max_connections: int
    max_connections_per_client: int
    idle_timeout: float
    """Seconds in which a session must name a recipient of ours; longer ones only hold a place."""
    tls: ssl.SSLContext | None = field(default=None, repr=False)


@dataclass(frozen=True)
class InboundHandler:
    """Takes mails; the method names are aiosmtpd's.

    Without slots: aiosmtpd reads every attribute, and with slots one of them cannot be read on Debian's Python 3.11.2.
    """

    doors: Doors
    receiver: MailReceiver
    clock: Clock

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Offer no AUTH, which aiosmtpd does after STARTTLS even without a mechanism: mail servers do not log in."""
        session.host_name = hostname
        return [each for each in responses if not each.startswith("250-AUTH")]

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Accept our own addresses only."""
        if len(envelope.rcpt_tos) >= MAX_RECIPIENTS:
            return "452 4.5.3 too many recipients"
        if self.doors.resolve_recipient(address, at=self.clock()) is None:
            _refused.labels("unknown_recipient").inc()
            return "550 5.1.1 no such address here"
        envelope.rcpt_tos.append(address)
        if isinstance(server, _Session):
            server.stop_idle_timer()
        return "250 2.1.5 ok"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Judge and record the mail for each of its recipients."""
        if isinstance(server, _Session):
            server.start_idle_timer()
        raw = envelope.content if isinstance(envelope.content, bytes) else b""
        # In a thread: a mail that was made to hurt takes a second to read.
        mail = await asyncio.to_thread(parse_mail, raw)
        incoming = IncomingMail(
            mail=mail, raw=raw, sender=(envelope.mail_from or "").encode("utf-8", "replace").decode()
        )
        at = self.clock()
        try:
            for address in envelope.rcpt_tos:
                recipient = self.doors.resolve_recipient(address, at=at)
                if recipient is not None:
                    await self._receive(incoming, recipient, address)
        except UnavailableError as fault:
            log.warning("inbound.unavailable", code=fault.code)
            _refused.labels("unavailable").inc()
            return "451 4.3.0 try again later"
        return "250 2.0.0 received"

    async def handle_exception(self, error: Exception) -> str:
        """Answer an error that nothing expected: the sender keeps the mail."""
        log.error("inbound.failed", exc_info=error)
        return "451 4.3.0 try again later"

    async def _receive(self, incoming: IncomingMail, recipient: InboundRecipient, address: str) -> None:
        judgement = await self.receiver.receive_mail(incoming, recipient, to=address, at=self.clock())
        if judgement is not None:
            _received.labels(recipient.door.value, judgement.verdict.value, judgement.reason.value).inc()
            log.info("inbound.received", door=recipient.door.value, verdict=judgement.verdict.value)


@dataclass(slots=True, kw_only=True)
class _Places:
    """The sessions that are open, of all clients and of each."""

    limit: int
    limit_per_client: int
    taken: Counter[str] = field(default_factory=Counter)

    def find_refusal(self, client: str) -> str | None:
        """Return why one more session of *client* has no place."""
        if self.taken.total() >= self.limit:
            return "too_many_connections"
        return "too_many_of_client" if self.taken[client] >= self.limit_per_client else None


@asynccontextmanager
async def listen(handler: InboundHandler, config: ListenerConfig) -> AsyncIterator[int]:
    """Accept mail inside the context; yields the port."""
    logging.getLogger(_NOISY).setLevel(logging.CRITICAL)
    places = _Places(limit=config.max_connections, limit_per_client=config.max_connections_per_client)
    server = await asyncio.get_running_loop().create_server(
        lambda: _Session(places, handler, config), config.host, config.port
    )
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


class _Session(SMTP):
    """One session, which holds one of the places while it lasts."""

    line_length_limit = MAX_LINE_BYTES
    command_size_limit = 1_024

    def __init__(self, places: _Places, handler: InboundHandler, config: ListenerConfig) -> None:
        super().__init__(
            handler,
            hostname=config.hostname,
            ident="ESMTP",
            data_size_limit=config.max_bytes,
            enable_SMTPUTF8=True,
            tls_context=config.tls,
            timeout=_TIMEOUT,
            command_call_limit=_COMMAND_LIMITS,
            auth_exclude_mechanism=("LOGIN", "PLAIN"),
            loop=asyncio.get_running_loop(),
        )
        self._places = places
        self._idle_timeout = config.idle_timeout
        self._idle_timer: asyncio.TimerHandle | None = None
        self._client: str | None = None
        """The address whose place it takes; None without one."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a place, or ask the client to come back; it is called again after STARTTLS."""
        if self._client is None:
            client = str((transport.get_extra_info("peername") or ("",))[0])
            if reason := self._places.find_refusal(client):
                _refused.labels(reason).inc()
                _close_busy(transport)
                return
            self._client = client
            self._places.taken[client] += 1
            self.start_idle_timer()
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Give the place back."""
        self.stop_idle_timer()
        super().connection_lost(error)
        if self._client is not None:
            self._places.taken -= Counter((self._client,))
            self._client = None

    def start_idle_timer(self) -> None:
        """End the session unless it names a recipient in time."""
        self.stop_idle_timer()
        self._idle_timer = asyncio.get_running_loop().call_later(self._idle_timeout, self._close_idle)

    def stop_idle_timer(self) -> None:
        """Let the session go on: it has named a recipient."""
        if self._idle_timer is not None:
            self._idle_timer.cancel()

    def _close_idle(self) -> None:
        if isinstance(self.transport, asyncio.Transport):
            _refused.labels("idle").inc()
            self.transport.write(b"421 4.4.2 idle for too long\r\n")
            self.transport.close()


def _close_busy(transport: asyncio.BaseTransport) -> None:
    """Say that all places are taken; the sender comes back."""
    assert isinstance(transport, asyncio.Transport)
    transport.set_protocol(asyncio.Protocol())
    transport.write(b"421 4.3.2 too many connections, try again later\r\n")
    transport.close()
