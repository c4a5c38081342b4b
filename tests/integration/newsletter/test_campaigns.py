"""Campaigns: each recipient once, none who has unsubscribed, despite crashes."""

import asyncio
import itertools
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from services.newsletter.domain.campaigns.campaigns import CampaignState, DeliveryState
from services.newsletter.domain.subscriptions.subscriptions import UnsubscribeMethod
from services.newsletter.store.campaigns.documents import CampaignDeliveryDocument
from shared.clock import utc_now
from shared.contracts import newsletter_v1
from shared.crypto import Keyring, Vault
from shared.ids import new_id
from shared.mail import DeliveryStatus
from shared.mongo import Database, open_database
from tests.integration.newsletter.internals import NewsletterInternals, add_subscribers, open_internals
from tests.integration.newsletter.subscribers import EDITOR, ROOT, Subscribers, address, parse_one_click
from tests.support import FixedClock, RawWriter
from tests.support.fake_services import FakeServices, Mailbox, until
from tests.support.running import Running, person, running

WAITING, ACCEPTED, SUPPRESSED = DeliveryState.WAITING, DeliveryState.ACCEPTED, DeliveryState.SUPPRESSED


async def some_readers(inside: NewsletterInternals, list_id: str, many: int) -> list[str]:
    chassis = inside.chassis
    return await add_subscribers(list_id, many, db=chassis.db, vault=chassis.vault, clock=chassis.clock)


async def test_a_campaign_reaches_every_reader_once(readers: Subscribers, fake_services: FakeServices) -> None:
    list_id, emails = await readers.a_list(), [address() for _ in range(5)]
    for email in emails:
        await readers.join(list_id, email)
    subject = new_id("News")
    assert (await readers.campaign(list_id, subject))["accepted"] == 5
    assert [
        len([mail for mail in readers.mailbox.mails_to(email) if mail["Subject"] == subject]) for email in emails
    ] == [1] * 5

    async def told() -> newsletter_v1.CampaignSent | None:
        facts = fake_services.received_events("newsletter.campaign.sent.v1", newsletter_v1.CampaignSent)
        return next((fact for fact in facts if fact.list_id == list_id), None)

    fact = await until(told)
    assert fact is not None
    assert fact.accepted_count == 5


async def test_N02_what_arrives_has_the_one_click_header_on_one_line(readers: Subscribers) -> None:
    list_id, email = await readers.join_new_address()
    await readers.campaign(list_id, "The bytes")
    mail = await readers.mail_about(email, "The bytes")
    assert parse_one_click(mail).startswith(f"{ROOT}/unsubscribe/")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["To"] == email


async def test_two_sends_at_once_are_one(readers: Subscribers) -> None:
    list_id, email = await readers.join_new_address()
    path = await readers.create_campaign(list_id, "Only once")
    answers = await asyncio.gather(*(readers.start_campaign(path) for _ in range(5)))
    assert {answer.status for answer in answers} == {202}
    assert (await readers.send_campaign(path))["accepted"] == 1
    assert (await readers.start_campaign(path)).body["state"] == "sent"
    assert len([mail for mail in readers.mailbox.mails_to(email) if mail["Subject"] == "Only once"]) == 1


async def test_a_mailbox_that_does_not_exist_is_counted_and_stops_nobody(
    readers: Subscribers, mailbox: Mailbox
) -> None:
    list_id, _ = await readers.join_new_address()
    await readers.join(list_id, gone := address())
    mailbox.refused.add(gone)
    counts = await readers.campaign(list_id)
    assert (counts["accepted"], counts["failed"]) == (1, 1)


async def test_N09_who_leaves_while_a_campaign_is_under_way_gets_no_letter(
    readers: Subscribers, mailbox: Mailbox
) -> None:
    list_id, email = await readers.join_new_address()
    await readers.campaign(list_id, "Before")
    one_click = parse_one_click(await readers.mail_about(email, "Before"))
    mailbox.later.add(email)  # a relay that says "not now" to the first attempt
    path = await readers.create_campaign(list_id, "Under way")
    await readers.start_campaign(path)

    async def deferred() -> bool:
        view = (await readers.service.call("GET", path, by=EDITOR)).body
        return bool(view["state"] == "sending" and view["counts"]["waiting"] == 1)

    await until(deferred)
    assert (await readers.one_click(one_click)).status == 200
    mailbox.later.discard(email)
    assert (await readers.send_campaign(path)) == {
        "waiting": 0,
        "accepted": 0,
        "suppressed": 1,
        "failed": 0,
        "expired": 0,
    }
    assert "Under way" not in [mail["Subject"] for mail in mailbox.mails_to(email)]


