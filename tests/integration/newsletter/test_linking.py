"""A subscription belongs to the account that confirms it, never to the one that typed the address."""

import json
from datetime import timedelta

from services.newsletter.domain.subscriptions.consent import ConsentSource
from shared.ids import new_id
from tests.integration.newsletter.internals import NewsletterInternals, parse_token
from tests.integration.newsletter.subscribers import ROOT, Subscribers, address
from tests.integration.newsletter.test_account import erased, exported
from tests.support import FixedClock
from tests.support.fake_services import FakeServices
from tests.support.running import Running, person

COOLDOWN = timedelta(minutes=10)


async def test_C06_an_account_that_types_another_address_never_sees_exports_ends_or_erases_it(
    readers: Subscribers, service: Running, fake_services: FakeServices
) -> None:
    eve, list_id, email = person("customer", number=new_id("n").removeprefix("n_")), await readers.a_list(), address()
    token = await readers.request_and_read_mail(list_id, email, by=eve)
    made = (await readers.confirm(token)).body["subscription_id"]
    assert (await service.call("GET", f"{ROOT}/subscriptions/mine", by=eve)).body == {"items": []}
    assert (await service.call("DELETE", f"{ROOT}/subscriptions/{made}", by=eve)).status == 404
    files = await exported(fake_services, eve.id)
    assert json.loads(files["data.json"]) == {"subscriptions": [], "unsubscribed": []}
    assert email not in str(files)
    assert dict((await erased(fake_services, eve.id)).erased_counts) == {}
    assert (await readers.campaign(list_id))["accepted"] == 1


async def test_C06_the_account_that_is_logged_in_at_the_confirmation_owns_it(
    readers: Subscribers, service: Running
) -> None:
    eve, bob = (person("customer", number=new_id("n").removeprefix("n_")) for _ in range(2))
    list_id, email = await readers.a_list(), address()
    await readers.confirm(await readers.request_and_read_mail(list_id, email, by=eve), by=bob)
    [mine] = (await service.call("GET", f"{ROOT}/subscriptions/mine", by=bob)).body["items"]
    assert (mine["email"], mine["consent"]["source"]) == (email, "account")
    assert (await service.call("GET", f"{ROOT}/subscriptions/mine", by=eve)).body == {"items": []}


async def test_C06_a_confirmation_moves_no_subscription_to_another_account(
    inside: NewsletterInternals, clock: FixedClock
) -> None:
    news = await inside.a_list()
    made = await inside.join(news.list_id, "bob@customers.example", account_id="acc_bob")
    clock.advance(COOLDOWN)
    await inside.join(news.list_id, "bob@customers.example", account_id="acc_eve")
    assert await inside.modules.privacy.account_export.list_subscriptions("acc_eve") == []
    [own] = await inside.modules.privacy.account_export.list_subscriptions("acc_bob")
    assert own.recipient.subscription.subscription_id == made.subscription_id


async def test_C06_somebody_who_was_subscribed_without_an_account_stays_so(
    inside: NewsletterInternals, clock: FixedClock
) -> None:
    news = await inside.a_list()
    made = await inside.join(news.list_id, "bob@customers.example")
    clock.advance(COOLDOWN)
    await inside.modules.subscriptions.subscribe_service.request(
        news.list_id, "bob@customers.example", source=ConsentSource.ACCOUNT, at=inside.chassis.clock()
    )
    await inside.confirm(parse_token(await inside.read_email()))
    found = await inside.modules.stores.subscriptions.get(made.subscription_id)
    assert found is not None
    assert found.account_id == ""


async def test_the_account_that_asks_is_not_stored_before_the_confirmation(
    inside: NewsletterInternals,
) -> None:
    news = await inside.a_list()
    await inside.modules.subscriptions.subscribe_service.request(
        news.list_id, "bob@customers.example", source=ConsentSource.ACCOUNT, at=inside.chassis.clock()
    )
    email = await inside.read_email()
    assert "logged in to a Candor account" in email.text
    details = await inside.modules.subscriptions.subscribe_service.get_details(
        parse_token(email), at=inside.chassis.clock()
    )
    assert details.requested_in_account
