"""Subscriptions: none without the confirmation of the owner of the address (C06)."""

import asyncio
from datetime import timedelta

import pytest

from services.newsletter.domain.subscriptions.consent import CURRENT_CONSENT
from services.newsletter.domain.subscriptions.subscriptions import SuppressionReason
from services.newsletter.errors import OwnAddressError
from shared.crypto import InvalidTokenError
from shared.ids import new_id
from shared.mongo import Database
from tests.integration.newsletter.internals import NewsletterInternals, parse_token
from tests.integration.newsletter.subscribers import EDITOR, ROOT, Subscribers, address
from tests.support import FixedClock, RawWriter
from tests.support.running import Running, person

ADA = person("customer", number="1")


async def test_N10_the_answer_is_the_same_for_a_subscriber_and_for_a_stranger(readers: Subscribers) -> None:
    list_id, subscriber = await readers.join_new_address()
    known, unknown = (
        await readers.request_subscription(list_id, subscriber),
        await readers.request_subscription(list_id, address()),
    )
    again = await readers.request_subscription(list_id, subscriber)
    assert (known.status, known.body) == (unknown.status, unknown.body) == (again.status, again.body)
    assert known.status == 202
    assert known.headers.keys() == unknown.headers.keys()


async def test_an_opt_in_request_makes_no_recipient(readers: Subscribers, stored: Database, planter: RawWriter) -> None:
    list_id, email = await readers.a_list(), address()
    await readers.request_and_read_mail(list_id, email)
    assert [row for row in await planter.read_raw(stored, "subscriptions") if row["list_id"] == list_id] == []
    assert (await readers.campaign(list_id))["accepted"] == 0


async def test_no_address_is_stored_in_the_clear(readers: Subscribers, stored: Database, planter: RawWriter) -> None:
    list_id, email = await readers.join_new_address()
    await readers.request_subscription(list_id, asked := address())
    for collection in ("opt_in_requests", "subscriptions", "suppressions", "mail_queue", "outbox", "idempotency"):
        for row in await planter.read_raw(stored, collection):
            assert email not in str(row)
            assert asked not in str(row)


async def test_N18_looking_at_the_confirmation_confirms_nothing(readers: Subscribers, service: Running) -> None:
    list_id, email = await readers.a_list(), address()
    token = await readers.request_and_read_mail(list_id, email)
    for method in ("GET", "HEAD") * 3:
        assert (await service.call(method, f"{ROOT}/confirmations?token={token}")).status == 200
    assert (await readers.campaign(list_id))["accepted"] == 0


async def test_a_second_press_of_confirm_gets_the_same_answer_while_the_subscription_lives(
    readers: Subscribers, service: Running
) -> None:
    token = await readers.request_and_read_mail(await readers.a_list(), address())
    first, again = await readers.confirm(token), await readers.confirm(token)
    assert (first.status, first.body) == (again.status, again.body)
    assert first.status == 200
    shown = await service.call("GET", f"{ROOT}/confirmations?token={token}")
    assert shown.body["is_confirmed"]


async def test_a_used_confirmation_never_brings_somebody_back(inside: NewsletterInternals) -> None:
    news = await inside.a_list()
    await inside.request_subscription(news.list_id, "ada@customers.example")
    token = parse_token(await inside.read_email())
    made = await inside.confirm(token)
    await inside.unsubscribe(made.subscription_id)
    with pytest.raises(InvalidTokenError):
        await inside.confirm(token)
    again = await inside.join(news.list_id, "ada@customers.example")
    assert again.subscription_id == made.subscription_id
    with pytest.raises(InvalidTokenError):  # it stands for the subscription that has ended
        await inside.confirm(token)


