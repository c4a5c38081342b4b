"""The probes: kept by what the service does, broken by what somebody plants."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.newsletter.domain.campaigns.campaigns import Campaign
from services.newsletter.domain.subscriptions.subscriptions import Subscription, SuppressionReason
from shared.contracts import common_v1
from shared.ids import new_id
from shared.policy import PromiseState
from tests.integration.newsletter.internals import NewsletterInternals, add_subscribers
from tests.integration.newsletter.subscribers import Subscribers
from tests.support import FixedClock, RawWriter
from tests.support.fake_services import FakeServices, until

HOUR = timedelta(hours=1)


async def left(inside: NewsletterInternals, clock: FixedClock) -> tuple[Subscription, Campaign]:
    """A person who got a letter and left an hour ago; return the subscription, and a later campaign."""
    news = await inside.a_list()
    made = await inside.join(news.list_id, "ada@customers.example")
    campaign = await inside.start_campaign(news.list_id)
    await inside.send_campaign(campaign)
    clock.advance(HOUR)
    await inside.unsubscribe(made.subscription_id)
    clock.advance(HOUR)
    return made, await inside.create_campaign(news.list_id)


def letter(made: Subscription, campaign: Campaign, at: datetime, **changes: Any) -> dict[str, Any]:
    """Return a letter as a service would store it that has sent it then."""
    return {
        "_id": new_id("planted"),
        "campaign_id": campaign.campaign_id,
        "subscription_id": made.subscription_id,
        "state": "accepted",
        "queued_at": at,
        "attempted_at": at,
        "completed_at": at,
        **changes,
    }


async def test_C10_is_kept_while_letters_end_with_the_subscription(
    inside: NewsletterInternals, clock: FixedClock
) -> None:
    await left(inside, clock)
    finding = await inside.modules.probes.nothing_after_unsubscribing()
    assert (finding.state, finding.sample_size) == (PromiseState.KEPT, 1)


@pytest.mark.parametrize("changes", [{}, {"attempted_at": None}])
async def test_C10_a_letter_after_the_end_is_caught(
    inside: NewsletterInternals, clock: FixedClock, planter: RawWriter, changes: dict[str, Any]
) -> None:
    made, campaign = await left(inside, clock)
    await planter.write_raw(inside.chassis.db, "deliveries", letter(made, campaign, clock(), **changes))
    finding = await inside.modules.probes.nothing_after_unsubscribing()
    assert finding.state is PromiseState.BROKEN
    assert finding.evidence.startswith("1 ")
    assert "@" not in finding.evidence


async def test_C10_a_letter_that_was_withheld_or_under_way_is_no_breach(
    inside: NewsletterInternals, clock: FixedClock, planter: RawWriter
) -> None:
    made, campaign = await left(inside, clock)
    ended_at = clock() - HOUR
    for planted in (
        letter(made, campaign, clock(), state="suppressed", campaign_id=new_id("cmp")),
        letter(made, campaign, clock(), attempted_at=ended_at - HOUR),
    ):
        await planter.write_raw(inside.chassis.db, "deliveries", planted)
    assert (await inside.modules.probes.nothing_after_unsubscribing()).state is PromiseState.KEPT


async def test_C10_a_letter_between_leaving_and_joining_again_is_caught(
    inside: NewsletterInternals, clock: FixedClock, planter: RawWriter
) -> None:
    made, campaign = await left(inside, clock)
    between = clock()
    clock.advance(HOUR)
    await inside.join(made.list_id, "ada@customers.example")
    await planter.write_raw(
        inside.chassis.db, "deliveries", letter(made, campaign, clock.advance(HOUR), campaign_id=new_id("cmp"))
    )
    assert (await inside.modules.probes.nothing_after_unsubscribing()).state is PromiseState.KEPT
    await planter.write_raw(inside.chassis.db, "deliveries", letter(made, campaign, between))
    assert (await inside.modules.probes.nothing_after_unsubscribing()).state is PromiseState.BROKEN


async def copy_of(inside: NewsletterInternals, planter: RawWriter, made: Subscription) -> dict[str, Any]:
    """Return the stored subscription as somebody could copy it who writes to the database."""
    [row] = [
        row for row in await planter.read_raw(inside.chassis.db, "subscriptions") if row["_id"] == made.subscription_id
    ]
    return dict(row)


async def test_C10_a_subscriber_who_left_and_was_put_back_is_caught(
    inside: NewsletterInternals, clock: FixedClock, planter: RawWriter
) -> None:
    news = await inside.a_list()
    made = await inside.join(news.list_id, "ada@customers.example")
    before = await copy_of(inside, planter, made)
    clock.advance(HOUR)
    await inside.unsubscribe(made.subscription_id)
    assert (await inside.modules.probes.nothing_after_unsubscribing()).state is PromiseState.KEPT
    await planter.write_raw(inside.chassis.db, "subscriptions", {**before, "_id": new_id("sub")})
    finding = await inside.modules.probes.nothing_after_unsubscribing()
    assert finding.state is PromiseState.BROKEN
    assert "1 subscriptions put back" in finding.evidence


async def test_C10_who_came_back_by_confirming_is_no_breach(inside: NewsletterInternals, clock: FixedClock) -> None:
    news = await inside.a_list()
    made = await inside.join(news.list_id, "Ada@customers.example")
    clock.advance(HOUR)
    await inside.unsubscribe(made.subscription_id)
    clock.advance(HOUR)
    await inside.join(news.list_id, "ada@customers.example")
    assert (await inside.modules.probes.nothing_after_unsubscribing()).state is PromiseState.KEPT


async def test_C10_a_letter_to_a_suspended_address_is_caught(
    inside: NewsletterInternals, clock: FixedClock, planter: RawWriter
) -> None:
    news = await inside.a_list()
    made = await inside.join(news.list_id, "ada@customers.example")
    campaign = await inside.start_campaign(news.list_id)
    await planter.write_raw(inside.chassis.db, "deliveries", letter(made, campaign, clock()))
    await inside.modules.subscriptions.suppression_service.suspend_address(
        made.subscription_id, SuppressionReason.COMPLAINED, verdict_id="vrd_1", at=clock.advance(HOUR)
    )
    assert (await inside.modules.probes.nothing_after_unsubscribing()).state is PromiseState.KEPT
    later = await inside.start_campaign(news.list_id)
    await planter.write_raw(inside.chassis.db, "deliveries", letter(made, later, clock.advance(HOUR)))
    assert (await inside.modules.probes.nothing_after_unsubscribing()).state is PromiseState.BROKEN


async def test_C10_a_request_for_links_that_waits_too_long_is_caught(
    inside: NewsletterInternals, clock: FixedClock
) -> None:
    service = inside.modules.subscriptions.unsubscribe_link_service
    await service.request_links("ada@customers.example", at=clock())
    assert (await inside.modules.probes.nothing_after_unsubscribing()).state is PromiseState.KEPT
    clock.advance(timedelta(minutes=6))
    finding = await inside.modules.probes.nothing_after_unsubscribing()
    assert finding.state is PromiseState.BROKEN
    assert "1 requests for unsubscribe links overdue" in finding.evidence
    await service.send_due(at=clock())
    assert (await inside.modules.probes.nothing_after_unsubscribing()).state is PromiseState.KEPT


@pytest.mark.parametrize(
    "changes",
    [
        {"consent_version": "0"},
        {"confirmed_at": -HOUR},
        {"confirmed_at": 49 * HOUR},
        {"source": "import"},
        {"import_id": "imp_1"},
    ],
)
async def test_C06_a_subscription_without_the_evidence_of_a_confirmation_is_caught(
    inside: NewsletterInternals, planter: RawWriter, changes: dict[str, Any]
) -> None:
    news, other = await inside.a_list(), await inside.a_list()
    made = await inside.join(news.list_id, "ada@customers.example")
    assert (await inside.modules.probes.only_confirmed_recipients()).state is PromiseState.KEPT
    bought = await copy_of(inside, planter, made)
    moved = {
        name: bought["consent"]["requested_at"] + value if isinstance(value, timedelta) else value
        for name, value in changes.items()
    }
    await planter.write_raw(
        inside.chassis.db,
        "subscriptions",
        {
            **bought,
            "_id": new_id("sub"),
            "subscriber_id": new_id("ssb"),
            "list_id": other.list_id,
            "consent": {**bought["consent"], **moved},
        },
    )
    finding = await inside.modules.probes.only_confirmed_recipients()
    assert finding.state is PromiseState.BROKEN
    assert "1 of 2 subscriptions" in finding.evidence


async def test_C06_is_kept_while_letters_go_where_they_were_asked_for(
    inside: NewsletterInternals, clock: FixedClock
) -> None:
    await left(inside, clock)
    finding = await inside.modules.probes.only_confirmed_recipients()
    assert (finding.state, finding.sample_size) == (PromiseState.KEPT, 1)


async def test_C06_a_letter_of_another_list_is_caught(
    inside: NewsletterInternals, clock: FixedClock, planter: RawWriter
) -> None:
    news, other = await inside.a_list(), await inside.a_list()
    made = await inside.join(news.list_id, "ada@customers.example")
    campaign = await inside.start_campaign(other.list_id)
    await planter.write_raw(inside.chassis.db, "deliveries", letter(made, campaign, clock.advance(HOUR)))
    assert (await inside.modules.probes.only_confirmed_recipients()).state is PromiseState.BROKEN


async def test_C06_a_letter_before_the_consent_or_to_nobody_is_caught(
    inside: NewsletterInternals, clock: FixedClock, planter: RawWriter
) -> None:
    news = await inside.a_list()
    made = await inside.join(news.list_id, "ada@customers.example")
    campaign = await inside.start_campaign(news.list_id)
    for planted in (
        letter(made, campaign, clock() - HOUR),
        letter(made, campaign, clock(), subscription_id=f"sub_{'0' * 26}"),
    ):
        await planter.write_raw(inside.chassis.db, "deliveries", planted)
    finding = await inside.modules.probes.only_confirmed_recipients()
    assert (finding.state, finding.sample_size) == (PromiseState.BROKEN, 3)
    assert finding.evidence.startswith("2 of")


async def test_C10_the_running_service_tells_what_it_finds(readers: Subscribers, fake_services: FakeServices) -> None:
    async def told() -> bool:
        facts = fake_services.received_events("newsletter.promise.checked.v1", common_v1.PromiseChecked)
        return {"C01", "C06", "C10", "C17", "C18"} <= {fact.promise_id for fact in facts if fact.state == "kept"}

    assert await until(told)


async def test_C10_the_sample_of_many_suppressions_has_new_ones_and_a_random_slice(
    inside: NewsletterInternals, clock: FixedClock
) -> None:
    news = await inside.a_list()
    for email in ("ada", "bob", "eve"):
        made = await inside.join(news.list_id, f"{email}@customers.example")
        await inside.unsubscribe(made.subscription_id)
        clock.advance(timedelta(days=9))
    stored = inside.modules.stores.suppressions
    [found] = [batch async for batch in stored.iter_sample(3, newer_than=clock(), start_id="sup_zz")]
    assert [each.suppression.unsubscribed_at for each in found] == [
        clock() - timedelta(days=days) for days in (9, 18, 27)
    ]
    oldest = found[-1].suppression.suppression_id
    sample = stored.iter_sample(2, newer_than=clock() - timedelta(days=10), start_id=oldest)
    [some] = [batch async for batch in sample]
    assert {found[0], found[-1]} <= set(some)


async def test_C06_the_sample_of_many_subscriptions_has_new_ones_and_a_random_slice(
    inside: NewsletterInternals, clock: FixedClock
) -> None:
    news, vault = await inside.a_list(), inside.chassis.vault
    await add_subscribers(news.list_id, 12, db=inside.chassis.db, vault=vault, clock=clock)
    clock.advance(timedelta(days=9))
    await add_subscribers(news.list_id, 2, db=inside.chassis.db, vault=vault, clock=clock)
    stored = inside.modules.stores.subscriptions
    everything = await stored.sample_subscriptions(14, newer_than=clock(), start_id="sub_zz")
    assert len(everything) == 14
    old = min(everything, key=lambda each: each.subscribed_at)
    some = await stored.sample_subscriptions(5, newer_than=clock() - HOUR, start_id=old.subscription_id)
    assert old in some
    assert sum(each.subscribed_at == clock() for each in some) == 2
    assert len(some) < 14
