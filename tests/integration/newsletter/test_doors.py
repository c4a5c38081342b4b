"""The doors out (C10): what each shows, the page without a letter, the mail to ``leave+…``, the staff's spelling."""

import pytest

from services.newsletter.domain.subscriptions.consent import CURRENT_CONSENT
from services.newsletter.emails.subscriptions import UNSUBSCRIBE_LINKS_EMAIL
from shared.crypto import InvalidTokenError
from shared.ids import new_id
from shared.mail import EmailMessage
from shared.mongo import Database
from tests.integration.newsletter.internals import NewsletterInternals
from tests.integration.newsletter.subscribers import EDITOR, ROOT, Subscribers, address, parse_one_click
from tests.support import FixedClock, RawWriter
from tests.support.running import Running


async def links_sent(inside: NewsletterInternals) -> list[EmailMessage]:
    rows = [row for row in await inside.queued_mails() if row.kind == UNSUBSCRIBE_LINKS_EMAIL]
    return [await inside.chassis.mail_queue.open_message(row) for row in rows]


async def test_both_links_show_the_list_and_a_masked_address_and_the_words(
    readers: Subscribers, service: Running
) -> None:
    name = new_id("Letters")
    list_id, email = await readers.a_list(name), f"bob.{address()}"
    token = await readers.request_and_read_mail(list_id, email)
    shown = (await service.call("GET", f"{ROOT}/confirmations?token={token}")).body
    assert shown == {
        "is_confirmed": False,
        "list_name": name,
        "masked_email": "b…@c….example",
        "consent_version": CURRENT_CONSENT.version,
        "consent_text": CURRENT_CONSENT.render(name),
        "requested_in_account": False,
    }
    await readers.confirm(token)
    await readers.campaign(list_id)
    path = parse_one_click(await readers.mail_about(email, "News"))
    asked = f"{ROOT}/unsubscriptions?token={path.rpartition('/')[2]}"
    assert (await service.call("GET", asked)).body == {
        "is_subscribed": True,
        "list_name": name,
        "masked_email": "b…@c….example",
    }
    await readers.one_click(path)
    assert (await service.call("GET", asked)).body == {"is_subscribed": False, "list_name": name, "masked_email": ""}


@pytest.mark.parametrize("path", ["confirmations", "unsubscriptions"])
async def test_a_link_that_is_cut_off_says_so_at_once(service: Running, path: str) -> None:
    refused = await service.call("GET", f"{ROOT}/{path}?token=key_1.abc")
    assert (refused.status, refused.body["code"]) == (400, "auth.token.invalid")


async def test_C10_without_a_letter_one_mail_brings_one_link_for_each_list(
    readers: Subscribers, service: Running
) -> None:
    email, names = address(), [new_id("Kept"), new_id("Left")]
    lists = [await readers.a_list(name) for name in names]
    for list_id in lists:
        await readers.join(list_id, email)
    asked = await service.call("POST", f"{ROOT}/unsubscribe-links", body={"email": email.upper()})
    assert asked.status == 202
    mail = await readers.mail_about(email, "unsubscribe links")
    text = mail.get_content()
    assert [name in text for name in names] == [True, True]
    left = parse_link_below(text, names[1])
    assert (await service.call("POST", f"{ROOT}/unsubscriptions", body={"token": left})).status == 200
    assert (await readers.campaign(lists[0], "Kept"))["accepted"] == 1
    assert (await readers.campaign(lists[1], "Left"))["accepted"] == 0


def parse_link_below(text: str, name: str) -> str:
    """Return the token of the link of one list."""
    return text.partition(name)[2].partition("?token=")[2].split("\n")[0].strip()


async def test_the_answer_without_a_letter_is_the_same_for_every_address(
    readers: Subscribers, service: Running
) -> None:
    _, subscriber = await readers.join_new_address()
    answers = [
        await service.call("POST", f"{ROOT}/unsubscribe-links", body={"email": email})
        for email in (subscriber, address(), subscriber)
    ]
    assert len({(each.status, str(each.body), frozenset(each.headers)) for each in answers}) == 1


async def test_without_a_letter_an_address_gets_one_mail_however_often_it_is_asked(
    inside: NewsletterInternals, clock: FixedClock
) -> None:
    news = await inside.a_list()
    await inside.join(news.list_id, "ada@customers.example")
    service = inside.modules.subscriptions.unsubscribe_link_service
    for email in ("ada@customers.example", "ADA@customers.example", "Ada <ada@customers.example>"):
        await service.request_links(email, at=clock())
        await service.send_due(at=clock())
    assert len(await links_sent(inside)) == 1
    clock.advance(service.pause)
    await service.send_due(at=clock())
    await service.request_links("ada@customers.example", at=clock())
    await service.send_due(at=clock())
    assert len(await links_sent(inside)) == 2