async def test_a_used_confirmation_ends_with_its_48_hours(
    inside: NewsletterInternals, clock: FixedClock, planter: RawWriter
) -> None:
    news = await inside.a_list()
    await inside.request_subscription(news.list_id, "ada@customers.example")
    token = parse_token(await inside.read_email())
    await inside.confirm(token)
    clock.advance(timedelta(hours=48))
    with pytest.raises(InvalidTokenError):
        await inside.confirm(token)
    await inside.modules.subscriptions.subscribe_service.delete_expired(at=clock())
    assert await planter.read_raw(inside.chassis.db, "confirmed_requests") == []


async def test_two_confirmations_at_once_make_one_subscription(readers: Subscribers) -> None:
    token = await readers.request_and_read_mail(await readers.a_list(), address())
    both = await asyncio.gather(readers.confirm(token), readers.confirm(token))
    assert [each.status for each in both] == [200, 200]
    assert both[0].body == both[1].body


async def test_the_subscriber_sees_the_evidence_of_the_consent(readers: Subscribers, service: Running) -> None:
    name, email = new_id("Letters"), address()
    await readers.join(await readers.a_list(name), email, by=ADA)
    mine = (await service.call("GET", f"{ROOT}/subscriptions/mine", by=ADA)).body["items"]
    [found] = [each for each in mine if each["list_name"] == name]
    consent = found["consent"]
    assert (found["email"], consent["source"], consent["version"]) == (email, "account", CURRENT_CONSENT.version)
    assert name in consent["text"]
    assert consent["requested_at"] <= consent["confirmed_at"]


async def test_N10_nobody_sees_the_subscriptions_of_another(readers: Subscribers, service: Running) -> None:
    await readers.join(await readers.a_list(), address(), by=ADA)
    other = await service.call("GET", f"{ROOT}/subscriptions/mine", by=person("customer", number="2"))
    assert other.body == {"items": []}


async def test_an_address_gets_one_confirmation_however_often_it_is_asked(readers: Subscribers) -> None:
    list_id, email = await readers.a_list(), address()
    await asyncio.gather(*(readers.request_subscription(list_id, email) for _ in range(10)))
    await readers.mail_about(email, "confirm")
    await readers.request_and_read_mail(
        await readers.a_list(), address()
    )  # later in the queue than any second mail would be
    assert len(readers.mailbox.mails_to(email)) == 1


@pytest.mark.parametrize(
    "email", ["", "ada", "ada@", "a@b@c", "ada@customers.example\r\nBcc: eve@evil.example", "a b@c.d"]
)
async def test_N14_an_invalid_address_is_rejected(readers: Subscribers, email: str) -> None:
    refused = await readers.request_subscription(await readers.a_list(), email)
    assert refused.status == 422
    assert "eve@" not in str(refused.body)


@pytest.mark.parametrize("name", ["News\r\nBcc: eve@evil.example", "two\nlines", "x\x00y", "", "x" * 101, "a\u2028b"])
async def test_N14_the_name_of_a_list_is_one_line(service: Running, name: str) -> None:
    refused = await service.call("POST", f"{ROOT}/lists", by=EDITOR, body={"name": name}, key=new_id("key"))
    assert (refused.status, refused.body["code"]) == (422, "http.request.invalid")


async def test_only_editors_make_lists_and_everybody_sees_them(readers: Subscribers, service: Running) -> None:
    name = new_id("Open")
    await readers.a_list(name)
    for by, status in ((None, 401), (ADA, 403), (person("staff", "engineer"), 403)):
        refused = await service.call("POST", f"{ROOT}/lists", by=by, body={"name": "Mine"}, key=new_id("key"))
        assert refused.status == status
    shown = (await service.call("GET", f"{ROOT}/lists?limit=200")).body["items"]
    [found] = [each for each in shown if each["name"] == name]
    assert name in found["consent_text"]


async def test_a_list_that_is_made_twice_with_one_key_is_one(service: Running) -> None:
    body, key = {"name": new_id("Once")}, new_id("key")
    made = [await service.call("POST", f"{ROOT}/lists", by=EDITOR, body=body, key=key) for _ in range(2)]
    assert made[0].body["list_id"] == made[1].body["list_id"]


