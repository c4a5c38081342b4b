"""The SMTP dialogue of an opened session: commands in one packet (RFC 2920), replies with their enhanced code.

``aiosmtplib`` opens the session (TLS, log-in); it waits for each reply before the next command, which costs three round
trips an email, and it keeps no enhanced code. So its transport continues under this protocol.
"""

import asyncio
import re
from collections import deque
from dataclasses import dataclass

_ENHANCED_CODE = re.compile(rb"([245]\.\d{1,3}\.\d{1,3})(?: |$)")
_FORBIDDEN_IN_COMMAND = re.compile(r"[\x00-\x1f\x7f]")
_MAX_REPLY_BYTES = 32_768
_LOST_CODES = frozenset({421, 503})
"""Service closing; bad sequence of commands: the state of the session is lost."""
_START_DATA = 354
_RSET_DELAY_LIMIT = 10.0


class SmtpDialogueError(OSError):
    """The session cannot go on; *code* is the reply that ended it, 0 without one."""

    def __init__(self, reason: str, code: int = 0) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True)
class RawReply:
    """A reply: the code of three digits, and the enhanced code (RFC 3463), "" without one."""

    code: int
    enhanced: str

    @property
    def is_positive(self) -> bool:
        """Whether the command succeeded."""
        return 200 <= self.code < 300

    @property
    def loses_session(self) -> bool:
        """Whether the server has given up the session."""
        return self.code in _LOST_CODES


class SmtpChannel(asyncio.Protocol):
    """One session after its greeting, EHLO, TLS and log-in; at most one email at a time."""

    def __init__(self, transport: asyncio.Transport, *, pipelining: bool) -> None:
        self._transport = transport
        self._pipelining = pipelining
        self._buffer = b""
        self._replies: deque[RawReply] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._fault: Exception | None = None
        self._lines: list[bytes] = []
        transport.set_protocol(self)

    @property
    def is_open(self) -> bool:
        """Whether the next email can be sent on this session."""
        return self._fault is None and not self._transport.is_closing()

    def data_received(self, data: bytes) -> None:
        """Parse the complete lines of *data*."""
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            self._receive_line(line.rstrip(b"\r"))
        if len(self._buffer) > _MAX_REPLY_BYTES or len(self._lines) > 100:
            self._fail(SmtpDialogueError("the reply is too long"))
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail whatever waits."""
        self._fail(exc or SmtpDialogueError("the connection was closed"))
        self._wake()

    async def send_envelope(self, mail_from: str, recipient: str, *, smtputf8: bool = False) -> RawReply | None:
        """Send the envelope of an email; return the refusal of its recipient, None when the content may follow."""
        commands = [
            _encode(f"MAIL FROM:<{mail_from}>{' SMTPUTF8' if smtputf8 else ''}", utf8=smtputf8),
            _encode(f"RCPT TO:<{recipient}>", utf8=smtputf8),
            b"DATA\r\n",
        ]
        if self._pipelining:
            self._transport.write(b"".join(commands))
            sender, to, data = [await self._read_reply() for _ in commands]
        else:
            sender, to, data = await self._send_in_turn(commands)
        if sender.is_positive and to.is_positive and data.code == _START_DATA:
            return None
        if data.code == _START_DATA:
            # RFC 2920 3.1: a server may want the content although it has refused the only recipient.
            self._transport.write(b".\r\n")
            await self._read_reply()
        return await self._refuse(sender, to, data)

    async def send_content(self, content: bytes) -> RawReply:
        """Send the content of the email that ``send_envelope`` has opened; return the reply, a refusal too.

        An exception after this call has begun leaves open whether the server has taken the email.
        """
        self._transport.write(stuff_dots(content))
        reply = await self._read_reply()
        if reply.loses_session:
            raise self._end(SmtpDialogueError("the server ended the session", reply.code))
        if not reply.is_positive:
            await self._reset()
        return reply

    async def quit_session(self) -> None:
        """Send QUIT, wait briefly for its reply, and close."""
        if self.is_open:
            self._transport.write(b"QUIT\r\n")
            try:
                async with asyncio.timeout(1):
                    await self._read_reply()
            except OSError:  # includes a timeout
                pass
        self.close()

    def close(self) -> None:
        """Close the connection without QUIT."""
        self._fault = self._fault or SmtpDialogueError("the connection was closed")
        self._transport.abort()

    async def _send_in_turn(self, commands: list[bytes]) -> list[RawReply]:
        """Send each command after the reply to the one before; a refusal stands for the rest."""
        replies: list[RawReply] = []
        for command in commands:
            if replies and not replies[-1].is_positive:
                replies.append(replies[-1])
                continue
            self._transport.write(command)
            replies.append(await self._read_reply())
        return replies

    async def _refuse(self, sender: RawReply, to: RawReply, data: RawReply) -> RawReply:
        if not sender.is_positive:
            raise self._end(SmtpDialogueError("the server refused the sender", sender.code))
        refusal = data if to.is_positive else to
        if refusal.loses_session:
            raise self._end(SmtpDialogueError("the server ended the session", refusal.code))
        await self._reset()
        return refusal

    async def _reset(self) -> None:
        # Without RSET the next MAIL fails with "503 sender already specified".
        async with asyncio.timeout(_RSET_DELAY_LIMIT):
            self._transport.write(b"RSET\r\n")
            reply = await self._read_reply()
        if not reply.is_positive:
            raise self._end(SmtpDialogueError("the server refused RSET", reply.code))

    async def _read_reply(self) -> RawReply:
        while not self._replies:
            if self._fault is not None:
                raise self._fault
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self._replies.popleft()

    def _receive_line(self, line: bytes) -> None:
        code = line[:3]
        if not code.isdigit() or line[3:4] not in (b" ", b"-", b""):
            self._fail(SmtpDialogueError("the reply is malformed"))
            return
        self._lines.append(line)
        if line[3:4] != b"-":
            self._replies.append(_parse_reply(self._lines))
            self._lines = []

    def _fail(self, fault: Exception) -> None:
        self._fault = self._fault or fault

    def _end(self, fault: SmtpDialogueError) -> SmtpDialogueError:
        self._fail(fault)
        self._transport.abort()
        return fault

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def stuff_dots(content: bytes) -> bytes:
    """Return *content* as DATA sends it (RFC 5321 4.5.2), with the final dot; ValueError for a bare CR or LF.

    A bare line break before a dot ends the email for some servers and not for others (SMTP smuggling).
    """
    breaks = content.count(b"\r\n")
    if not content.endswith(b"\r\n") or content.count(b"\n") != breaks or content.count(b"\r") != breaks:
        raise ValueError("an email consists of lines that end in CRLF")
    stuffed = content.replace(b"\r\n.", b"\r\n..")
    return b"".join((b"." if stuffed.startswith(b".") else b"", stuffed, b".\r\n"))


def _encode(command: str, *, utf8: bool) -> bytes:
    if _FORBIDDEN_IN_COMMAND.search(command):
        raise ValueError("an address holds a control character")
    return command.encode("utf-8" if utf8 else "ascii") + b"\r\n"


def _parse_reply(lines: list[bytes]) -> RawReply:
    last = lines[-1]
    code = int(last[:3])
    found = _ENHANCED_CODE.match(last, 4)
    # RFC 2034: the class of the enhanced code is the first digit of the reply.
    enhanced = found[1].decode() if found and found[1][:1] == last[:1] else ""
    return RawReply(code, enhanced)
