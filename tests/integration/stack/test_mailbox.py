"""The local mailbox as its users meet it: SMTP in, pages and JSON out."""

from collections.abc import AsyncIterator, Awaitable, Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aiohttp
import aiosmtplib
import pytest

from shared.clock import utc_now
from shared.ids import new_id
from shared.stack.mailbox.pages import serve_pages
from shared.stack.mailbox.smtp import SmtpHandler, serve_smtp
from shared.stack.mailbox.store import Mailbox
from shared.stack.settings import StackPorts
from tests.support.parts import free_ports

Send = Callable[..., Awaitable[None]]


@pytest.fixture(scope="module")
def ports() -> StackPorts:
    return free_ports()


@pytest.fixture(scope="module")
async def mailbox(ports: StackPorts, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[aiohttp.ClientSession]:
    letters = Mailbox(tmp_path_factory.mktemp("mailbox"))
    async with (
        serve_smtp(SmtpHandler(letters, utc_now), "127.0.0.1", ports["smtp"]),
        serve_pages(letters, "127.0.0.1", ports["mailbox"]),
        aiohttp.ClientSession(ports.build_url("mailbox")) as http,
    ):
        yield http


@pytest.fixture
def address() -> str:
    return f"{new_id('ada')}@customers.example"


@pytest.fixture(scope="module")
def send(ports: StackPorts) -> Send:
    """Send one mail as a service does."""

    async def sent(to: str, *, subject: str = "Confirm", text: str = "A text.\n", html: str = "") -> None:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = "no-reply@candor.example", to, subject
        message.set_content(text)
        if html:
            message.add_alternative(html, subtype="html")
        await aiosmtplib.send(message, hostname="127.0.0.1", port=ports["smtp"], use_tls=False, start_tls=False)

    return sent


async def mails(mailbox: aiohttp.ClientSession, to: str) -> list[dict[str, Any]]:
    async with mailbox.get("/mailbox/api/messages", params={"to": to}) as answer:
        return list((await answer.json())["items"])


async def page(mailbox: aiohttp.ClientSession, path: str, status: int = 200) -> str:
    async with mailbox.get(path) as answer:
        assert answer.status == status
        return await answer.text()


async def test_a_mail_that_is_sent_is_there_at_once(mailbox: aiohttp.ClientSession, send: Send, address: str) -> None:
    await send(address, html="<p>A text.</p>")
    [mail] = await mails(mailbox, address)
    assert set(mail) >= {"id", "to", "from", "subject", "text", "html", "headers", "received_at"}
    assert (mail["to"], mail["subject"], mail["text"].strip()) == (address, "Confirm", "A text.")
    assert mail["headers"]["From"] == "no-reply@candor.example"


async def test_the_newest_comes_first(mailbox: aiohttp.ClientSession, send: Send, address: str) -> None:
    for subject in ("one", "two", "three"):
        await send(address, subject=subject)
    assert [mail["subject"] for mail in await mails(mailbox, address)] == ["three", "two", "one"]


async def test_nobody_else_s_mail_is_among_mine(mailbox: aiohttp.ClientSession, send: Send, address: str) -> None:
    await send(address)
    assert await mails(mailbox, address.replace("@", "x@")) == []


async def test_an_international_address_and_subject_arrive_whole(mailbox: aiohttp.ClientSession, send: Send) -> None:
    to = f"{new_id('jürgen')}@customers.example"
    await send(to, subject="Bestätigen – jetzt")
    [mail] = await mails(mailbox, to)
    assert mail["subject"] == "Bestätigen – jetzt"


async def test_a_mail_over_the_bound_is_refused_and_nothing_is_kept(
    mailbox: aiohttp.ClientSession, send: Send, address: str
) -> None:
    with pytest.raises(aiosmtplib.SMTPException):
        await send(address, text="x" * 79 * 300_000)
    assert await mails(mailbox, address) == []


async def test_the_page_lists_finds_and_says_when_there_is_nothing(
    mailbox: aiohttp.ClientSession, send: Send, address: str
) -> None:
    await send(address, subject="Hello Ada")
    assert "Hello Ada" in await page(mailbox, "/mailbox")
    assert "Hello Ada" in await page(mailbox, f"/mailbox?to={address[:12]}")
    assert 'class="empty"' in await page(mailbox, "/mailbox?to=nobody@nowhere.example")


async def test_links_in_a_text_can_be_followed_and_nothing_else_is_markup(
    mailbox: aiohttp.ClientSession, send: Send, address: str
) -> None:
    await send(address, text='Open http://127.0.0.1/account/verify?token=a.b-c_d. <script>alert("x")</script>\n')
    [mail] = await mails(mailbox, address)
    shown = await page(mailbox, f"/mailbox/messages/{mail['id']}")
    assert 'href="http://127.0.0.1/account/verify?token=a.b-c_d"' in shown
    assert "<script>alert" not in shown


async def test_what_a_mail_holds_does_not_act_here(mailbox: aiohttp.ClientSession, send: Send, address: str) -> None:
    await send(
        address, subject="<script>1</script>", html="<script>parent.x = 1</script><a href='http://a.example'>a</a>"
    )
    [mail] = await mails(mailbox, address)
    shown = await page(mailbox, f"/mailbox/messages/{mail['id']}")
    assert "<script>1" not in shown
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in shown
    async with mailbox.get(f"/mailbox/messages/{mail['id']}/html") as answer:
        rules = answer.headers["Content-Security-Policy"]
    assert rules.startswith("sandbox allow-popups")
    assert "default-src 'none'" in rules


async def test_a_mail_can_be_taken_away_as_it_came(mailbox: aiohttp.ClientSession, send: Send, address: str) -> None:
    await send(address)
    [mail] = await mails(mailbox, address)
    async with mailbox.get(f"/mailbox/messages/{mail['id']}/raw") as answer:
        assert answer.content_type == "message/rfc822"
        assert f"{mail['id']}.eml" in answer.headers["Content-Disposition"]
        assert f"To: {address}".encode() in await answer.read()


@pytest.mark.parametrize("path", ["/mailbox/messages/mail_nope", "/mailbox/messages/..%2f..%2fkeys", "/mailbox/x"])
async def test_what_is_not_there_is_not_found(mailbox: aiohttp.ClientSession, path: str) -> None:
    await page(mailbox, path, status=404)


@pytest.mark.parametrize("limit", ["0", "-1", "101", "x", "²", ""])
async def test_a_limit_that_is_none_is_refused(mailbox: aiohttp.ClientSession, limit: str) -> None:
    await page(mailbox, f"/mailbox/api/messages?limit={limit}", status=400)


async def test_the_list_refreshes_itself_by_a_script_of_its_own(mailbox: aiohttp.ClientSession) -> None:
    assert "setInterval" in await page(mailbox, "/mailbox/mailbox.js")
    assert '<script src="/mailbox/mailbox.js" defer>' in await page(mailbox, "/mailbox")


async def test_a_restart_loses_nothing(tmp_path: Path) -> None:
    message = EmailMessage()
    message["To"] = "ada@customers.example"
    Mailbox(tmp_path).add(message.as_bytes(), sender="x", recipients=("ada@customers.example",), at=utc_now())
    assert len(Mailbox(tmp_path).list_newest(10)) == 1
