"""The emails of campaigns, down to the bytes that are signed and sent."""

import re
from email import message_from_bytes, policy
from email.message import EmailMessage as MimeMessage

import pytest

from services.newsletter.emails.campaigns import CampaignEmails
from services.newsletter.emails.links import EmailLinks
from shared.crypto import Keyring, TokenSealer, make_keyring
from shared.crypto.keyring import dump_keyring
from shared.mail import DkimSigner, EmailAddress, FromAddress, ReturnPathSigner
from shared.settings import Secret
from tests.support.campaigns import ADA, AT, GOLDEN, NEWS, build_campaign, build_golden_email, read_parts
from tests.support.dkim_checks import check_with_dkimpy

MAIL_ID = "mail_" + "0" * 26


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    path = tmp_path_factory.mktemp("keys") / "keyring"
    path.write_text(dump_keyring(make_keyring(["link", "dkim"], at=AT)))
    return Keyring.from_file(path)


@pytest.fixture(scope="module")
def emails(keyring: Keyring) -> CampaignEmails:
    return CampaignEmails(
        links=EmailLinks(token_sealer=TokenSealer(keyring), public_url="https://candor.example"),
        sender=FromAddress("Candor", EmailAddress("news@candor.example")),
        dkim=DkimSigner.from_keyring(keyring, "candor.example"),
        return_path=ReturnPathSigner(domain="in.candor.example", key=Secret("k" * 32)),
    )


def sent(
    emails: CampaignEmails, text: str = "Hello <you> & all.\n\nSecond\nparagraph.", subject: str = "News"
) -> bytes:
    return emails.compile_campaign(build_campaign(text, subject), NEWS, at=AT).render(MAIL_ID, ADA).raw


def read(raw: bytes) -> MimeMessage:
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, MimeMessage)
    return mail


def test_N02_the_one_click_header_is_one_line_that_nothing_has_encoded(emails: CampaignEmails) -> None:
    head = sent(emails).partition(b"\r\n\r\n")[0]
    [line] = [line for line in head.split(b"\r\n") if line.startswith(b"List-Unsubscribe:")]
    assert line.startswith(b"List-Unsubscribe: <https://candor.example/v1/newsletter/unsubscribe/")
    assert len(line) < 990
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in head + b"\r\n"


@pytest.mark.parametrize(
    ("subject", "shown"),
    [
        ("For {{ email }} of {{list_name}}", "For ada@reader.example of News & more"),
        ("{{email}}", "ada@reader.example"),
        (
            "Für {{email}}, seit {{subscribed_on}}: " + "Grüße " * 20,
            "Für ada@reader.example, seit 5 January 2026: " + "Grüße " * 20,
        ),
    ],
)
def test_a_subject_is_filled_signed_and_in_short_encoded_words(
    emails: CampaignEmails, subject: str, shown: str
) -> None:
    emails.check_subject(subject)
    raw, signer = sent(emails, subject=subject), emails.dkim
    assert signer is not None
    assert check_with_dkimpy(raw, signer)
    head = raw.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert all(len(word) <= 75 for line in head for word in line.split() if word.startswith(b"=?"))
    assert re.sub(r"\s+", " ", str(read(raw)["Subject"])).strip() == shown.strip()
    assert b"{{" not in raw


def test_N02_the_signature_covers_both_headers(emails: CampaignEmails) -> None:
    raw, signer = sent(emails), emails.dkim
    assert signer is not None
    assert check_with_dkimpy(raw, signer)
    altered = raw.replace(b"List-Unsubscribe-Post: List-Unsubscribe=One-Click", b"List-Unsubscribe-Post: nothing")
    assert not check_with_dkimpy(altered, signer)


def test_N03_the_bytes_of_a_campaign_email_are_those_that_were_looked_at() -> None:
    remedy = (
        "Read the difference. If it is meant, run `python -m tests.support.golden_mails` and commit what it writes."
    )
    raw = build_golden_email()
    assert raw == GOLDEN.read_bytes(), remedy
    assert raw.isascii()
    assert all(len(line) <= 76 for line in raw.split(b"\r\n") if not line.startswith(b"List-Unsubscribe: "))
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n|^From |^\.", raw.partition(b"\r\n\r\n")[2], re.MULTILINE)


def test_N03_a_campaign_email_has_all_that_a_newsletter_must_have(emails: CampaignEmails) -> None:
    raw = sent(emails)
    mail = read(raw)
    assert mail["To"] == "ada@reader.example"
    assert mail["Cc"] is mail["Bcc"] is None
    assert mail["List-Id"] == "<lst-1.candor.example>"
    assert mail["Subject"] == "News"
    assert mail["Message-ID"] == f"<{MAIL_ID}@candor.example>"
    assert mail["Date"].datetime == AT
    for content in read_parts(raw):
        assert "https://candor.example/newsletter/unsubscribe?token=" in content
        assert "password" not in content.lower()


def test_N06_the_envelope_sender_is_signed_for_this_email_and_the_same_for_each_attempt(emails: CampaignEmails) -> None:
    composer = emails.compile_campaign(build_campaign("Hello"), NEWS, at=AT)
    first, again = composer.render(MAIL_ID, ADA), composer.render(MAIL_ID, ADA)
    assert first == again
    assert re.fullmatch(r"bounce\+[0-9a-z]{50}@in\.candor\.example", first.mail_from)


def test_N17_a_campaign_email_has_one_recipient(emails: CampaignEmails) -> None:
    head = sent(emails).partition(b"\r\n\r\n")[0]
    assert re.findall(rb"^(?:To|Cc|Bcc): .*$", head, flags=re.MULTILINE) == [b"To: ada@reader.example\r"]


def test_the_signature_is_marked_for_mail_programs(emails: CampaignEmails) -> None:
    text, _ = read_parts(sent(emails))
    assert text.startswith("Hello <you> & all.\n\nSecond\nparagraph.\n\n-- \n")
    assert text.count("https://candor.example/newsletter/unsubscribe?token=") == 1


def test_the_name_of_a_list_is_text_in_html(emails: CampaignEmails) -> None:
    assert "“News &amp; more”" in read_parts(sent(emails))[1]