@pytest.mark.parametrize("subject", ["News\r\nBcc: eve@evil.example", "a\nb", "a\rb", "a\x00b", "", "x" * 201])
async def test_N14_a_subject_is_one_line(readers: Subscribers, service: Running, subject: str) -> None:
    body = {"list_id": await readers.a_list(), "subject": subject, "text": "Hello."}
    refused = await service.call("POST", f"{ROOT}/campaigns", by=EDITOR, body=body, key=new_id("key"))
    assert (refused.status, refused.body["code"]) == (422, "http.request.invalid")


async def test_only_editors_write_and_send(readers: Subscribers, service: Running) -> None:
    path = await readers.create_campaign(await readers.a_list(), "Mine")
    for by, status in ((None, 401), (person("customer"), 403), (person("staff", "disclosure"), 403)):
        for method, target, key in (("GET", path, None), ("POST", f"{path}/send", new_id("key"))):
            assert (await service.call(method, target, by=by, key=key)).status == status


@pytest.mark.parametrize("path", [f"{ROOT}/campaigns/cmp_x", f"{ROOT}/campaigns/cmp_{'0' * 26}"])
async def test_a_campaign_that_does_not_exist_is_not_found(service: Running, path: str) -> None:
    assert (await service.call("GET", path, by=EDITOR)).body["code"] == "newsletter.campaign.not_found"
    sent = await service.call("POST", f"{path}/send", by=EDITOR, key=new_id("key"))
    assert sent.body["code"] == "newsletter.campaign.not_found"


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


async def test_N08_two_processes_at_one_campaign_write_each_letter_once(
    inside: NewsletterInternals, mongo_url: str, amqp_url: str, tmp_path: Path, clock: FixedClock
) -> None:
    news = await inside.a_list()
    emails = await some_readers(inside, news.list_id, 50)
    campaign = await inside.start_campaign(news.list_id)
    parts = {"MONGO_URL": mongo_url, "AMQP_URL": amqp_url, "MONGO_DATABASE": inside.chassis.db.name}
    async with open_internals(parts, tmp_path, clock) as other:
        await asyncio.gather(inside.advance(), other.advance())
    assert await inside.counts(campaign) == {WAITING: 50}
    emails_sent = [await inside.chassis.mail_queue.open_message(row) for row in await inside.queued_mails()]
    assert Counter(email.to.email for email in emails_sent) == Counter(emails)


async def test_N08_a_cursor_that_was_set_back_doubles_no_letter(
    inside: NewsletterInternals, planter: RawWriter
) -> None:
    news = await inside.a_list()
    await some_readers(inside, news.list_id, 10)
    campaign = await inside.start_campaign(news.list_id)
    await inside.advance()
    back = {"$set": {"cursor": "", "recipients_queued": False}}
    await planter.client[inside.chassis.db.name]["campaigns"].update_one({"_id": campaign.campaign_id}, back)
    await inside.advance()
    assert await inside.counts(campaign) == {WAITING: 10}
    assert len(await inside.queued_mails()) == 10


async def test_a_campaign_is_sent_only_when_every_letter_is_settled(inside: NewsletterInternals) -> None:
    news = await inside.a_list()
    await some_readers(inside, news.list_id, 6)
    campaign = await inside.start_campaign(news.list_id)
    await inside.advance()
    *most, last = await inside.queued_mails()
    for row in most:
        await inside.carry(row)
    await inside.advance()
    assert (await inside.modules.campaigns.campaign_sender.get(campaign.campaign_id)).state is CampaignState.SENDING
    await inside.carry(last)
    await inside.advance()
    assert (await inside.modules.campaigns.campaign_sender.get(campaign.campaign_id)).state is CampaignState.SENT