async def test_without_a_letter_the_mail_goes_to_the_subscribed_spelling_and_no_address_is_stored(
    inside: NewsletterInternals, clock: FixedClock, planter: RawWriter
) -> None:
    news = await inside.a_list()
    await inside.join(news.list_id, "Ada@customers.example")
    service = inside.modules.subscriptions.unsubscribe_link_service
    await service.request_links("ada@customers.example", at=clock())
    await service.request_links("stranger@customers.example", at=clock())
    assert "@" not in str(await planter.read_raw(inside.chassis.db, "unsubscribe_link_requests"))
    assert await service.send_due(at=clock()) == 1
    assert [mail.to.email for mail in await links_sent(inside)] == ["Ada@customers.example"]


async def test_C10_a_mail_to_the_leave_address_ends_it_in_any_letter_case(inside: NewsletterInternals) -> None:
    news = await inside.a_list()
    made = await inside.join(news.list_id, "ada@customers.example")
    leave = inside.modules.stores.links.leave_address(made.subscription_id)
    assert leave is not None
    local = leave.partition("@")[0]
    assert leave.endswith("@in.candor.example")
    assert len(local) <= 64
    token = local.removeprefix("leave+").upper()
    unsubscribe = inside.modules.subscriptions.unsubscribe_service
    await unsubscribe.unsubscribe_by_mail(token, at=inside.chassis.clock())
    assert await unsubscribe.subscriptions.get(made.subscription_id) is None
    [proof] = await unsubscribe.suppressions.list_by_subscriptions({made.subscription_id})
    assert proof.method == "mail"


async def test_a_leave_address_that_was_altered_anywhere_ends_nothing(inside: NewsletterInternals) -> None:
    news = await inside.a_list()
    made = await inside.join(news.list_id, "ada@customers.example")
    token = (inside.modules.stores.links.leave_address(made.subscription_id) or "")[6:].partition("@")[0]
    unsubscribe = inside.modules.subscriptions.unsubscribe_service
    altered = [token[:at] + ("0" if token[at] != "0" else "1") + token[at + 1 :] for at in range(len(token))]
    for each in [*altered, token[:-1], f"{token}0", "", "u" * 53, "0" * 53, "é" * 53]:
        with pytest.raises(InvalidTokenError):
            await unsubscribe.unsubscribe_by_mail(each, at=inside.chassis.clock())
    assert await unsubscribe.subscriptions.get(made.subscription_id) is not None


@pytest.mark.parametrize(
    "typed",
    [
        "bob.x.{0}@customers.example",
        "BOB.X.{1}@Customers.EXAMPLE",
        "  Bob.x.{0}@customers.example ",
        "Bob <bob.x.{0}@customers.example>",
        "<Bob.X.{1}@customers.example>",
        "mailto:bob.x.{0}@customers.example?subject=off",
    ],
)
async def test_n16_the_staff_door_finds_every_spelling_of_an_address(
    readers: Subscribers, service: Running, stored: Database, planter: RawWriter, typed: str
) -> None:
    unique, list_id = address().partition("@")[0], await readers.a_list()
    for spelling in (f"Bob.x.{unique}@customers.example", f"bob.x.{unique}@customers.example"):
        await readers.join(list_id, spelling)
    body = {"email": typed.format(unique, unique.upper()), "reason": "asked by telephone"}
    ended = await service.call("POST", f"{ROOT}/unsubscriptions/by-staff", by=EDITOR, body=body)
    assert (ended.status, ended.body["unsubscribed_count"]) == (200, 2)
    assert [row for row in await planter.read_raw(stored, "subscriptions") if row["list_id"] == list_id] == []


async def test_n16_similar_addresses_are_counted_and_never_ended(readers: Subscribers, service: Running) -> None:
    name, list_id = address().partition("@")[0], await readers.a_list()
    for local in (f"b.{name}", f"b{name}+news"):
        await readers.join(list_id, f"{local}@customers.example")
    body = {"email": f"b{name}@customers.example", "reason": "asked by telephone"}
    answer = await service.call("POST", f"{ROOT}/unsubscriptions/by-staff", by=EDITOR, body=body)
    assert answer.body == {"unsubscribed_count": 0, "similar_count": 2}
    assert (await readers.campaign(list_id))["accepted"] == 2


async def test_n16_who_joined_in_two_spellings_leaves_with_one_click(inside: NewsletterInternals) -> None:
    news, other = await inside.a_list(), await inside.a_list()
    first = await inside.join(news.list_id, "Bob@customers.example")
    second = await inside.join(news.list_id, "bob@customers.example")
    third = await inside.join(other.list_id, "bob@customers.example")
    await inside.unsubscribe(first.subscription_id)
    left = await inside.modules.stores.subscriptions.get_many(
        {first.subscription_id, second.subscription_id, third.subscription_id}
    )
    assert left == [third]
