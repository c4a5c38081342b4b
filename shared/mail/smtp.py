"""The SMTP client for the company's relay: a persistent connection and the classification of replies."""

import asyncio
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Self, cast
from urllib.parse import unquote, urlsplit

from aiosmtplib import SMTP, SMTPException, SMTPHeloError

from shared.mail.address import EmailAddress
from shared.mail.smtp_channel import RawReply, SmtpChannel
from shared.settings import Secret, SettingError

_DEFAULT_PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}
_LOOPBACK_HOSTS = {"127.0.0.1", "::1", "localhost"}
_COMMAND_TIMEOUT = 30
_MAIL_TIMEOUT = 120


class SmtpUnavailableError(Exception):
    """The relay is unavailable for every recipient; the mail is retried."""

    def __init__(self, reason: str, *, code: int = 0, answer_lost: bool = False) -> None:
        super().__init__(reason)
        self.code = code
        self.answer_lost = answer_lost
        """Whether the content was sent, so that the relay may have accepted the email."""


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
    enhanced: str = ""
    """The enhanced code (RFC 3463) such as 5.1.1; "" when the relay gave none."""


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
        """*timeout* limits the wait for each reply while the session is opened, in seconds."""
        self._url = url
        self._timeout = timeout
        self._library: SMTP | None = None
        self._channel: SmtpChannel | None = None

    @property
    def is_open(self) -> bool:
        """Whether a session is open."""
        return self._channel is not None and self._channel.is_open

    async def open(self) -> None:
        """Connect, start TLS and log in as the URL says, unless connected; SmtpUnavailableError on failure."""
        if self.is_open:
            return
        self.close()
        try:
            async with asyncio.timeout(_MAIL_TIMEOUT):
                self._channel = await self._open_channel()
        except (SMTPException, OSError) as fault:
            raise self._build_unavailable_error(fault) from fault

    async def send(self, mail_from: str, to: EmailAddress, raw: bytes) -> SmtpReply:
        """Send one email to one recipient; SmtpUnavailableError when the failure is not about this email.

        *mail_from* is the envelope sender, an addr-spec in ASCII.

        If the connection breaks after the last byte the result is unknown: the email is sent again, with the same
        Message-ID.
        """
        refusal = await self.send_envelope(mail_from, to.addr_spec, needs_smtputf8=to.needs_smtputf8)
        return await self.send_content(raw) if refusal is None else refusal

    async def send_envelope(self, mail_from: str, recipient: str, *, needs_smtputf8: bool = False) -> SmtpReply | None:
        """Send the envelope of an email; return the refusal of its recipient, None when ``send_content`` may follow."""
        await self.open()
        channel = self._get_channel()
        if needs_smtputf8 and not self._supports("smtputf8"):
            return SmtpReply(ReplyClass.PERMANENT_NEGATIVE, 553, "5.6.7")  # RFC 6531 4.2: it cannot be conveyed
        try:
            async with asyncio.timeout(_MAIL_TIMEOUT):
                refusal = await channel.send_envelope(mail_from, recipient, smtputf8=needs_smtputf8)
        except OSError as fault:
            raise self._build_unavailable_error(fault) from fault
        except asyncio.CancelledError:
            self.close()  # in the middle of a command: the session cannot be used for the next email
            raise
        return None if refusal is None else _classify(refusal)

    async def send_content(self, raw: bytes) -> SmtpReply:
        """Send the content of the email whose envelope ``send_envelope`` has sent."""
        channel = self._get_channel()
        try:
            async with asyncio.timeout(_MAIL_TIMEOUT):
                return _classify(await channel.send_content(raw))
        except OSError as fault:
            raise self._build_unavailable_error(fault, answer_lost=getattr(fault, "code", 0) == 0) from fault
        except asyncio.CancelledError:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection without QUIT."""
        if self._channel is not None:
            self._channel.close()
        if self._library is not None:
            self._library.close()
        self._channel = self._library = None

    async def quit_session(self) -> None:
        """Send QUIT and close the connection."""
        if self._channel is not None:
            await self._channel.quit_session()
        self.close()

    async def _open_channel(self) -> SmtpChannel:
        url = self._url
        self._library = library = SMTP(
            hostname=url.host,
            port=url.port,
            username=url.user,
            password=url.password,
            use_tls=url.scheme == "smtps",
            start_tls=url.scheme == "smtp+starttls",
            validate_certs=True,
            timeout=self._timeout,
        )
        await library.connect()
        if library.is_ehlo_or_helo_needed:  # no EHLO yet, so the extensions are unknown
            try:
                await library.ehlo()
            except SMTPHeloError:
                await library.helo()
        # cast: a transport of uvloop keeps the contract but is no subclass.
        transport = cast(asyncio.Transport, library.transport)
        return SmtpChannel(transport, pipelining=self._supports("pipelining"))

    def _supports(self, extension: str) -> bool:
        return self._library is not None and self._library.supports_extension(extension)

    def _get_channel(self) -> SmtpChannel:
        if self._channel is None:
            raise SmtpUnavailableError("NotConnected")
        return self._channel

    def _build_unavailable_error(self, fault: Exception, *, answer_lost: bool = False) -> SmtpUnavailableError:
        self.close()
        # Only the class: a reply may repeat the address, and this is logged.
        return SmtpUnavailableError(type(fault).__name__, code=getattr(fault, "code", 0), answer_lost=answer_lost)


def _classify(reply: RawReply) -> SmtpReply:
    if reply.is_positive:
        kind = ReplyClass.POSITIVE_COMPLETION
    elif 500 <= reply.code < 600:
        kind = ReplyClass.PERMANENT_NEGATIVE
    else:
        kind = ReplyClass.TRANSIENT_NEGATIVE
    return SmtpReply(kind, reply.code, reply.enhanced)
