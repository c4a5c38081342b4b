"""A worker and a relay that answers as it is told: who gets what, once, and what the answers do."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path

import pytest

from services.newsletter.domain.campaigns.batches import BatchState, CampaignBatch
from services.newsletter.domain.campaigns.campaigns import Campaign, CampaignState, DeliveryState, StopReason
from services.newsletter.domain.subscriptions.subscriptions import UnsubscribeMethod
from services.newsletter.store import CampaignBatches
from shared.crypto import Keyring, make_keyring
from shared.crypto.keyring import dump_keyring, with_new_key
from shared.mail import DkimSigner
from tests.integration.newsletter.campaigns.test_audience import some_readers
from tests.integration.newsletter.internals import NewsletterInternals, open_internals
from tests.support import FixedClock, RawWriter
from tests.support.fake_services import until

ACCEPTED, FAILED, SUPPRESSED, WAITING = (
    DeliveryState.ACCEPTED,
    DeliveryState.FAILED,
    DeliveryState.SUPPRESSED,
    DeliveryState.WAITING,
)


async def started(inside: NewsletterInternals, many: int) -> tuple[Campaign, list[str]]:
    news = await inside.a_list()
    emails = await some_readers(inside, news.list_id, many)
    return await inside.start_campaign(news.list_id), emails


async def test_everybody_gets_the_email_once_and_the_campaign_is_sent(inside: NewsletterInternals) -> None:
    campaign, emails = await started(inside, 30)
    await inside.send_campaign(campaign)
    assert Counter(to for [to] in inside.relay.recipients) == Counter(emails)
    found = await inside.get_campaign(campaign)
    assert (found.state, found.counts[ACCEPTED], found.repeated_count) == (CampaignState.SENT, 30, 0)
    assert sorted(inside.relay.message_ids()) == sorted(
        f"<{each.delivery_id}@candor.example>" for each in await inside.deliveries(campaign)
    )


async def test_a_campaign_is_sent_only_when_every_email_is_settled(inside: NewsletterInternals) -> None:
    campaign, _ = await started(inside, 6)
    inside.relay.at_rcpt = ["451 4.2.1 later"]
    await inside.advance()
    await inside.send_queued(campaign)
    await inside.advance()
    assert (await inside.get_campaign(campaign)).state is CampaignState.SENDING
    assert await inside.counts(campaign) == {ACCEPTED: 5, WAITING: 1}


class ClaimedMeanwhile(CampaignBatches):
    """A worker claims what is ready just after the busy batches were read, as a repeated event lets it."""

    async def list_busy(self, campaign_id: str) -> list[CampaignBatch]:
        found = await super().list_busy(campaign_id)
        for each in await self.list_ready(campaign_id, limit=9):
            assert await self.claim(each, holder="hold_other", composed_at=each.due_at, dkim_selector="")
        return found


async def test_N08_a_batch_that_is_claimed_while_the_dispatcher_looks_is_not_skipped(
    inside: NewsletterInternals,
) -> None:
    campaign, _ = await started(inside, 4)
    dispatcher = inside.modules.campaigns.campaign_dispatcher
    while await dispatcher.audience.advance(await inside.get_campaign(campaign), at=inside.chassis.clock()):
        pass
    assert (await inside.get_campaign(campaign)).progress.is_complete
    await replace(dispatcher, batches=ClaimedMeanwhile(inside.chassis.db)).advance(at=inside.chassis.clock())
    assert (await inside.get_campaign(campaign)).state is CampaignState.SENDING
    assert await inside.counts(campaign) == {WAITING: 4}


async def test_a_refusal_for_now_is_tried_again_after_its_delay(inside: NewsletterInternals, clock: FixedClock) -> None:
    campaign, _ = await started(inside, 3)
    inside.relay.at_rcpt = ["451 4.2.1 later"]
    await inside.send_campaign(campaign)
    assert await inside.counts(campaign) == {ACCEPTED: 2, WAITING: 1}
    [deferred] = [each for each in await inside.deliveries(campaign) if each.state is WAITING]
    assert (deferred.attempts, deferred.code, deferred.enhanced_code) == (1, 451, "4.2.1")
    clock.advance(timedelta(minutes=2))
    await inside.send_campaign(campaign)
    assert await inside.counts(campaign) == {ACCEPTED: 3}
    assert len(set(inside.relay.message_ids())) == len(inside.relay.mails) == 3


@pytest.mark.parametrize(
    ("at", "answer", "code"), [("at_rcpt", "550 5.1.1 no such user", "5.1.1"), ("at_data", "554 5.7.1 spam", "5.7.1")]
)
async def test_a_refusal_for_good_ends_one_email_and_keeps_both_codes(
    inside: NewsletterInternals, at: str, answer: str, code: str
) -> None:
    campaign, _ = await started(inside, 8)
    setattr(inside.relay, at, [answer])
    await inside.send_campaign(campaign)
    assert await inside.counts(campaign) == {ACCEPTED: 7, FAILED: 1}
    [failed] = [each for each in await inside.deliveries(campaign) if each.state is FAILED]
    assert (failed.code, failed.enhanced_code) == (int(answer[:3]), code)


async def test_N09_who_left_gets_nothing_though_the_batch_was_stored_before(inside: NewsletterInternals) -> None:
    news = await inside.a_list()
    made = await inside.join(news.list_id, "ada@customers.example")
    campaign = await inside.start_campaign(news.list_id)
    await inside.advance()
    await leave(inside, made.subscription_id)
    await inside.send_campaign(campaign)
    assert inside.relay.mails == []
    assert await inside.counts(campaign) == {SUPPRESSED: 1}


async def test_N08_an_email_whose_answer_was_lost_goes_again_with_the_same_bytes_and_is_counted(
    inside: NewsletterInternals,
) -> None:
    campaign, _ = await started(inside, 5)
    inside.relay.at_data = ["hang up"]
    await inside.send_campaign(campaign)
    found = await inside.get_campaign(campaign)
    assert (found.counts[ACCEPTED], found.repeated_count) == (5, 1)
    [repeated] = [each for each, count in Counter(inside.relay.mails).items() if count > 1]
    assert Counter(inside.relay.mails)[repeated] == 2
    assert len(inside.relay.mails) == 6
    assert message_from_bytes(repeated)["Message-ID"]


async def test_N15_a_refused_recipient_spoils_nothing_for_the_next_on_the_connection(
    inside: NewsletterInternals,
) -> None:
    campaign, _ = await started(inside, 40)
    inside.relay.at_rcpt = ["550 5.1.1 no", "250 OK", "450 4.2.1 later", "250 OK", "550 5.1.1 no"]
    await inside.send_campaign(campaign)
    counts = await inside.counts(campaign)
    assert (counts[FAILED], counts[WAITING]) == (2, 1)


async def test_a_relay_that_is_away_delays_and_repeats_nothing(inside: NewsletterInternals) -> None:
    campaign, emails = await started(inside, 8)
    await inside.advance()
    await inside.relay.close()
    sending = asyncio.create_task(inside.send_queued(campaign))
    await asyncio.sleep(0.3)
    assert inside.relay.mails == []
    await inside.relay.open()
    await sending
    await inside.send_campaign(campaign)
    assert Counter(to for [to] in inside.relay.recipients) == Counter(emails)
    assert (await inside.get_campaign(campaign)).repeated_count == 0


async def test_ten_refusals_of_us_pause_the_campaign_and_it_says_why(inside: NewsletterInternals) -> None:
    campaign, _ = await started(inside, 60)
    inside.relay.at_rcpt = ["550 5.7.1 blocked, see https://blocklist.example"] * 60
    await inside.send_campaign(campaign)
    found = await inside.get_campaign(campaign)
    assert (found.state, found.stop_reason) == (CampaignState.PAUSED, StopReason.BLOCKED)
    assert "refused us" in found.stop_detail
    assert found.counts[WAITING] > 0
    inside.relay.at_rcpt = []
    await inside.modules.campaigns.campaign_editor.resume(campaign.campaign_id)
    await inside.send_campaign(campaign)
    assert (await inside.get_campaign(campaign)).state is CampaignState.SENT


async def test_a_batch_that_a_dead_worker_held_is_sent_by_another_one(
    inside: NewsletterInternals, clock: FixedClock
) -> None:
    campaign, emails = await started(inside, 4)
    await inside.advance()
    [batch] = await inside.modules.stores.batches.list_by_campaign(campaign.campaign_id)
    assert await inside.modules.stores.batches.claim(batch, holder="hold_dead", composed_at=clock(), dkim_selector="")
    await inside.modules.campaigns.campaign_worker.send_batch(batch.batch_id)
    assert inside.relay.mails == [], "the hold of the other worker has not ended"
    inside.modules.campaigns.campaign_dispatcher.hold_watch.ttl = 0.0
    await inside.send_campaign(campaign)
    assert Counter(to for [to] in inside.relay.recipients) == Counter(emails)


async def test_a_worker_whose_hold_was_taken_stops_before_the_next_email(
    inside: NewsletterInternals,
) -> None:
    campaign, _ = await started(inside, 4)
    inside.relay.pause = 0.8
    await inside.advance()
    [batch] = await inside.modules.stores.batches.list_by_campaign(campaign.campaign_id)
    pool = inside.modules.campaigns.campaign_worker.parts.relay
    assert pool.size == 2
    sending = asyncio.create_task(inside.send_queued(campaign))
    await asyncio.sleep(0.2)
    held = await inside.modules.stores.batches.get(batch.batch_id)
    assert held is not None
    assert held.state is BatchState.HELD
    assert await inside.modules.stores.batches.take_back(held, due_at=inside.chassis.clock())
    await sending
    assert len(inside.relay.mails) == 2


async def leave(inside: NewsletterInternals, subscription_id: str) -> None:
    token = inside.modules.stores.links.unsubscribe_token(subscription_id)
    await inside.modules.subscriptions.unsubscribe_service.unsubscribe_by_token(
        token, method=UnsubscribeMethod.ONE_CLICK, at=inside.chassis.clock()
    )


async def test_N08_a_repeated_email_has_the_same_bytes_although_the_dkim_key_was_rotated(
    inside: NewsletterInternals, tmp_path: Path
) -> None:
    old = make_keyring(["dkim"], at=inside.chassis.clock())
    new = with_new_key(old, "dkim", at=inside.chassis.clock() + timedelta(days=1))
    worker = inside.modules.campaigns.campaign_worker
    before, after = (
        replace(worker, emails=replace(worker.emails, dkim=signers[-1], earlier_dkim=signers))
        for signers in (list_signers(tmp_path / "old", old), list_signers(tmp_path / "new", new))
    )
    assert before.emails.dkim_selector != after.emails.dkim_selector
    campaign, _ = await started(inside, 1)
    await inside.advance()
    [batch] = await inside.modules.stores.batches.list_by_campaign(campaign.campaign_id)
    inside.relay.at_data = ["hang up"]
    sending = asyncio.create_task(before.send_batch(batch.batch_id))
    await until(lambda: has_mails(inside, 1))
    sending.cancel()  # killed: the answer is lost, and the next holder has the new key
    await asyncio.gather(sending, return_exceptions=True)
    [batch] = await inside.modules.stores.batches.list_by_campaign(campaign.campaign_id)
    await inside.modules.stores.batches.take_back(batch, due_at=inside.chassis.clock())
    await after.send_batch(batch.batch_id)
    first, second = inside.relay.mails
    assert first == second
    assert f"s={before.emails.dkim_selector};".encode() in first


async def has_mails(inside: NewsletterInternals, many: int) -> bool:
    return len(inside.relay.mails) >= many


def list_signers(file: Path, keyring: dict[str, object]) -> list[DkimSigner]:
    file.write_text(dump_keyring(keyring))
    return DkimSigner.list_from_keyring(Keyring.from_file(file), "candor.example")


async def test_N09_an_unsubscription_has_effect_within_a_second_while_a_campaign_is_being_sent(
    mongo_url: str, amqp_url: str, planter: RawWriter, tmp_path: Path, clock: FixedClock
) -> None:
    parts = {"MONGO_URL": mongo_url, "AMQP_URL": amqp_url, "NEWSLETTER_BATCH_SIZE": "100"}
    async with open_internals(parts, tmp_path, clock) as inside:
        campaign, emails = await started(inside, 60)
        await inside.advance()
        inside.relay.pause = 0.1  # one batch over two connections: three seconds
        sending = asyncio.create_task(inside.send_campaign(campaign))
        await until(lambda: has_mails(inside, 10))
        leaving = sorted(set(emails) - {to for [to] in inside.relay.recipients})[::3]
        for email in leaving:
            await inside.modules.subscriptions.unsubscribe_service.unsubscribe_address(
                email, "asked", staff_id="stf_1", at=clock()
            )
        await asyncio.sleep(1)
        seen = {to for [to] in inside.relay.recipients}
        await sending
        late = {to for [to] in inside.relay.recipients} - seen
        assert late, "the campaign was still being sent"
        assert not late & set(leaving)
        assert (await inside.counts(campaign))[SUPPRESSED]
    await planter.drop_database(inside.chassis.db.name)
