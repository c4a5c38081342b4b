"""The header fields keep the limits of their RFCs, whatever is written into them."""

import re
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage as MimeMessage
from email.policy import SMTPUTF8
from typing import Any

import pytest

from shared.mail import EmailAddress, EmailMessage, FromAddress, compose
from shared.settings import SettingError
from tests.support import NOON

ADA = EmailAddress("ada@candor.example")
SENDER = FromAddress("Candor", EmailAddress("no-reply@candor.example"))
URL = "https://candor.example/v1/newsletter/unsubscribe/" + "x" * 300
LEAVE = EmailAddress("leave+abc@in.candor.example")


def raw_of(sender: FromAddress = SENDER, **fields: Any) -> bytes:
    email = EmailMessage(**{"kind": "a.b", "to": ADA, "subject": "Hello", "text": "Hello\n", **fields})
    return compose(email, sender, mail_id="mail_1", at=NOON, dkim=None)


def field_of(raw: bytes, name: str) -> bytes:
    """Return a header field as it is on the wire, with its folds."""
    [found] = re.findall(
        rb"(?m)^%s:(?:.*\r\n)(?:[ \t].*\r\n)*" % name.encode(), raw.partition(b"\r\n\r\n")[0] + b"\r\n"
    )
    return bytes(found)


def read(raw: bytes) -> MimeMessage:
    message = message_from_bytes(raw, policy=SMTPUTF8)
    assert isinstance(message, MimeMessage)
    return message


SUBJECTS = [
    "Hello",
    "Größe und Maß der Dinge, mit allen Neuigkeiten über Schlüssel, Prüfungen, Übergänge und die Äpfel im Garten, " * 2
    + "!",
    "Ваш счёт — 請求書 " * 8 + "!",
    "😀" * 75,
    "word " * 50 + "end",
    "x" * 300,
    "x" * 70 + " y",
    "=?utf-8?q?Hi?= there",
    " two  blanks ",
]


@pytest.mark.parametrize("subject", SUBJECTS, ids=range(len(SUBJECTS)))
def test_an_encoded_word_has_at_most_75_octets_and_its_line_76(subject: str) -> None:
    raw = raw_of(subject=subject)
    field = field_of(raw, "Subject")
    assert max(map(len, field.split(b"\r\n"))) <= 76
    assert all(len(word) <= 75 for word in re.findall(rb"=\?\S+\?=", field))
    assert field.isascii()
    assert read(raw)["Subject"] == subject


def test_an_encoded_word_never_ends_within_a_character() -> None:
    for word in re.findall(rb"=\?\S+\?=", field_of(raw_of(subject="ä€😀" * 40), "Subject")):
        [(content, charset)] = decode_header(word.decode())
        assert isinstance(content, bytes)
        assert charset == "utf-8"
        assert content.decode()


@pytest.mark.parametrize("name", ["Candor", 'a, "b" \\ c', "Größe " * 20 + "!", "x" * 90, "=?utf-8?q?Hi?=", ""])
def test_a_display_name_arrives_as_it_is_set(name: str) -> None:
    raw = raw_of(FromAddress(name, SENDER.address))
    field = field_of(raw, "From")
    assert max(map(len, field.split(b"\r\n"))) <= 76
    if "?utf-8?b?" in field.decode():  # the standard library's newer parser adds a blank between encoded words
        assert str(make_header(decode_header(field.decode()[6:].strip()))).removesuffix(f" <{SENDER.address}>") == name
    else:
        assert read(raw)["From"].addresses[0].display_name == name
    assert read(raw)["From"].addresses[0].addr_spec == "no-reply@candor.example"


def test_N02_https_comes_first_and_the_field_is_folded_only_between_the_two() -> None:
    raw = raw_of(list_unsubscribe=URL, list_unsubscribe_mailto=LEAVE)
    assert field_of(raw, "List-Unsubscribe") == (
        f"List-Unsubscribe: <{URL}>,\r\n <mailto:leave+abc@in.candor.example>\r\n".encode()
    )
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw


def test_N02_the_field_stays_below_990_bytes() -> None:
    long = "https://candor.example/" + "x" * 860
    raw_of(list_unsubscribe=long, list_unsubscribe_mailto=LEAVE)
    with pytest.raises(ValueError, match="990 bytes"):
        raw_of(list_unsubscribe=long, list_unsubscribe_mailto=EmailAddress(f"{'y' * 60}@in.candor.example"))


def test_a_mailto_needs_the_one_click_url_beside_it() -> None:
    with pytest.raises(ValueError, match="beside the one-click URL"):
        raw_of(list_unsubscribe_mailto=LEAVE)
    with pytest.raises(ValueError, match="beside the one-click URL"):
        raw_of(list_unsubscribe=URL, list_unsubscribe_mailto=EmailAddress("é@in.candor.example"))


def test_an_email_that_an_older_release_queued_is_still_read() -> None:
    email = EmailMessage(kind="a.b", to=ADA, subject="x", text="x", list_unsubscribe=URL, list_unsubscribe_mailto=LEAVE)
    assert EmailMessage.from_json(email.to_json()) == email
    older = email.to_json().replace(b'"list_unsubscribe_mailto": "leave+abc@in.candor.example", ', b"")
    assert EmailMessage.from_json(older).list_unsubscribe_mailto is None


def test_answers_reach_people_although_the_sender_is_no_reply() -> None:
    parsed = FromAddress.parse("Candor <no-reply@candor.example>")
    assert read(raw_of(parsed))["Reply-To"] == "support@candor.example"
    parsed = FromAddress.parse("Candor <no-reply@candor.example>", "help@people.example")
    assert read(raw_of(parsed))["Reply-To"] == "help@people.example"
    own = read(raw_of(parsed, headers={"Reply-To": "news@candor.example"}))
    assert own.get_all("Reply-To") == ["news@candor.example"]


@pytest.mark.parametrize("reply_to", ["help", "é@candor.example", "a@b.example\r\nBcc: x@y.example"])
def test_a_wrong_address_for_answers_names_its_setting(reply_to: str) -> None:
    with pytest.raises(SettingError, match=r"^CANDOR_MAIL_REPLY_TO=[^\n]*$"):
        FromAddress.parse("Candor <no-reply@candor.example>", reply_to)


def test_a_body_is_seven_bit_and_gives_no_relay_a_reason_to_change_it() -> None:
    text = "From me\nFrom \n.\n..\né" + "x" * 200 + "\nFrom " + "y" * 100 + "\n"
    raw = raw_of(text=text, html="<p>From\nFrom é</p>\n")
    assert raw.isascii()
    assert not re.search(rb"(?m)^From ", raw)
    assert max(map(len, raw.split(b"\r\n"))) <= 76
    body = read(raw).get_body(("plain",))
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == text
