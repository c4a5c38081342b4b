"""Everybody who is subscribed when a campaign starts has one delivery, whatever happens meanwhile."""

import asyncio
import itertools
from pathlib import Path

from services.newsletter.domain.campaigns.campaigns import DeliveryState
from tests.integration.newsletter.internals import NewsletterInternals, add_subscribers, open_internals
from tests.support import FixedClock, RawWriter

WAITING = DeliveryState.WAITING


async def some_readers(inside: NewsletterInternals, list_id: str, many: int) -> list[str]:
    chassis = inside.chassis
    return await add_subscribers(list_id, many, db=chassis.db, vault=chassis.vault, clock=chassis.clock)


async def recipients(inside: NewsletterInternals, list_id: str) -> list[str]:
    pages = inside.modules.stores.recipients.iter_ids(list_id, until=inside.chassis.clock(), page_size=100)
    return sorted([each async for page in pages for each in page])


async def test_who_joins_after_the_beginning_waits_for_the_next_campaign(
    inside: NewsletterInternals, clock: FixedClock
) -> None:
    news = await inside.a_list()
    await some_readers(inside, news.list_id, 9)
    campaign = await inside.start_campaign(news.list_id)
    clock.now = clock.now.replace(minute=1)
    await some_readers(inside, news.list_id, 9)
    await inside.advance()
    assert await inside.counts(campaign) == {WAITING: 9}


async def test_N08_two_processes_at_one_campaign_store_each_recipient_once(
    inside: NewsletterInternals, mongo_url: str, amqp_url: str, tmp_path: Path, clock: FixedClock
) -> None:
    news = await inside.a_list()
    await some_readers(inside, news.list_id, 50)
    campaign = await inside.start_campaign(news.list_id)
    parts = {"MONGO_URL": mongo_url, "AMQP_URL": amqp_url, "MONGO_DATABASE": inside.chassis.db.name}
    async with open_internals(parts, tmp_path, clock) as other:
        await asyncio.gather(inside.advance(), other.advance())
    found = [each.subscription_id for each in await inside.deliveries(campaign)]
    assert sorted(found) == await recipients(inside, news.list_id)


async def test_N08_progress_that_was_set_back_doubles_no_recipient(
    inside: NewsletterInternals, planter: RawWriter
) -> None:
    news = await inside.a_list()
    await some_readers(inside, news.list_id, 10)
    campaign = await inside.start_campaign(news.list_id)
    await inside.advance()
    back = {"$set": {"audience_step": 1, "has_audience": False, "recipient_count": 0}}
    await planter.client[inside.chassis.db.name]["campaigns"].update_one({"_id": campaign.campaign_id}, back)
    await inside.advance()
    assert await inside.counts(campaign) == {WAITING: 10}


async def test_N08_broken_off_at_any_moment_it_reaches_everybody_once(
    inside: NewsletterInternals, mongo_driver: str
) -> None:
    news = await inside.a_list()
    await some_readers(inside, news.list_id, 60)
    campaign = await inside.start_campaign(news.list_id)
    broken = 0
    for milliseconds in itertools.count(1):
        try:
            async with asyncio.timeout(milliseconds / 1000):
                await inside.advance()
            break
        except TimeoutError:
            broken += 1
    assert broken or mongo_driver == "pymongo"  # its client loses some cancellations outside of transactions
    found = [each.subscription_id for each in await inside.deliveries(campaign)]
    assert sorted(found) == await recipients(inside, news.list_id)


async def test_the_id_of_an_email_reveals_neither_its_place_nor_its_recipient(inside: NewsletterInternals) -> None:
    news = await inside.a_list()
    await some_readers(inside, news.list_id, 10)
    campaign = await inside.start_campaign(news.list_id)
    await inside.advance()
    ids = [each.delivery_id for each in await inside.deliveries(campaign)]
    assert len(ids) == len(set(ids)) == 10
    assert {len(each) for each in ids} == {31}
    found = await inside.modules.stores.deliveries.get_by_mail_id(ids[0])
    assert found is not None
    assert found.campaign_id == campaign.campaign_id
