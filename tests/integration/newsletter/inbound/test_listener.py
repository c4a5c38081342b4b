"""The listener as mail servers see it: which mail it takes, what it refuses, and that it loses nothing."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiosmtplib
import pytest

from services.newsletter.api.inbound.smtp import InboundHandler, ListenerConfig, listen
from services.newsletter.app import compose_inbound
from services.newsletter.service.inbound import receive
from shared.errors import UnavailableError
from shared.ids import new_id
from shared.settings import SettingError
from tests.integration.newsletter.inbound.letterbox import DOMAIN, Letterbox, open_letterbox
from tests.support.certificates import make_certificate

LIMITS = ListenerConfig(
    host="127.0.0.1",
    port=0,
    hostname=DOMAIN,
    max_bytes=10**6,
    max_connections=2,
    max_connections_per_client=2,
    idle_timeout=60,
)
LETTER = b"From: reader@people.example\r\nSubject: Hello\r\nMessage-ID: <1@people.example>\r\n\r\nA question.\r\n"


@asynccontextmanager
async def raw_session(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def say(session: tuple[asyncio.StreamReader, asyncio.StreamWriter], line: bytes) -> str:
    reader, writer = session
    writer.write(line + b"\r\n")
    answer = await asyncio.wait_for(reader.readline(), 5)
    while answer[3:4] == b"-":
        answer = await asyncio.wait_for(reader.readline(), 5)
    return answer.decode()


@pytest.mark.parametrize(
    "to",
    [
        "somebody@candor.example",
        "questions@other.example",
        "bounce+x@other.example",
        "a" * 200 + "@candor.example",
        "questions%other.example@candor.example",
        "@other.example:questions@candor.example",
    ],
)
async def test_it_is_no_relay_and_takes_mail_for_our_addresses_only(letterbox: Letterbox, to: str) -> None:
    assert (await letterbox.deliver(LETTER, to=to))[0] == "5"


@pytest.mark.parametrize("role", ["questions", "support", "security", "abuse", "postmaster", "Support"])
async def test_mail_to_a_role_address_waits_for_a_person(letterbox: Letterbox, role: str) -> None:
    answer = await letterbox.deliver(LETTER, to=f"{role}@{DOMAIN}", sender="reader@people.example")
    assert answer.startswith("250")
    found = await letterbox.newest()
    assert (found.door, found.judgement.reason, found.needs_a_person) == ("role", "request", True)


async def test_the_postmaster_is_reached_without_a_domain(letterbox: Letterbox) -> None:
    assert (await letterbox.deliver(LETTER, to="Postmaster", sender="reader@people.example")).startswith("250")
    assert (await letterbox.newest()).door == "role"
    assert (await letterbox.deliver(LETTER, to="support"))[0] == "5"


async def test_a_report_of_10_mb_is_taken_and_a_larger_mail_refused(letterbox: Letterbox) -> None:
    to = letterbox.return_address(new_id("mail"))
    assert (await letterbox.deliver(LETTER + b"x" * 70 + b"\r\n" + (b"y" * 70 + b"\r\n") * 140_000, to=to)).startswith(
        "250"
    )
    refused = await letterbox.deliver(LETTER + (b"y" * 70 + b"\r\n") * 200_000, to=to)
    assert refused.startswith("552")


async def test_lines_up_to_64_kib_are_taken(letterbox: Letterbox) -> None:
    to = letterbox.return_address(new_id("mail"))
    async with raw_session(letterbox.port) as session:
        await session[0].readline()
        for line in (b"EHLO mx.example", b"MAIL FROM:<>", f"RCPT TO:<{to}>".encode(), b"DATA"):
            assert (await say(session, line))[0] in "23"
        session[1].write(LETTER + b"x" * 65_000 + b"\r\n")
        assert (await say(session, b".")).startswith("250")


async def test_a_report_with_an_address_in_utf_8_is_taken(letterbox: Letterbox) -> None:
    to = letterbox.return_address(new_id("mail"))
    async with raw_session(letterbox.port) as session:
        await session[0].readline()
        await say(session, b"EHLO mx.example")
        assert (await say(session, "MAIL FROM:<jürgen@people.example> SMTPUTF8".encode()))[0] == "2"
        assert (await say(session, f"RCPT TO:<{to}>".encode()))[0] == "2"


@pytest.mark.parametrize(
    "line", [b"RCPT TO:<a\r\nb@candor.example>", b"RCPT TO:<\xff\xfe@candor.example>", b"\0", b"RCPT TO:<>"]
)
async def test_n14_broken_commands_are_refused_and_the_session_goes_on(letterbox: Letterbox, line: bytes) -> None:
    async with raw_session(letterbox.port) as session:
        await session[0].readline()
        await say(session, b"EHLO mx.example")
        await say(session, b"MAIL FROM:<>")
        assert (await say(session, line))[0] == "5"
        assert (await say(session, b"NOOP"))[0] in "25"


async def test_n14_a_second_mail_smuggled_behind_a_bare_dot_stays_text(letterbox: Letterbox) -> None:
    to = letterbox.return_address(new_id("mail"))
    async with raw_session(letterbox.port) as session:
        await session[0].readline()
        for line in (b"EHLO mx.example", b"MAIL FROM:<>", f"RCPT TO:<{to}>".encode(), b"DATA"):
            await say(session, line)
        session[1].write(LETTER + b"\n.\nMAIL FROM:<>\r\nRCPT TO:<support@candor.example>\r\nDATA\r\n")
        assert (await say(session, b".")).startswith("250")
    found = await letterbox.inside.modules.inbound.review.list_newest(before=None, needs_a_person=False, limit=9)
    assert len(found) == 1


async def test_more_sessions_than_places_are_asked_to_come_back(letterbox: Letterbox) -> None:
    async with (
        open_letterbox(letterbox.inside, letterbox.clock, max_connections=1) as small,
        raw_session(small.port) as first,
    ):
        assert (await first[0].readline()).startswith(b"220")
        async with raw_session(small.port) as second:
            assert (await second[0].readline()).startswith(b"421")
        first[1].close()
        await first[1].wait_closed()
        await asyncio.sleep(0.05)
        async with raw_session(small.port) as third:
            assert (await third[0].readline()).startswith(b"220")


async def test_one_client_takes_a_part_of_the_places_only(letterbox: Letterbox) -> None:
    async with (
        open_letterbox(letterbox.inside, letterbox.clock, max_connections_per_client=1) as small,
        raw_session(small.port) as first,
    ):
        assert (await first[0].readline()).startswith(b"220")
        async with raw_session(small.port) as second:
            assert (await second[0].readline()).startswith(b"421")
        reader, writer = await asyncio.open_connection("127.0.0.1", small.port, local_addr=("127.0.0.2", 0))
        assert (await reader.readline()).startswith(b"220")
        writer.close()
        await writer.wait_closed()


async def test_idle_sessions_give_their_places_back(letterbox: Letterbox) -> None:
    async with open_letterbox(letterbox.inside, letterbox.clock, max_connections=1, idle_timeout=1) as small:
        async with raw_session(small.port) as idle:
            await idle[0].readline()
            assert (await say(idle, b"EHLO mx.example")).startswith("250")
            assert (await idle[0].readline()).startswith(b"421 4.4.2")
        async with raw_session(small.port) as next_one:
            assert (await next_one[0].readline()).startswith(b"220")


async def test_a_mail_that_cannot_be_recorded_stays_with_its_sender(letterbox: Letterbox) -> None:
    async def fail(_work: Callable[[], Awaitable[Any]], /) -> Any:
        raise UnavailableError("the database is away")

    broken = replace(letterbox.receiver, transact=fail)
    answer = await deliver_to(letterbox, broken)
    assert answer.startswith("451")
    assert (await deliver_to(letterbox, letterbox.receiver)).startswith("250")


async def test_a_flood_of_mails_for_staff_ends_before_the_disk_does(
    letterbox: Letterbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receive, "MAX_KEPT", 1)
    assert (await letterbox.deliver(LETTER, to=f"support@{DOMAIN}")).startswith("250")
    assert (await letterbox.deliver(LETTER.replace(b"<1@", b"<2@"), to=f"support@{DOMAIN}")).startswith("451")


async def test_starttls_protects_a_mail_on_its_way(letterbox: Letterbox, tmp_path: Path) -> None:
    cert, key = make_certificate(tmp_path, DOMAIN)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(cert, key)
    handler = InboundHandler(
        doors=letterbox.receiver.doors, receiver=letterbox.receiver, clock=letterbox.inside.chassis.clock
    )
    config = replace(LIMITS, tls=server)
    trusting = ssl.create_default_context(cafile=str(cert))
    async with listen(handler, config) as port:
        client = aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False, use_tls=False)
        async with client:
            await client.starttls(server_hostname=DOMAIN, tls_context=trusting)
            await client.sendmail("", [f"support@{DOMAIN}"], LETTER)
    assert (await letterbox.newest()).door == "role"


@pytest.mark.parametrize("missing", ["CANDOR_INBOUND_DOMAIN", "NEWSLETTER_RETURN_PATH_MASTER"])
async def test_the_process_names_the_setting_that_it_needs(letterbox: Letterbox, missing: str) -> None:
    given = letterbox.inside.settings
    changed = (
        {"common": given.common.model_copy(update={"inbound_domain": None})}
        if missing == "CANDOR_INBOUND_DOMAIN"
        else {"inbound": given.inbound.model_copy(update={"return_path_master": None})}
    )
    with pytest.raises(SettingError, match=missing):
        compose_inbound(letterbox.inside.chassis, given.model_copy(update=changed))


async def deliver_to(letterbox: Letterbox, receiver: receive.MailReceiver) -> str:
    handler = InboundHandler(doors=receiver.doors, receiver=receiver, clock=letterbox.inside.chassis.clock)
    async with listen(handler, LIMITS) as port:
        return await replace(letterbox, port=port).deliver(LETTER, to=f"support@{DOMAIN}")
