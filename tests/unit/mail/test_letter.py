"""A letter is for exactly one person, and nothing in it can become a header that was not meant."""

from email import message_from_bytes
from email.message import EmailMessage as MimeMessage
from email.policy import SMTP, SMTPUTF8
from typing import Any

import pytest

from shared.mail import EmailAddress, EmailMessage, FromAddress, InvalidEmailAddressError, compose
from shared.settings import SettingError
from tests.support import NOON

ADA = EmailAddress("ada@candor.example")
SENDER = FromAddress("Candor", EmailAddress("no-reply@candor.example"))
ONE_CLICK = "https://candor.example/newsletter/unsubscribe?token=" + "x" * 300


def letter(**fields: Any) -> EmailMessage:
    return EmailMessage(**{"kind": "identity.verification", "to": ADA, "subject": "Hello", "text": "Hello\n", **fields})


def sent(wanted: EmailMessage) -> bytes:
    return compose(wanted, SENDER, mail_id="mail_1", at=NOON, dkim=None)


def read(raw: bytes) -> MimeMessage:
    message = message_from_bytes(raw, policy=SMTPUTF8)
    assert isinstance(message, MimeMessage)
    assert message.defects == []
    return message


@pytest.mark.parametrize("to", ["ada@candor.example", [ADA, ADA], None, (ADA,)])
def test_C16_a_letter_has_exactly_one_recipient(to: object) -> None:
    with pytest.raises(TypeError, match="exactly one recipient"):
        letter(to=to)


def test_C16_there_is_no_way_to_add_a_second_one() -> None:
    for name in ("Cc", "Bcc", "To", "Resent-To", "From", "Sender", "Return-Path", "DKIM-Signature", "List-Unsubscribe"):
        with pytest.raises(ValueError, match="may not set the header"):
            letter(headers={name: "eve@candor.example"})
    message = read(sent(letter()))
    assert message["To"] == "ada@candor.example"
    assert (message["Cc"], message["Bcc"]) == (None, None)


@pytest.mark.parametrize(
    "text",
    [
        "a\r\nBcc: eve@candor.example",
        "a\nBcc: eve@candor.example",
        "a\rBcc: eve@candor.example",
        "a\x0bBcc: x",
        "a\x85Bcc: x",
        "a\u2028Bcc: x",
        "a\0",
        "\ud800",
        "",
        "x" * 301,
    ],
)
def test_a_subject_is_one_printable_line(text: str) -> None:
    with pytest.raises(ValueError, match="one line"):
        letter(subject=text)


@pytest.mark.parametrize("value", ["a\r\nBcc: x", "a\nb", "é", "", "x" * 1000])
def test_a_header_is_one_line_of_ascii(value: str) -> None:
    with pytest.raises(ValueError, match="may not set the header"):
        letter(headers={"Reply-To": value})


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example/\r\nBcc: x",
        "https://a.example/ b",
        "https://a.example/>, <mailto:x",
        "mailto:leave@candor.example",
        "javascript:alert(1)",
        "https://ä.example/",
    ],
)
def test_a_one_click_address_is_one_url(url: str) -> None:
    with pytest.raises(ValueError, match="one http"):
        letter(list_unsubscribe=url)


def test_text_that_cannot_be_sent_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        letter(text="\ud800")
    with pytest.raises(ValueError, match="surrogates"):
        letter(html="<p>\ud800</p>")


@pytest.mark.parametrize("kind", ["", "Identity", "identity..x", "a b", "a\n"])
def test_a_kind_is_a_dotted_name(kind: str) -> None:
    with pytest.raises(ValueError, match="kind looks like"):
        letter(kind=kind)


@pytest.mark.parametrize("text", ["", "From nobody\n.\n..\n", "é" * 5000, "x" * 5000, "a\r\nb\nc\n", "=3D =\n"])
def test_a_text_arrives_as_it_was_written_in_short_ascii_lines(text: str) -> None:
    raw = sent(letter(text=text))
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert read(raw).get_content().replace("\r\n", "\n").rstrip("\n") == text.replace("\r\n", "\n").rstrip("\n")