async def test_C10_a_letter_in_the_queue_is_withheld_and_cannot_be_read_any_more(inside: NewsletterInternals) -> None:
    news = await inside.a_list()
    made = await inside.join(news.list_id, "ada@customers.example")
    campaign = await inside.start_campaign(news.list_id)
    await inside.advance()
    token = inside.modules.stores.links.unsubscribe_token(made.subscription_id)
    await inside.modules.subscriptions.unsubscribe_service.unsubscribe_by_token(
        token, method=UnsubscribeMethod.ONE_CLICK, at=inside.chassis.clock()
    )
    [row] = await inside.queued_mails()
    assert await inside.carry(row) is DeliveryStatus.SUPPRESSED
    await inside.advance()
    assert await inside.counts(campaign) == {SUPPRESSED: 1}


async def test_the_queue_stays_bounded_while_the_relay_is_slow(
    mongo_url: str, amqp_url: str, tmp_path: Path, clock: FixedClock, planter: RawWriter
) -> None:
    parts = {"MONGO_URL": mongo_url, "AMQP_URL": amqp_url}
    async with open_internals(parts, tmp_path, clock, NEWSLETTER_MAX_QUEUED="8") as inside:
        news = await inside.a_list()
        await some_readers(inside, news.list_id, 30)
        campaign = await inside.start_campaign(news.list_id)
        await inside.advance()
        assert await inside.counts(campaign) == {WAITING: 8}
        while rows := await inside.queued_mails():
            for row in rows:
                await inside.carry(row)
            await inside.advance()
        assert await inside.counts(campaign) == {ACCEPTED: 30}
    await planter.drop_database(inside.chassis.db.name)


async def test_N08_broken_off_at_any_moment_it_reaches_everybody_once(
    inside: NewsletterInternals, mongo_driver: str
) -> None:
    news = await inside.a_list()
    emails = await some_readers(inside, news.list_id, 60)
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
    assert await inside.counts(campaign) == {WAITING: 60}
    emails_sent = [await inside.chassis.mail_queue.open_message(row) for row in await inside.queued_mails()]
    assert Counter(email.to.email for email in emails_sent) == Counter(emails)


@pytest.mark.timeout(180)
async def test_N08_killed_in_the_middle_it_goes_on_from_there(
    mongo_url: str, amqp_url: str, fake_services: FakeServices, mailbox: Mailbox, tmp_path: Path, planter: RawWriter
) -> None:
    """The relay is away and the queue bounded, so that each process comes to a stop in the middle of the list."""
    parts = {"MONGO_URL": mongo_url, "AMQP_URL": amqp_url, "SMTP_URL": "smtp://127.0.0.1:9"}
    settings = {"NEWSLETTER_BATCH_SIZE": "7", "NEWSLETTER_MAX_QUEUED": "40", "NEWSLETTER_POLL_INTERVAL_SECONDS": "0.02"}
    async with running(
        "newsletter", parts=parts, neighbours=fake_services, home=tmp_path, settings=settings
    ) as service:
        people, subject = Subscribers(service, mailbox), new_id("News")
        list_id = await people.a_list()
        async with open_database(mongo_url, service.database) as stored:
            vault = Vault(stored, Keyring.from_file(tmp_path / "keyring.json"), utc_now)
            emails = await add_subscribers(list_id, 120, db=stored, vault=vault, clock=utc_now)
            await people.start_campaign(path := await people.create_campaign(list_id, subject))
            for bound, written in ((80, 42), (1_000, 84)):
                await until(partial(_has_written, stored, written))
                await service.kill()
                service.env["NEWSLETTER_MAX_QUEUED"] = str(bound)
                await service.start()
            service.env["SMTP_URL"] = f"smtp://127.0.0.1:{mailbox.port}"
            await until(partial(_has_written, stored, 120))
        await service.stop()
        await service.start()
        counts = await people.send_campaign(path)
    reached = Counter(to for to, mail in mailbox.received if mail["Subject"] == subject)
    assert counts["accepted"] == 120
    assert reached == Counter(emails)
    await planter.drop_database(service.database)


async def _has_written(stored: Database, many: int) -> bool:
    return await stored.get_collection(CampaignDeliveryDocument).count_documents({}) == many
