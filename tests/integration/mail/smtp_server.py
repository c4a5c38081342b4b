"""A post office of the tests: a relay that answers as it is told, on loopback; a post and postmen that use it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from shared.clock import utc_now
from shared.crypto import Keyring, KeyUse, Vault
from shared.mail import (
    DkimSigner,
    EmailAddress,
    EmailMessage,
    FromAddress,
    MailLogDocument,
    MailQueue,
    MailSender,
    QueuedMailDocument,
    ReturnPathSigner,
    SenderConfig,
    SmtpUrl,
)
from shared.mongo import Database
from shared.settings import Secret

SENDER = FromAddress("Candor", EmailAddress("no-reply@candor.example"))
QUICK = SenderConfig(
    connections=2,
    batch_size=16,
    claim_ttl=timedelta(seconds=1),
    poll_interval=timedelta(seconds=0.1),
    retry_delay_min=timedelta(seconds=0.05),
    retry_delay_max=timedelta(seconds=0.2),
    reconnect_delay_max=timedelta(seconds=0.2),
)


@dataclass
class FakeSmtpServer:
    """A real SMTP server whose answers a test decides; the names of its methods are aiosmtpd's."""

    mails: list[bytes] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    senders: list[str | None] = field(default_factory=list)
    """MAIL FROM of each mail that it was offered."""
    at_rcpt: list[str] = field(default_factory=list)
    """Answers to the next recipients, in place of yes."""
    at_data: list[str] = field(default_factory=list)
    """Answers to the next mails, in place of yes; "hang up" takes the mail and says nothing."""
    pause: float = 0.0
    port: int = 0
    server: asyncio.Server | None = None

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.at_rcpt:
            return self.at_rcpt.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        self.senders.append(envelope.mail_from)
        await asyncio.sleep(self.pause)
        answer = self.at_data.pop(0) if self.at_data else "250 OK"
        if answer[0] in "2h":
            content = envelope.content
            assert isinstance(content, bytes)
            self.mails.append(content)
            self.recipients.append(list(envelope.rcpt_tos))
        if answer == "hang up":
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return answer

    async def open(self) -> None:
        """Listen, on the port of before if there was one."""

        def door() -> SMTP:
            return SMTP(self, hostname="relay.candor.example", enable_SMTPUTF8=True, loop=asyncio.get_running_loop())

        self.server = await asyncio.get_running_loop().create_server(door, "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Refuse connections."""
        if self.server is not None:
            self.server.close()

    def message_ids(self) -> list[str]:
        return [str(message_from_bytes(raw)["Message-ID"]) for raw in self.mails]


@dataclass(frozen=True, kw_only=True)
class MailHarness:
    """The mail of one service."""

    db: Database
    vault: Vault
    post: MailQueue
    relay: FakeSmtpServer
    keyring: Keyring

    def build_sender(
        self,
        post: MailQueue | None = None,
        pace: SenderConfig = QUICK,
        *,
        return_path: ReturnPathSigner | None = None,
    ) -> MailSender:
        url = SmtpUrl.parse(Secret(f"smtp://127.0.0.1:{self.relay.port}"))
        dkim = DkimSigner.from_keyring(self.keyring, "candor.example")
        return MailSender(
            post or self.post, url, SENDER, dkim=dkim, return_path=return_path, clock=utc_now, config=pace
        )

    @asynccontextmanager
    async def run_senders(self, *postmen: MailSender) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(postman.run()) for postman in postmen or (self.build_sender(),)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes), outcomes

    async def queued(self) -> list[QueuedMailDocument]:
        return await self.db.get_collection(QueuedMailDocument).list({}, sort=["created_at"])

    async def logged(self) -> list[MailLogDocument]:
        return await self.db.get_collection(MailLogDocument).list({}, sort=["at"])

    async def empty(self, within: float = 10) -> None:
        await until(self._is_empty, within)

    async def _is_empty(self) -> bool:
        return await self.queued() == []


async def until(check: Callable[[], Any], within: float = 10) -> None:
    """Return as soon as *check* says yes."""
    async with asyncio.timeout(within):
        while not await check():  # noqa: ASYNC110 - it is another process that changes
            await asyncio.sleep(0.02)


def build_email(number: int = 0, **fields: Any) -> EmailMessage:
    to = fields.pop("to", None) or EmailAddress(f"person{number}@candor.example")
    return EmailMessage(
        **{"kind": "identity.verification", "to": to, "subject": f"Number {number}", "text": "x", **fields}
    )


USES = [KeyUse.WRAP, KeyUse.BLIND, KeyUse.DKIM]
