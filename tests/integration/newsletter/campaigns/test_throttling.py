"""Limits of the relay, of a domain and of a new sender, counted in the database for all workers together."""

from datetime import timedelta
from pathlib import Path

from services.newsletter.domain.campaigns.campaigns import CampaignState, DeliveryState
from services.newsletter.domain.campaigns.limits import SendingLimits
from services.newsletter.service.campaigns.sending.throttle import SendingThrottle
from services.newsletter.store import SendingBudgets
from tests.integration.newsletter.campaigns.test_audience import some_readers
from tests.integration.newsletter.internals import NewsletterInternals, open_internals
from tests.support import FixedClock, RawWriter

ACCEPTED, WAITING = DeliveryState.ACCEPTED, DeliveryState.WAITING


def some_workers(inside: NewsletterInternals, limits: SendingLimits, many: int) -> list[SendingThrottle]:
    return [
        SendingThrottle(
            budgets=SendingBudgets(inside.chassis.db), limits=limits, index_domain=str, clock=inside.chassis.clock
        )
        for _ in range(many)
    ]


async def test_workers_share_the_limit_of_a_domain_and_the_next_minute_has_its_own(
    inside: NewsletterInternals, clock: FixedClock
) -> None:
    workers = some_workers(inside, SendingLimits(per_domain_minute=30), 3)
    found = [await workers[number % 3].find_delay("customers.example") for number in range(60)]
    assert found.count(None) == 30
    assert {each for each in found if each is not None} == {clock().replace(second=0) + timedelta(minutes=1)}
    assert await workers[0].find_delay("other.example") is None
    clock.advance(timedelta(minutes=1))
    assert await workers[0].find_delay("customers.example") is None


async def test_no_worker_exceeds_the_limit_of_a_domain_in_a_campaign(
    mongo_url: str, amqp_url: str, planter: RawWriter, tmp_path: Path, clock: FixedClock
) -> None:
    parts = {"MONGO_URL": mongo_url, "AMQP_URL": amqp_url, "NEWSLETTER_DOMAIN_EMAILS_PER_MINUTE": "5"}
    async with open_internals(parts, tmp_path, clock) as inside:
        news = await inside.a_list()
        await some_readers(inside, news.list_id, 12)
        campaign = await inside.start_campaign(news.list_id)
        for total in (5, 10, 12):
            await inside.send_campaign(campaign)
            assert len(inside.relay.mails) == total
            clock.advance(timedelta(minutes=1))
        assert (await inside.get_campaign(campaign)).state is CampaignState.SENT
    await planter.drop_database(inside.chassis.db.name)


async def test_a_new_sender_keeps_its_plan_of_days(
    mongo_url: str, amqp_url: str, planter: RawWriter, tmp_path: Path, clock: FixedClock
) -> None:
    plan = f"{clock():%Y-%m-%d}:4,6"
    parts = {"MONGO_URL": mongo_url, "AMQP_URL": amqp_url, "NEWSLETTER_WARM_UP": plan}
    async with open_internals(parts, tmp_path, clock, NEWSLETTER_LONGEST_GAP_SECONDS="172800") as inside:
        news = await inside.a_list()
        await some_readers(inside, news.list_id, 12)
        campaign = await inside.start_campaign(news.list_id)
        await inside.send_campaign(campaign)
        assert await inside.counts(campaign) == {ACCEPTED: 4, WAITING: 8}
        clock.advance(timedelta(hours=11))
        await inside.send_campaign(campaign)
        assert len(inside.relay.mails) == 4, "the day of the plan is a day of UTC"
        for total in (10, 12):
            clock.advance(timedelta(days=1))
            await inside.send_campaign(campaign)
            assert len(inside.relay.mails) == total
    await planter.drop_database(inside.chassis.db.name)