def test_a_subject_of_any_language_arrives() -> None:
    subject = "Ваш счёт — 請求書 " * 8
    assert read(sent(letter(subject=subject.strip())))["Subject"] == subject.strip()


def test_text_and_html_are_alternatives_of_one_mail() -> None:
    message = read(sent(letter(html="<p>Hello</p>")))
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


def test_C10_both_one_click_headers_are_on_the_wire_unfolded_and_unencoded() -> None:
    lines = sent(letter(list_unsubscribe=ONE_CLICK)).split(b"\r\n")
    assert f"List-Unsubscribe: <{ONE_CLICK}>".encode() in lines
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click" in lines


def test_the_same_letter_gives_the_same_bytes_and_message_id() -> None:
    wanted = letter(html="<p>x</p>", list_unsubscribe=ONE_CLICK, headers={"List-Id": "<news.candor.example>"})
    assert sent(wanted) == sent(wanted)
    message = read(sent(wanted))
    assert message["Message-ID"] == "<mail_1@candor.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["List-Id"] == "<news.candor.example>"


def test_a_letter_survives_the_queue() -> None:
    wanted = letter(
        html="<p>é</p>", list_unsubscribe=ONE_CLICK, headers={"X-A": "b"}, to=EmailAddress("Áda@bücher.example")
    )
    assert EmailMessage.from_json(wanted.to_json()) == wanted


def test_a_domain_is_said_in_ascii_and_a_local_part_as_its_owner_spells_it() -> None:
    assert b"To: Ada.L+x@xn--bcher-kva.example\r\n" in sent(letter(to=EmailAddress("Ada.L+x@Bücher.example")))


def test_an_international_mailbox_is_said_in_utf8() -> None:
    raw = sent(letter(to=EmailAddress("áda@candor.example")))
    assert "To: áda@candor.example\r\n".encode() in raw
    assert message_from_bytes(raw, policy=SMTP.clone(utf8=True))["To"] == "áda@candor.example"


@pytest.mark.parametrize(
    "text",
    [
        "", "ada", "@candor.example", "ada@", "ada@@candor.example", "a da@candor.example",
        "ada@candor.example\n", "ada@candor.example,eve@candor.example", "Ada <ada@candor.example>", "ada@[127.0.0.1]",
        "ada\0@candor.example", "ada@-candor.example", "a" * 65 + "@candor.example", "ada@" + "x" * 250 + ".example",
        '"a b"@candor.example', "ada@candor.example\r\nBcc: eve@candor.example",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_with_a_code(text: str) -> None:
    with pytest.raises(InvalidEmailAddressError) as refused:
        EmailAddress(text)
    assert (refused.value.code, refused.value.status) == ("mail.address.invalid", 422)


@pytest.mark.parametrize(
    ("text", "email"),
    [
        ("Ada@Candor.Example", "Ada@candor.example"),
        ("a.d.a+news@candor.example", "a.d.a+news@candor.example"),
        ("ada@BÜCHER.example", "ada@bücher.example"),
        ("A\u0301da@candor.example", "Áda@candor.example"),
    ],
)
def test_an_address_is_normalized_and_nothing_is_guessed_about_its_provider(text: str, email: str) -> None:
    assert EmailAddress(text).email == email


@pytest.mark.parametrize("text", ["", "Candor", "Candor <>", "Candor <á@candor.example>"])
def test_a_wrong_sender_names_its_setting(text: str) -> None:
    with pytest.raises(SettingError, match=r"^CANDOR_MAIL_FROM"):
        FromAddress.parse(text)


def test_a_sender_that_would_be_two_headers_is_one_line() -> None:
    sender = FromAddress.parse("Candor\r\nBcc: eve@candor.example <no-reply@candor.example>")
    raw = compose(letter(), sender, mail_id="mail_1", at=NOON, dkim=None)
    assert read(raw)["Bcc"] is None
