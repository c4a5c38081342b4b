"""The SMTP server for mail that comes in: parse, one call, answer.

It takes mail for our own addresses only, so it is no relay, and answers 250 only when the mail is recorded. The sender
keeps and repeats what was answered with 4xx.
"""

import asyncio
import logging
import ssl
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
"""For each command; a mail must be over within it."""
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
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Accept our own addresses only."""
        if len(envelope.rcpt_tos) >= MAX_RECIPIENTS:
            return "452 4.5.3 too many recipients"
        if self.doors.resolve_recipient(address, at=self.clock()) is None:
            _refused.labels("unknown_recipient").inc()
            return "550 5.1.1 no such address here"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Judge and record the mail for each of its recipients."""
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


@dataclass(slots=True)
class _Places:
    """The sessions that are open, of at most *limit*."""

    limit: int
    taken: int = 0


@asynccontextmanager
async def listen(handler: InboundHandler, config: ListenerConfig) -> AsyncIterator[int]:
    """Accept mail inside the context; yields the port."""
    logging.getLogger(_NOISY).setLevel(logging.CRITICAL)
    places = _Places(config.max_connections)

    def create_protocol() -> asyncio.Protocol:
        if places.taken >= places.limit:
            _refused.labels("too_many_connections").inc()
            return _Busy()
        return _Session(places, handler, config)

    server = await asyncio.get_running_loop().create_server(create_protocol, config.host, config.port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


class _Busy(asyncio.Protocol):
    """Says that all places are taken; the sender comes back."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Answer and close."""
        assert isinstance(transport, asyncio.Transport)
        transport.write(b"421 4.3.2 too many connections, try again later\r\n")
        transport.close()


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
        self._has_place = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a place; it is called again after STARTTLS."""
        if not self._has_place:
            self._has_place = True
            self._places.taken += 1
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Give the place back."""
        super().connection_lost(error)
        if self._has_place:
            self._has_place = False
            self._places.taken -= 1
