"""The emails, down to the bytes that are signed and sent."""

import re
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage as MimeMessage

import dkim
import pytest

from services.newsletter.domain.campaigns.campaigns import Campaign, CampaignState
from services.newsletter.domain.subscriptions.consent import CURRENT_CONSENT, Consent, ConsentSource
from services.newsletter.domain.subscriptions.lists import MailingList
from services.newsletter.domain.subscriptions.opt_in import OptInRequest
from services.newsletter.domain.subscriptions.subscriptions import NewsletterRecipient, Subscription
from services.newsletter.emails.campaigns import CampaignEmails
from services.newsletter.emails.links import EmailLinks
from services.newsletter.emails.subscriptions import SubscriptionEmails
from shared.crypto import InvalidTokenError, Keyring, TokenSealer, make_keyring
from shared.crypto.keyring import Key, KeyUse, dump_keyring
from shared.mail import DkimSigner, EmailAddress, EmailMessage, FromAddress, compose
from tests.support import NOON

SENDER = FromAddress.parse("Candor <no-reply@candor.example>")
NEWS = MailingList(list_id="lst_" + "0" * 26, name="Größe & <Maß>", description="", created_at=NOON)
YEARS = timedelta(days=365)


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    path = tmp_path_factory.mktemp("keys") / "keyring.json"
    path.write_text(dump_keyring(make_keyring(["link", "dkim"], at=NOON)), encoding="utf-8")
    return Keyring.from_file(path)


@pytest.fixture
def links(keyring: Keyring) -> EmailLinks:
    return EmailLinks(token_sealer=TokenSealer(keyring), public_url="https://candor.example")


def a_campaign_email(links: EmailLinks, text: str = "Hello <you> & all.\n\nSecond\nparagraph.") -> EmailMessage:
    campaign = Campaign(
        campaign_id="cmp_1",
        list_id=NEWS.list_id,
        subject="News & more",
        text=text,
        state=CampaignState.SENDING,
        started_at=NOON,
        cursor="",
        recipients_queued=False,
        counts={},
        created_at=NOON,
        sent_at=None,
    )
    subscription = Subscription(
        subscription_id="sub_" + "1" * 26,
        subscriber_id="ssb_" + "1" * 26,
        list_id=NEWS.list_id,
        account_id="",
        consent=Consent(consent_version="1", source=ConsentSource.PAGE, requested_at=NOON, confirmed_at=NOON),
        subscribed_at=NOON,
    )
    return (
        CampaignEmails(links=links, domain="candor.example")
        .compile_campaign(campaign, NEWS)
        .render(NewsletterRecipient(subscription=subscription, email="ada@customers.example"))
    )


def a_confirmation(links: EmailLinks, source: ConsentSource = ConsentSource.PAGE) -> EmailMessage:
    request = OptInRequest(
        request_id="opt_" + "1" * 26,
        list_id=NEWS.list_id,
        consent_version=CURRENT_CONSENT.version,
        source=source,
        requested_at=NOON,
        expires_at=NOON + timedelta(hours=48),
    )
    return SubscriptionEmails(links=links).render_confirmation(NEWS, request, EmailAddress("ada@customers.example"))


def raw_of(email: EmailMessage, signer: DkimSigner | None = None) -> bytes:
    # A year before: dkimpy refuses a signature of the future, and goes by the clock of the machine.
    return compose(email, SENDER, mail_id="mail_1", at=NOON - YEARS, dkim=signer)


def read(raw: bytes) -> MimeMessage:
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, MimeMessage)
    return mail


def test_N02_the_one_click_header_is_one_line_that_nobody_has_encoded(links: EmailLinks) -> None:
    head = raw_of(a_campaign_email(links)).partition(b"\r\n\r\n")[0]
    [line] = [line for line in head.split(b"\r\n") if line.startswith(b"List-Unsubscribe:")]
    assert re.fullmatch(rb"List-Unsubscribe: <https://candor\.example/v1/newsletter/unsubscribe/[A-Za-z0-9._-]+>", line)
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in head + b"\r\n"


def test_N02_the_signature_covers_both_headers(links: EmailLinks, keyring: Keyring) -> None:
    signer = DkimSigner.from_keyring(keyring, "candor.example")
    assert signer is not None
    raw = raw_of(a_campaign_email(links), signer)
    record = signer.dns_record().partition(' IN TXT "')[2].rstrip('"').encode()
    assert dkim.verify(raw, dnsfunc=lambda *_, **__: record)
    altered = raw.replace(b"List-Unsubscribe-Post: List-Unsubscribe=One-Click", b"List-Unsubscribe-Post: nothing")
    assert not dkim.verify(altered, dnsfunc=lambda *_, **__: record)


def test_N03_a_campaign_email_has_all_that_a_newsletter_must_have(links: EmailLinks) -> None:
    mail = read(raw_of(a_campaign_email(links)))
    assert mail["To"] == "ada@customers.example"
    assert mail["Cc"] is mail["Bcc"] is None
    assert mail["List-Id"] == f"<lst-{'0' * 26}.candor.example>"
    assert mail["Subject"] == "News & more"
    text, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    for content in (text.get_content(), html.get_content()):
        assert "https://candor.example/newsletter/unsubscribe?token=" in content
    assert "password" not in raw_of(a_campaign_email(links)).decode().lower()


