"""The confirmation email, and the tokens of all links."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from services.newsletter.domain.subscriptions.consent import CURRENT_CONSENT, ConsentSource
from services.newsletter.domain.subscriptions.lists import MailingList
from services.newsletter.domain.subscriptions.opt_in import OptInRequest
from services.newsletter.emails.links import EmailLinks
from services.newsletter.emails.subscriptions import SubscriptionEmails
from shared.crypto import InvalidTokenError, Keyring, TokenSealer, make_keyring
from shared.crypto.keyring import Key, KeyUse, dump_keyring
from shared.mail import EmailAddress, EmailMessage
from tests.support import NOON

NEWS = MailingList(list_id="lst_" + "0" * 26, name="Größe & <Maß>", description="", created_at=NOON)
YEARS = timedelta(days=365)


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    path = tmp_path_factory.mktemp("keys") / "keyring.json"
    path.write_text(dump_keyring(make_keyring(["link"], at=NOON)), encoding="utf-8")
    return Keyring.from_file(path)


@pytest.fixture
def links(keyring: Keyring) -> EmailLinks:
    return EmailLinks(token_sealer=TokenSealer(keyring), public_url="https://candor.example")


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
