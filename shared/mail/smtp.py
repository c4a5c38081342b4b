"""The SMTP client for the company's relay: a persistent connection and the classification of replies."""

import asyncio
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Self
from urllib.parse import unquote, urlsplit

from aiosmtplib import SMTP, SMTPDataError, SMTPException, SMTPRecipientRefused

from shared.mail.address import EmailAddress
from shared.settings import Secret, SettingError

_DEFAULT_PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}
_LOOPBACK_HOSTS = {"127.0.0.1", "::1", "localhost"}
_SESSION_LOST_CODES = {421, 503}  # service closing; bad sequence of commands: the session state is lost
_COMMAND_TIMEOUT = 30
_MAIL_TIMEOUT = 120


class SmtpUnavailableError(Exception):
    """The relay is unavailable for every recipient; the mail is retried."""

    def __init__(self, reason: str, *, code: int = 0) -> None:
        super().__init__(reason)
        self.code = code


class ReplyClass(Enum):
    """The classes of SMTP replies (RFC 5321 4.2.1) that decide about an email."""

    POSITIVE_COMPLETION = auto()
    TRANSIENT_NEGATIVE = auto()
    PERMANENT_NEGATIVE = auto()


@dataclass(frozen=True, slots=True)
class SmtpReply:
    """The reply of the relay to one email."""

    reply_class: ReplyClass
    code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpUrl:
    """The URL of the relay: ``smtp://``, ``smtps://`` (implicit TLS) or ``smtp+starttls://`` (STARTTLS required)."""

    scheme: str
    host: str
    port: int
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, url: Secret) -> Self:
        """Parse the setting SMTP_URL; reject a password that would be sent over a network without TLS."""
        parts = urlsplit(url.get_secret_value())
        if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
            raise SettingError("SMTP_URL must be like smtps://user:password@relay.example:465")
        if parts.password and parts.scheme == "smtp" and parts.hostname not in _LOOPBACK_HOSTS:
            raise SettingError("SMTP_URL holds a password but no TLS; use smtps:// or smtp+starttls://")
        return cls(
            scheme=parts.scheme,
            host=parts.hostname,
            port=parts.port or _DEFAULT_PORTS[parts.scheme],
            user=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
        )


class SmtpClient:
    """A connection to the relay, opened on demand and reopened after any unclear reply."""

    def __init__(self, url: SmtpUrl, *, timeout: float = _COMMAND_TIMEOUT) -> None:
        """*timeout* limits the wait for each reply, in seconds."""
        self._client = SMTP(
            hostname=url.host,
            port=url.port,
            username=url.user,
            password=url.password,
            use_tls=url.scheme == "smtps",
            start_tls=url.scheme == "smtp+starttls",
            validate_certs=True,
            timeout=timeout,
        )

    async def open(self) -> None:
        """Connect, start TLS and log in as the URL says, unless connected; SmtpUnavailableError on failure."""
        if self._client.is_connected:
            return
        try:
            async with asyncio.timeout(_MAIL_TIMEOUT):
                await self._client.connect()
        except (SMTPException, OSError) as fault:
            raise self._build_unavailable_error(fault) from fault

    async def send(self, mail_from: str, to: EmailAddress, raw: bytes) -> SmtpReply:
        """Send one email to one recipient; SmtpUnavailableError when the failure is not about this email.

        *mail_from* is the envelope sender, an addr-spec in ASCII.

        If the connection breaks after the last byte the result is unknown: the email is sent again, with the same
        Message-ID.
        """
        try:
            async with asyncio.timeout(_MAIL_TIMEOUT):
                return await self._send(mail_from, to, raw)
        except (SMTPException, OSError) as fault:
            raise self._build_unavailable_error(fault) from fault
        except asyncio.CancelledError:
            self.close()  # in the middle of a command: the session cannot be used for the next email
            raise

    def close(self) -> None:
        """Close the connection without QUIT."""
        self._client.close()

    async def quit_session(self) -> None:
        """Send QUIT and close the connection."""
        if self._client.is_connected:
            try:
                await self._client.quit(timeout=1)
            except (SMTPException, OSError):
                self.close()

    async def _send(self, mail_from: str, to: EmailAddress, raw: bytes) -> SmtpReply:
        if to.needs_smtputf8 and not await self._supports_smtputf8():
            return SmtpReply(ReplyClass.PERMANENT_NEGATIVE, 553)
        options, encoding = (["SMTPUTF8"], "utf-8") if to.needs_smtputf8 else ([], "ascii")
        await self._client.mail(mail_from, options=options)
        try:
            await self._client.rcpt(to.addr_spec, encoding=encoding)
            return SmtpReply(ReplyClass.POSITIVE_COMPLETION, (await self._client.data(raw)).code)
        except (SMTPRecipientRefused, SMTPDataError) as fault:
            if fault.code in _SESSION_LOST_CODES:
                raise
            # Without RSET the next MAIL fails with "503 sender already specified".
            await self._client.rset()
            return SmtpReply(
                ReplyClass.PERMANENT_NEGATIVE if 500 <= fault.code < 600 else ReplyClass.TRANSIENT_NEGATIVE, fault.code
            )

    async def _supports_smtputf8(self) -> bool:
        if self._client.is_ehlo_or_helo_needed:  # no EHLO yet, so the extensions are unknown
            await self._client.ehlo()
        return self._client.supports_extension("smtputf8")

    def _build_unavailable_error(self, fault: Exception) -> SmtpUnavailableError:
        self.close()
        # Only the class: a reply may repeat the address, and this is logged.
        return SmtpUnavailableError(type(fault).__name__, code=getattr(fault, "code", 0))
