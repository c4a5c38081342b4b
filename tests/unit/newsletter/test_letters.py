"""The mails, down to the bytes that are signed and sent."""

import re
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage as MimeMessage

import dkim
import pytest

from services.newsletter.domain import (
    CURRENT,
    Campaign,
    CampaignState,
    Consent,
    How,
    NewsList,
    Recipient,
    Subscription,
    Wish,
)
from services.newsletter.service import Letters
from shared.crypto import Keyring, LinkRefusedError, Links, make_keyring
from shared.crypto.keyring import Key, Use, dump
from shared.mail import Address, Letter, Sender, Signer, compose
from tests.support import NOON

SENDER = Sender.parse("Candor <no-reply@candor.example>")
NEWS = NewsList(list_id="lst_" + "0" * 26, name="Größe & <Maß>", description="", created_at=NOON)
YEARS = timedelta(days=365)


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    path = tmp_path_factory.mktemp("keys") / "keyring.json"
    path.write_text(dump(make_keyring(["link", "dkim"], at=NOON)), encoding="utf-8")
    return Keyring.load(path)


@pytest.fixture
def letters(keyring: Keyring) -> Letters:
    return Letters(links=Links(keyring), public_url="https://candor.example", domain="candor.example")


def a_letter(letters: Letters, text: str = "Hello <you> & all.\n\nSecond\nparagraph.") -> Letter:
    campaign = Campaign(
        campaign_id="cmp_1",
        list_id=NEWS.list_id,
        subject="News & more",
        text=text,
        state=CampaignState.SENDING,
        begun_at=NOON,
        cursor="",
        expanded=False,
        counts={},
        created_at=NOON,
        sent_at=None,
    )
    subscription = Subscription(
        subscription_id="sub_" + "1" * 26,
        subscriber_id="ssb_" + "1" * 26,
        list_id=NEWS.list_id,
        account_id="",
        consent=Consent(wording="1", how=How.PAGE, asked_at=NOON, confirmed_at=NOON),
        joined_at=NOON,
    )
    return letters.edition(campaign, NEWS).to(Recipient(subscription=subscription, email="ada@customers.example"))


def a_confirmation(letters: Letters) -> Letter:
    wish = Wish(
        wish_id="wish_" + "1" * 26,
        list_id=NEWS.list_id,
        account_id="",
        wording=CURRENT.version,
        how=How.PAGE,
        asked_at=NOON,
        expires_at=NOON + timedelta(hours=48),
    )
    return letters.confirmation(NEWS, wish, Address("ada@customers.example"))


def raw_of(letter: Letter, signer: Signer | None = None) -> bytes:
    # A year before: dkimpy refuses a signature of the future, and goes by the clock of the machine.
    return compose(letter, SENDER, mail_id="mail_1", at=NOON - YEARS, dkim=signer)


def read(raw: bytes) -> MimeMessage:
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, MimeMessage)
    return mail


def test_N02_the_one_click_header_is_one_line_that_nobody_has_encoded(letters: Letters) -> None:
    head = raw_of(a_letter(letters)).partition(b"\r\n\r\n")[0]
    [line] = [line for line in head.split(b"\r\n") if line.startswith(b"List-Unsubscribe:")]
    assert re.fullmatch(rb"List-Unsubscribe: <https://candor\.example/v1/newsletter/unsubscribe/[A-Za-z0-9._-]+>", line)
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in head + b"\r\n"


def test_N02_the_signature_covers_both_headers(letters: Letters, keyring: Keyring) -> None:
    signer = Signer.of(keyring, "candor.example")
    assert signer is not None
    raw = raw_of(a_letter(letters), signer)
    record = signer.record().partition(' IN TXT "')[2].rstrip('"').encode()
    assert dkim.verify(raw, dnsfunc=lambda *_, **__: record)
    altered = raw.replace(b"List-Unsubscribe-Post: List-Unsubscribe=One-Click", b"List-Unsubscribe-Post: nothing")
    assert not dkim.verify(altered, dnsfunc=lambda *_, **__: record)


def test_N03_a_letter_has_all_that_a_newsletter_must_have(letters: Letters) -> None:
    mail = read(raw_of(a_letter(letters)))
    assert mail["To"] == "ada@customers.example"
    assert mail["Cc"] is mail["Bcc"] is None
    assert mail["List-Id"] == f"<lst-{'0' * 26}.candor.example>"
    assert mail["Subject"] == "News & more"
    text, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    for content in (text.get_content(), html.get_content()):
        assert "https://candor.example/newsletter/unsubscribe?token=" in content
    assert "password" not in raw_of(a_letter(letters)).decode().lower()


def test_N12_what_an_editor_writes_is_text_and_never_markup(letters: Letters) -> None:
    html = a_letter(letters, '<script>alert(1)</script>\n\n"quoted" & more').html or ""
    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "Größe &amp; &lt;Maß&gt;" in html


def test_N17_a_letter_has_one_recipient(letters: Letters) -> None:
    assert a_letter(letters).to == Address("ada@customers.example")


def test_the_confirmation_names_the_list_the_words_and_the_way_out(letters: Letters) -> None:
    letter = a_confirmation(letters)
    assert NEWS.name in letter.subject
    assert CURRENT.shown(NEWS.name) in letter.text
    assert "do nothing" in letter.text
    assert letter.list_unsubscribe is None


def test_the_link_of_an_old_letter_works_for_ever(letters: Letters) -> None:
    token = letters.leaving("sub_1")
    assert letters.subscription_in(token, at=NOON + 100 * YEARS) == "sub_1"


def test_the_link_of_an_old_letter_works_after_the_key_was_rotated(keyring: Keyring, letters: Letters) -> None:
    newer = Key(id="key_newer", use=Use.LINK, created=NOON + YEARS, secret=b"n" * 32)
    rotated = Keyring([*keyring.all(Use.LINK), newer])
    now = Letters(links=Links(rotated), public_url="https://candor.example", domain="candor.example")
    assert now.subscription_in(letters.leaving("sub_1"), at=NOON) == "sub_1"


def test_a_token_opens_one_thing_only(letters: Letters) -> None:
    leaving = letters.leaving("sub_1")
    joining = re.search(r"token=(\S+)", a_confirmation(letters).text)
    assert joining is not None
    with pytest.raises(LinkRefusedError):
        letters.wish_in(leaving, at=NOON)
    with pytest.raises(LinkRefusedError):
        letters.subscription_in(joining[1], at=NOON)


def test_a_token_that_was_altered_anywhere_is_refused(letters: Letters) -> None:
    token = letters.leaving("sub_1")
    for place, char in enumerate(token):
        for other in ("A" if char != "A" else "B", ""):
            with pytest.raises(LinkRefusedError):
                letters.subscription_in(token[:place] + other + token[place + 1 :], at=NOON)


def test_a_confirmation_ends_with_its_time(letters: Letters) -> None:
    joining = re.search(r"token=(\S+)", a_confirmation(letters).text)
    assert joining is not None
    assert letters.wish_in(joining[1], at=NOON + timedelta(hours=47, minutes=59))
    with pytest.raises(LinkRefusedError):
        letters.wish_in(joining[1], at=NOON + timedelta(hours=48))
