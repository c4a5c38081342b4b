"""The SMTP dialogue with a relay that takes commands in one packet, and one that behaves badly."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from shared.mail import EmailAddress, SmtpClient, SmtpUnavailableError, SmtpUrl
from shared.mail.smtp import ReplyClass
from shared.mail.smtp_channel import stuff_dots
from shared.settings import Secret

FROM, ADA, RAW = "news@candor.example", EmailAddress("ada@candor.example"), b"Subject: x\r\n\r\nHello\r\n.\r\n..\r\n"
YES = {
    "EHLO": "250-relay\r\n250-PIPELINING\r\n250 ENHANCEDSTATUSCODES",
    "DATA": "354 go",
    ".": "250 2.0.0 taken",
    "QUIT": "221 bye",
}


@dataclass
class ScriptedRelay:
    """Answers each command by its first word; "" hangs up, and a list is worked off."""

    answers: dict[str, str | list[str]]
    seen: list[str] = field(default_factory=list)
    packets: int = 0
    contents: list[bytes] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        writer.write(b"220 relay ESMTP\r\n")
        while line := (await reader.readline()).decode().rstrip("\r\n"):
            verb = line.split(":")[0].split(" ")[0].upper()
            self.seen.append(line)
            answer = self._answer(verb)
            if not answer:
                break
            writer.write(answer.encode() + b"\r\n")
            if verb == "DATA" and answer.startswith("354"):
                content = b""
                while (part := await reader.readline()) != b".\r\n":
                    content += part
                self.contents.append(content)
                answer = self._answer(".")
                if not answer:
                    break
                for byte in answer.encode() + b"\r\n":  # a reply in many packets
                    writer.write(bytes((byte,)))
                    await writer.drain()
        writer.close()

    def _answer(self, verb: str) -> str:
        wanted = self.answers.get(verb, "250 2.1.0 OK")
        if isinstance(wanted, list):
            return wanted.pop(0) if wanted else str(YES.get(verb, "250 OK"))
        return wanted


@asynccontextmanager
async def relay(**answers: str | list[str]) -> AsyncIterator[tuple[ScriptedRelay, SmtpClient]]:
    script = ScriptedRelay({**YES, **answers})
    server = await asyncio.start_server(script.serve, "127.0.0.1", 0)
    script.port = server.sockets[0].getsockname()[1]
    client = SmtpClient(SmtpUrl.parse(Secret(f"smtp://127.0.0.1:{script.port}")))
    try:
        yield script, client
    finally:
        client.close()
        server.close()


async def test_the_envelope_is_one_packet_where_the_relay_takes_it() -> None:
    async with relay() as (script, client):
        reply = await client.send(FROM, ADA, RAW)
        assert (reply.reply_class, reply.code, reply.enhanced) == (ReplyClass.POSITIVE_COMPLETION, 250, "2.0.0")
        assert script.contents == [b"Subject: x\r\n\r\nHello\r\n..\r\n...\r\n"]
        assert script.seen[1:] == [f"MAIL FROM:<{FROM}>", "RCPT TO:<ada@candor.example>", "DATA"]
        await client.send(FROM, ADA, RAW)
        await client.quit_session()
        assert (script.connections, len(script.contents)) == (1, 2)


@pytest.mark.parametrize(
    ("answers", "code", "enhanced"),
    [
        ({"RCPT": "550 5.1.1 no such user"}, 550, "5.1.1"),
        ({"RCPT": "550-5.1.1 no\r\n550 5.1.1 really"}, 550, "5.1.1"),
        ({"RCPT": "550 user unknown"}, 550, ""),
        ({"RCPT": "550 4.1.1 a class that does not fit"}, 550, ""),
        ({"RCPT": "450 4.2.1 later"}, 450, "4.2.1"),
        ({"DATA": "452 4.3.1 full"}, 452, "4.3.1"),
        ({".": "554 5.7.1 blocked"}, 554, "5.7.1"),
    ],
)
async def test_N15_after_a_refusal_the_session_is_reset_and_used_again(
    answers: dict[str, str], code: int, enhanced: str
) -> None:
    once: dict[str, str | list[str]] = {verb: [answer] for verb, answer in answers.items()}
    async with relay(**once) as (script, client):
        refused = await client.send(FROM, ADA, RAW)
        assert (refused.code, refused.enhanced) == (code, enhanced)
        assert "RSET" in script.seen
        assert (await client.send(FROM, ADA, RAW)).code == 250
        assert script.connections == 1


async def test_a_relay_that_wants_content_for_a_refused_recipient_gets_none() -> None:
    async with relay(RCPT=["550 5.1.1 no"]) as (script, client):
        script.answers["DATA"] = "354 go all the same"
        assert (await client.send(FROM, ADA, RAW)).code == 550
        assert script.contents == [b""]


@pytest.mark.parametrize("answers", [{"MAIL": ["421 4.3.2 closing"]}, {"MAIL": ["550 5.7.1 not you"]}, {"RCPT": [""]}])
async def test_a_failure_before_the_content_leaves_no_doubt(answers: dict[str, str | list[str]]) -> None:
    async with relay(**answers) as (_, client):
        with pytest.raises(SmtpUnavailableError) as fault:
            await client.send(FROM, ADA, RAW)
        assert not fault.value.answer_lost
        assert (await client.send(FROM, ADA, RAW)).code == 250


@pytest.mark.parametrize(("answer", "lost"), [("", True), ("not SMTP", True), ("421 4.3.2 closing", False)])
async def test_a_failure_after_the_content_says_whether_the_answer_is_lost(answer: str, lost: bool) -> None:
    async with relay(**{".": [answer]}) as (_, client):
        with pytest.raises(SmtpUnavailableError) as fault:
            await client.send(FROM, ADA, RAW)
        assert fault.value.answer_lost is lost


async def test_a_recipient_in_unicode_is_refused_before_anything_is_sent_that_spoils_the_session() -> None:
    async with relay() as (script, client):
        refused = await client.send(FROM, EmailAddress("áda@candor.example"), RAW)
        assert (refused.code, refused.enhanced) == (553, "5.6.7")
        assert (await client.send(FROM, ADA, RAW)).code == 250
        assert [line for line in script.seen if line.startswith("MAIL")] == [f"MAIL FROM:<{FROM}>"]


@pytest.mark.parametrize(
    "address", ["ada@candor.example>\r\nRCPT TO:<eve@candor.example", "a\nb@candor.example", "a\0@b"]
)
async def test_N14_an_address_cannot_start_another_command(address: str) -> None:
    async with relay() as (script, client):
        with pytest.raises(ValueError, match="control character"):
            await client.send_envelope(FROM, address)
        assert not any("eve" in line for line in script.seen)


@pytest.mark.parametrize("raw", [b"a\n.\r\nb\r\n", b"a\r\n.\n\r\n", b"a\r.\r\n", b"a", b"", b"a\r\r\n"])
def test_N14_content_with_a_bare_line_break_is_never_sent(raw: bytes) -> None:
    with pytest.raises(ValueError, match="CRLF"):
        stuff_dots(raw)