async def test_C17_nothing_is_left_of_an_expired_opt_in_request(
    inside: NewsletterInternals, clock: FixedClock, planter: RawWriter
) -> None:
    news = await inside.a_list()
    await inside.request_subscription(news.list_id, "ada@customers.example")
    token = parse_token(await inside.read_email())
    clock.advance(timedelta(hours=48))
    with pytest.raises(InvalidTokenError):
        await inside.confirm(token)
    assert await inside.modules.subscriptions.subscribe_service.delete_expired(at=clock()) == 1
    for collection in ("opt_in_requests", "subject_keys", "mail_queue"):
        assert await planter.read_raw(inside.chassis.db, collection) == []


async def test_a_newer_opt_in_request_replaces_the_older(inside: NewsletterInternals, clock: FixedClock) -> None:
    news = await inside.a_list()
    await inside.request_subscription(news.list_id, "ada@customers.example")
    older = parse_token(await inside.read_email())
    clock.advance(timedelta(minutes=11))
    await inside.request_subscription(news.list_id, "ada@customers.example")
    newer = parse_token(await inside.read_email())
    with pytest.raises(InvalidTokenError):
        await inside.confirm(older)
    assert (await inside.confirm(newer)).subscribed_at == clock()


async def test_the_cooldown_counts_all_spellings_of_an_address(inside: NewsletterInternals) -> None:
    news = await inside.a_list()
    for email in ("ada@customers.example", "Ada@customers.example", "ADA@Customers.Example"):
        await inside.request_subscription(news.list_id, email)
    assert len(await inside.queued_mails()) == 1


async def test_a_confirmation_does_not_end_the_cooldown(inside: NewsletterInternals, clock: FixedClock) -> None:
    news = await inside.a_list()
    await inside.join(news.list_id, "ada@customers.example")
    await inside.request_subscription(news.list_id, "ada@customers.example")
    assert await inside.queued_mails() == []
    clock.advance(timedelta(minutes=11))
    await inside.request_subscription(news.list_id, "ada@customers.example")
    assert len(await inside.queued_mails()) == 1


async def test_the_link_of_a_suspended_subscription_is_refused(inside: NewsletterInternals, clock: FixedClock) -> None:
    news = await inside.a_list()
    await inside.request_subscription(news.list_id, "ada@customers.example")
    token = parse_token(await inside.read_email())
    made = await inside.confirm(token)
    folded = await inside.modules.stores.subscriptions.get_folded_index(made.subscription_id)
    await inside.modules.stores.subscriptions.suspend(
        folded or "", SuppressionReason.BOUNCED, verdict_id="inb_1", at=clock()
    )
    with pytest.raises(InvalidTokenError):
        await inside.confirm(token)
    with pytest.raises(InvalidTokenError):
        await inside.modules.subscriptions.subscribe_service.get_details(token, at=clock())


@pytest.mark.parametrize(
    "email", ["leave+abc@in.candor.example", "bounce+x@IN.candor.example", "No-Reply@candor.example"]
)
async def test_an_address_of_our_own_inbound_domain_cannot_join(inside: NewsletterInternals, email: str) -> None:
    news = await inside.a_list()
    with pytest.raises(OwnAddressError):
        await inside.request_subscription(news.list_id, email)
    assert await inside.queued_mails() == []


async def test_who_confirms_again_stays_one_subscriber_with_newer_evidence(
    inside: NewsletterInternals, clock: FixedClock
) -> None:
    news = await inside.a_list()
    first = await inside.join(news.list_id, "ada@customers.example")
    clock.advance(timedelta(days=1))
    second = await inside.join(news.list_id, "ada@customers.example", account_id="acc_1")
    [held] = await inside.modules.privacy.account_export.list_subscriptions("acc_1")
    assert second.subscription_id == first.subscription_id == held.recipient.subscription.subscription_id
    assert held.recipient.subscription.consent.confirmed_at == clock()
    assert held.recipient.subscription.subscribed_at < clock()
