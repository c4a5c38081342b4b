"""Every mail class of the platform, down to its bytes (N-03, N-17)."""

import re
from email import message_from_bytes
from email.message import EmailMessage as MimeMessage
from email.policy import SMTPUTF8

import pytest

from tests.support.golden_mails import ADA, FOLDER, TOKEN, URL, MailClass, list_mail_classes

CLASSES = list(list_mail_classes())
ONCE = ("From", "To", "Subject", "Date", "Message-ID", "Reply-To", "Auto-Submitted", "MIME-Version", "Content-Type")
REMEDY = "Read the difference. If it is meant, run `python -m tests.support.golden_mails` and commit what it writes."
ASKS_FOR_PASSWORD = re.compile(
    r"\b(send|reply with|tell|give|enter|type|email|confirm) (us |me )?(your |the )?(current |old )?password",
    re.IGNORECASE,
)
SECRETS = re.compile(r"BEGIN [A-Z ]*PRIVATE|whsec_|mongodb(\+srv)?://|amqps?://|Authorization|Bearer ")


@pytest.fixture(params=CLASSES, ids=lambda each: each.kind)
def mail_class(request: pytest.FixtureRequest) -> MailClass:
    found = request.param
    assert isinstance(found, MailClass)
    return found


def read(mail_class: MailClass) -> MimeMessage:
    message = message_from_bytes(mail_class.raw, policy=SMTPUTF8)
    assert isinstance(message, MimeMessage)
    assert message.defects == []
    return message


def text_of(mail_class: MailClass) -> str:
    body = read(mail_class).get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def test_n03_the_bytes_are_those_that_were_looked_at(mail_class: MailClass) -> None:
    assert mail_class.file.exists(), REMEDY
    assert mail_class.raw == mail_class.file.read_bytes(), REMEDY


def test_n03_no_golden_mail_is_of_a_class_that_is_gone() -> None:
    assert {file.name for file in FOLDER.glob("*.eml")} == {each.file.name for each in CLASSES}, REMEDY


def test_n17_there_is_one_recipient_and_every_header_once(mail_class: MailClass) -> None:
    message = read(mail_class)
    assert message["To"].addresses[0].addr_spec == ADA.email
    assert len(message["To"].addresses) == 1
    for name in ONCE:
        assert len(message.get_all(name, [])) == 1, name
    assert [message[name] for name in ("Cc", "Bcc", "Sender", "Resent-To", "Disposition-Notification-To")] == [None] * 5


def test_n02_lines_are_short_and_seven_bit_and_encoded_words_have_at_most_75_octets(mail_class: MailClass) -> None:
    raw = mail_class.raw
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 76
    assert all(len(word) <= 75 for word in re.findall(rb"=\?\S+\?=", raw))
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n|\0", raw)


def test_every_link_leads_to_our_own_pages_and_a_token_stands_nowhere_else(mail_class: MailClass) -> None:
    text = text_of(mail_class)
    links = re.findall(r"[a-z]+://\S+", text)
    assert [link for link in links if not link.startswith(f"{URL}/")] == []
    assert TOKEN not in re.sub(r"https://\S+", "", text)
    assert TOKEN not in str(read(mail_class)["Subject"])


def test_c24_no_mail_asks_for_a_password_and_one_about_passwords_says_so(mail_class: MailClass) -> None:
    text = text_of(mail_class)
    assert not ASKS_FOR_PASSWORD.search(text)
    if "password" in text.lower():
        assert "We will never ask for your password." in text


def test_no_mail_has_a_secret_or_an_image_that_reports_reading(mail_class: MailClass) -> None:
    assert not SECRETS.search(mail_class.raw.decode())
    assert b"<img" not in mail_class.raw
