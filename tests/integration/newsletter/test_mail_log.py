"""The mail log of newsletter (C04): campaigns and confirmations are found in it, and the probe notices a gap."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from services.newsletter.domain.campaigns.campaigns import Campaign
from services.newsletter.domain.subscriptions.subscriptions import Subscription
from services.newsletter.store.campaigns.documents import CampaignDeliveryDocument
from shared.contracts import common_v1
from shared.ids import new_id
from shared.mail import (
    DeliveryStatus,
    FromAddress,
    MailDirection,
    MailLogDocument,
    MailLogFilter,
    MailSender,
    MergedMailLog,
    QueuedMailDocument,
    SmtpUrl,
)
from shared.policy import PromiseState
from shared.promises import Finding
from shared.promises.server_logs import server_log_probe
from tests.integration.newsletter.internals import NewsletterInternals, add_subscribers, parse_token
from tests.integration.newsletter.subscribers import EDITOR, ROOT, Subscribers, address
from tests.support import FixedClock
from tests.support.fake_services import FakeServices, until
from tests.support.running import person

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


async def found(inside: NewsletterInternals, *, after: str | None = None, limit: int = 50, **wanted: Any) -> list[str]:
    """Return what an operator finds, as kind and status."""
    merged = MergedMailLog(sources=(inside.chassis.mail_log, inside.modules.stores.campaign_mail_log))
    rows = await merged.search_entries(MailLogFilter(**wanted), after=after, limit=limit)
    return [f"{row.kind.removeprefix('newsletter.')} {row.status}" for row in rows]


async def send_queued_mails(inside: NewsletterInternals) -> None:
    """Let the sender of the service work off the queue."""
    url = SmtpUrl.parse(inside.settings.common.smtp_url)
    sender = FromAddress.parse(inside.settings.common.mail_from)
    queue, clock = inside.chassis.mail_queue, inside.chassis.clock
    rows = inside.chassis.db.get_collection(QueuedMailDocument)
    task = asyncio.create_task(MailSender(queue, url, sender, dkim=None, clock=clock).run())

    async def is_empty() -> bool:
        return not await rows.count_documents({})

    await until(is_empty)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def joined(inside: NewsletterInternals, email: str, *, account_id: str = "") -> Subscription:
    """Subscribe by double opt-in, with a confirmation email that goes out."""
    news = await inside.a_list()
    await inside.request_subscription(news.list_id, email)
    token = parse_token(await inside.read_email())
    await send_queued_mails(inside)
    return await inside.confirm(token, account_id=account_id)


async def sent(inside: NewsletterInternals, list_id: str) -> Campaign:
    campaign = await inside.start_campaign(list_id)
    await inside.send_campaign(campaign)
    return campaign


async def probed(inside: NewsletterInternals) -> Finding:
    chassis = inside.chassis
    more = inside.modules.probes.check_mail_log
    return await server_log_probe(
        chassis.db, chassis.mail_log, chassis.clock, access_log=None, leads=False, more=more
    ).check()


async def test_C04_a_subscriber_finds_confirmation_and_campaign_by_address_before_and_after_unsubscribing(
    inside: NewsletterInternals, clock: FixedClock
) -> None:
    made = await joined(inside, "ada@customers.example")
    clock.advance(MINUTE)
    await sent(inside, made.list_id)
    everything = ["campaign relayed", "confirmation relayed"]
    assert await found(inside, address="Ada@customers.example") == everything
    await inside.unsubscribe(made.subscription_id)
    assert await found(inside, address="ada@customers.example") == everything
    assert await found(inside, address="bob@customers.example") == []


async def test_C04_every_filter_narrows_the_emails_of_campaigns(inside: NewsletterInternals, clock: FixedClock) -> None:
    news = await inside.a_list()
    await add_subscribers(news.list_id, 3, db=inside.chassis.db, vault=inside.chassis.vault, clock=clock)
    inside.relay.at_rcpt = ["550 5.1.1 no such user"]
    [one, *_] = await inside.deliveries(await sent(inside, news.list_id))
    clock.advance(DAY)
    kind = "newsletter.campaign"
    assert sorted(await found(inside, kind=kind)) == ["campaign failed", *["campaign relayed"] * 2]
    assert await found(inside, kind=kind, status=DeliveryStatus.FAILED) == ["campaign failed"]
    assert len(await found(inside, mail_id=one.delivery_id)) == 1
    assert await found(inside, kind="newsletter.confirmation") == []
    assert await found(inside, kind=kind, direction=MailDirection.RECEIVED) == []
    assert await found(inside, kind=kind, since=clock() - MINUTE) == []
    assert len(await found(inside, kind=kind, until=clock() - MINUTE)) == 3


async def test_C04_pages_show_each_entry_of_both_sources_once(inside: NewsletterInternals, clock: FixedClock) -> None:
    made = await joined(inside, "ada@customers.example")
    campaigns = 3
    for _ in range(campaigns):
        await sent(inside, made.list_id)  # at the same instant: the id decides the order
    merged = MergedMailLog(sources=(inside.chassis.mail_log, inside.modules.stores.campaign_mail_log))
    for wanted in (MailLogFilter(), MailLogFilter(address="ada@customers.example")):
        seen: list[MailLogDocument] = []
        after: str | None = None
        while page := await merged.search_entries(wanted, after=after, limit=2):
            seen += page
            after = f"{page[-1].at.isoformat()} {page[-1].id}"
        assert len(seen) == len({row.id for row in seen}) == campaigns + 1
        assert seen == sorted(seen, key=lambda row: (row.at, row.id), reverse=True)


async def test_C04_a_temporary_refusal_has_an_entry_beside_the_final_one(
    inside: NewsletterInternals, clock: FixedClock
) -> None:
    made = await joined(inside, "ada@customers.example")
    inside.relay.at_rcpt = ["451 4.2.1 later"]
    clock.advance(MINUTE)
    campaign = await sent(inside, made.list_id)
    clock.advance(5 * MINUTE)
    await inside.send_campaign(campaign)
    entries = await found(inside, address="ada@customers.example")
    assert entries == ["campaign relayed", "campaign deferred", "confirmation relayed"]


async def test_C04_an_entry_of_a_campaign_ends_on_schedule(inside: NewsletterInternals, clock: FixedClock) -> None:
    made = await joined(inside, "ada@customers.example")
    [one] = await inside.deliveries(await sent(inside, made.list_id))
    clock.advance(91 * DAY)
    for wanted in ({"address": "ada@customers.example"}, {"mail_id": one.delivery_id}, {"since": clock() - 99 * DAY}):
        assert "campaign relayed" not in await found(inside, **wanted)


async def test_C04_an_erasure_cuts_the_tie_and_leaves_the_entry(inside: NewsletterInternals) -> None:
    made = await joined(inside, "ada@customers.example", account_id="acc_1")
    [one] = await inside.deliveries(await sent(inside, made.list_id))
    unsubscribing = inside.modules.subscriptions.unsubscribe_service
    await inside.chassis.db.with_transaction(lambda: unsubscribing.erase_account("acc_1", at=inside.chassis.clock()))
    assert await found(inside, address="ada@customers.example") == []
    assert await found(inside, mail_id=one.delivery_id) == ["campaign relayed"]
    stored = await inside.modules.stores.deliveries.get_by_mail_id(one.delivery_id)
    assert made.subscription_id not in str(stored)


async def delete_an_email(inside: NewsletterInternals, made: Subscription) -> None:
    rows = inside.chassis.db.get_collection(CampaignDeliveryDocument)
    await rows.delete_many({"subscription_id": made.subscription_id})


async def forget_when_it_was_sent(inside: NewsletterInternals, made: Subscription) -> None:
    rows = inside.chassis.db.get_collection(CampaignDeliveryDocument)
    await rows.update_many({"subscription_id": made.subscription_id}, {"$set": {"completed_at": None}})


async def cut_the_confirmation(inside: NewsletterInternals, made: Subscription) -> None:
    await inside.chassis.mail_log.anonymize(made.subscription_id)


@pytest.mark.parametrize(
    ("plant", "fault"),
    [
        (delete_an_email, "1 emails of campaigns are not in the mail log"),
        (forget_when_it_was_sent, "1 emails of campaigns are not in the mail log"),
        (cut_the_confirmation, "1 confirmations cannot be found"),
    ],
)
async def test_C04_is_broken_by_an_email_that_was_sent_without_an_entry(
    inside: NewsletterInternals,
    clock: FixedClock,
    plant: Callable[[NewsletterInternals, Subscription], Awaitable[None]],
    fault: str,
) -> None:
    made = await joined(inside, "ada@customers.example")
    await sent(inside, made.list_id)
    clock.advance(DAY)
    assert (await probed(inside)).state is PromiseState.KEPT
    await plant(inside, made)
    finding = await probed(inside)
    assert finding.state is PromiseState.BROKEN
    assert fault in finding.evidence


async def test_C04_is_kept_by_an_erasure(inside: NewsletterInternals, clock: FixedClock) -> None:
    made = await joined(inside, "ada@customers.example", account_id="acc_1")
    await sent(inside, made.list_id)
    unsubscribing = inside.modules.subscriptions.unsubscribe_service
    await inside.chassis.db.with_transaction(lambda: unsubscribing.erase_account("acc_1", at=clock()))
    clock.advance(DAY)
    assert (await probed(inside)).state is PromiseState.KEPT
    assert (await inside.modules.probes.only_confirmed_recipients()).state is not PromiseState.BROKEN


async def test_C04_a_confirmation_whose_answer_was_lost_is_in_the_log_once_its_link_was_used(
    inside: NewsletterInternals,
) -> None:
    news = await inside.a_list()
    await inside.request_subscription(news.list_id, "ada@customers.example")
    token = parse_token(await inside.read_email())
    await inside.chassis.db.get_collection(QueuedMailDocument).update_many({}, {"$set": {"attempts": 1}})
    await inside.confirm(token)
    assert await found(inside, address="ada@customers.example") == ["confirmation relayed"]
    assert await inside.queued_mails() == []


async def test_C04_a_confirmation_that_expired_unsent_is_in_the_log(
    inside: NewsletterInternals, clock: FixedClock
) -> None:
    news = await inside.a_list()
    await inside.request_subscription(news.list_id, "ada@customers.example")
    await inside.modules.subscriptions.subscribe_service.delete_expired(at=clock.advance(3 * DAY))
    assert await found(inside, address="ada@customers.example") == ["confirmation suppressed"]


async def test_C04_an_operator_finds_a_campaign_email_over_http_and_its_owner_is_told(
    readers: Subscribers, fake_services: FakeServices
) -> None:
    ada = person("customer", number=new_id("n").removeprefix("n_"))
    list_id, email = await readers.a_list(), address()
    await readers.join(list_id, email, by=ada)
    await readers.campaign(list_id)
    answer = await readers.service.call(
        "POST", f"{ROOT}/mail-log/search", by=EDITOR, body={"address": email.upper()}, key=new_id("key")
    )
    assert answer.status == 200, answer.body
    shown = [(each["kind"], each["status"]) for each in answer.body["items"]]
    assert shown == [("newsletter.campaign", "relayed"), ("newsletter.confirmation", "relayed")]
    assert email not in str(answer.body)

    async def look() -> bool:
        told = fake_services.received_events("newsletter.personal_data.accessed.v1", common_v1.PersonalDataAccessed)
        return any(each.account_id == ada.id for each in told)

    assert await until(look)