def test_N12_what_an_editor_writes_is_text_and_never_markup(links: EmailLinks) -> None:
    html = a_campaign_email(links, '<script>alert(1)</script>\n\n"quoted" & more').html or ""
    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "Größe &amp; &lt;Maß&gt;" in html


def test_N17_a_campaign_email_has_one_recipient(links: EmailLinks) -> None:
    assert a_campaign_email(links).to == EmailAddress("ada@customers.example")


def test_the_confirmation_names_the_list_the_consent_and_its_deadline(links: EmailLinks) -> None:
    email = a_confirmation(links)
    assert NEWS.name in email.subject
    assert CURRENT_CONSENT.render(NEWS.name) in email.text
    assert "https://candor.example/newsletter/confirm?token=" in email.text
    assert "48 hours" in email.text
    assert (email.html, email.list_unsubscribe) == (None, None)


def test_the_confirmation_says_that_an_account_asked(links: EmailLinks) -> None:
    words = "logged in to a Candor account"
    assert words in a_confirmation(links, ConsentSource.ACCOUNT).text
    assert words not in a_confirmation(links).text


def test_the_unsubscribe_links_are_one_for_each_list(links: EmailLinks) -> None:
    email = SubscriptionEmails(links=links).render_unsubscribe_links(
        EmailAddress("ada@customers.example"), [("Releases", "sub_2"), ("Monthly", "sub_1")]
    )
    found = re.findall(r"^(\w+)\nUnsubscribe.*\n.*token=(\S+)$", email.text, flags=re.MULTILINE)
    assert [(name, links.subscription_id(token, at=NOON)) for name, token in found] == [
        ("Monthly", "sub_1"),
        ("Releases", "sub_2"),
    ]
    assert (email.html, email.list_unsubscribe) == (None, None)


def test_the_address_to_leave_by_mail_names_one_subscription_within_64_octets(links: EmailLinks) -> None:
    assert links.leave_address("sub_" + "z" * 26) is None
    listening = replace(links, inbound_domain="in.candor.example")
    for unique in ("z" * 26, "0" * 26, "7" + "v" * 25):
        leave = listening.leave_address(f"sub_{unique}") or ""
        assert re.fullmatch(r"leave\+[0-9a-z]{53}@in\.candor\.example", leave)
        assert listening.subscription_id_of_address(leave[6:].partition("@")[0]) == f"sub_{unique}"


def test_paragraphs_and_line_breaks_are_kept_in_html(links: EmailLinks) -> None:
    html = a_campaign_email(links, "One\r\nline\n\n\n\nTwo {{ list_name }}\n").html or ""
    assert re.findall(r"<p>(.*?)</p>", html) == ["One<br>line", "Two {{ list_name }}"]


def test_the_signature_is_marked_for_mail_programs(links: EmailLinks) -> None:
    text = a_campaign_email(links).text
    assert text.startswith("Hello <you> & all.\n\nSecond\nparagraph.\n\n-- \n")
    assert text.count("https://candor.example/newsletter/unsubscribe?token=") == 1


def test_the_link_of_an_old_letter_works_for_ever(links: EmailLinks) -> None:
    token = links.unsubscribe_token("sub_1")
    assert links.subscription_id(token, at=NOON + 100 * YEARS) == "sub_1"


def test_the_link_of_an_old_letter_works_after_the_key_was_rotated(keyring: Keyring, links: EmailLinks) -> None:
    newer = Key(id="key_newer", use=KeyUse.LINK, created_at=NOON + YEARS, secret=b"n" * 32)
    rotated = Keyring([*keyring.list_by_use(KeyUse.LINK), newer])
    now = EmailLinks(token_sealer=TokenSealer(rotated), public_url="https://candor.example")
    assert now.subscription_id(links.unsubscribe_token("sub_1"), at=NOON) == "sub_1"


def test_a_token_opens_one_thing_only(links: EmailLinks) -> None:
    leaving = links.unsubscribe_token("sub_1")
    joining = re.search(r"token=(\S+)", a_confirmation(links).text)
    assert joining is not None
    with pytest.raises(InvalidTokenError):
        links.opt_in_request_id(leaving, at=NOON)
    with pytest.raises(InvalidTokenError):
        links.subscription_id(joining[1], at=NOON)


def test_a_token_that_was_altered_anywhere_is_refused(links: EmailLinks) -> None:
    token = links.unsubscribe_token("sub_1")
    for place, char in enumerate(token):
        for other in ("A" if char != "A" else "B", ""):
            with pytest.raises(InvalidTokenError):
                links.subscription_id(token[:place] + other + token[place + 1 :], at=NOON)


def test_a_confirmation_ends_with_its_time(links: EmailLinks) -> None:
    joining = re.search(r"token=(\S+)", a_confirmation(links).text)
    assert joining is not None
    assert links.opt_in_request_id(joining[1], at=NOON + timedelta(hours=47, minutes=59))
    with pytest.raises(InvalidTokenError):
        links.opt_in_request_id(joining[1], at=NOON + timedelta(hours=48))
