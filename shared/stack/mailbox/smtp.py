"""The SMTP server of the mailbox: on loopback, without log-in; it accepts every recipient."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiosmtpd.smtp import SMTP, Envelope, Session

from shared.clock import Clock
from shared.stack.mailbox.store import Mailbox

MAX_MESSAGE_BYTES = 20 * 2**20


@dataclass(frozen=True)
class SmtpHandler:
    """Stores each mail; the method names are aiosmtpd's.

    Without slots: aiosmtpd reads every attribute, and with slots one of them cannot be read on Debian's Python 3.11.2.
    """

    mailbox: Mailbox
    clock: Clock

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Store one mail."""
        content = envelope.content or b""
        raw = content if isinstance(content, bytes) else content.encode()
        mail = self.mailbox.add(
            raw, sender=envelope.mail_from or "", recipients=tuple(envelope.rcpt_tos), at=self.clock()
        )
        return f"250 stored as {mail.id}"


@asynccontextmanager
async def serve_smtp(handler: SmtpHandler, host: str, port: int) -> AsyncIterator[None]:
    """Accept mail on *host* and *port* inside the context."""

    def create_protocol() -> SMTP:
        return SMTP(
            handler,
            hostname="mailbox.candor.example",
            data_size_limit=MAX_MESSAGE_BYTES,
            enable_SMTPUTF8=True,
            ident="Candor mailbox",
        )

    server = await asyncio.get_running_loop().create_server(create_protocol, host, port)
    try:
        yield
    finally:
        server.close()
