"""When campaigns start, wait, are held and stop by themselves."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.newsletter.domain.campaigns.campaigns import Campaign, CampaignState, StopReason
from services.newsletter.domain.campaigns.restores import RestoreWatch
from services.newsletter.errors import CampaignStateError, OwnAddressError
from tests.integration.newsletter.campaigns.test_audience import some_readers
from tests.integration.newsletter.internals import NewsletterInternals
from tests.support import FixedClock


async def scheduled(inside: NewsletterInternals, minutes: int) -> Campaign:
    """Return a campaign that is to be sent in *minutes*."""
    news = await inside.a_list()
    await some_readers(inside, news.list_id, 3)
    made = await inside.create_campaign(news.list_id)
    at = inside.chassis.clock()
    local = (at + timedelta(minutes=minutes)).replace(tzinfo=None).isoformat(timespec="seconds")
    return await inside.modules.campaigns.campaign_editor.schedule(made.campaign_id, local, "UTC", at=at)


async def state(inside: NewsletterInternals, campaign: Campaign) -> CampaignState:
    return (await inside.get_campaign(campaign)).state


async def test_a_scheduled_campaign_starts_at_its_time_and_once(inside: NewsletterInternals, clock: FixedClock) -> None:
    campaign = await scheduled(inside, 10)
    clock.advance(timedelta(minutes=9))
    await inside.send_campaign(campaign)
    assert await state(inside, campaign) is CampaignState.SCHEDULED
    clock.advance(timedelta(minutes=1))
    await inside.send_campaign(campaign)
    assert await state(inside, campaign) is CampaignState.SENT
    await inside.send_campaign(campaign)
    assert len(inside.relay.mails) == 3


async def test_a_campaign_whose_time_was_missed_by_over_an_hour_waits_for_a_person(
    inside: NewsletterInternals, clock: FixedClock
) -> None:
    campaign = await scheduled(inside, 10)
    clock.advance(timedelta(minutes=71))
    await inside.advance()
    found = await inside.get_campaign(campaign)
    assert (found.state, found.stop_reason) == (CampaignState.HELD, StopReason.MISSED)
    assert found.stop_detail == "its time was 2027-01-04 12:10 UTC"
    await inside.modules.campaigns.campaign_editor.start(campaign.campaign_id, at=clock())
    await inside.send_campaign(campaign)
    assert await state(inside, campaign) is CampaignState.SENT


async def test_a_second_schedule_replaces_the_first_and_leaves_one_run(
    inside: NewsletterInternals, clock: FixedClock
) -> None:
    campaign = await scheduled(inside, 10)
    later = (clock() + timedelta(minutes=30)).replace(tzinfo=None).isoformat(timespec="seconds")
    await inside.modules.campaigns.campaign_editor.schedule(campaign.campaign_id, later, "UTC", at=clock())
    clock.advance(timedelta(minutes=15))
    await inside.send_campaign(campaign)
    assert inside.relay.mails == []
    clock.advance(timedelta(minutes=15))
    await inside.send_campaign(campaign)
    assert len(inside.relay.mails) == 3


async def test_a_schedule_that_was_taken_back_starts_nothing(inside: NewsletterInternals, clock: FixedClock) -> None:
    campaign = await scheduled(inside, 10)
    await inside.modules.campaigns.campaign_editor.clear_schedule(campaign.campaign_id)
    clock.advance(timedelta(minutes=20))
    await inside.advance()
    assert await state(inside, campaign) is CampaignState.DRAFT


async def test_after_a_long_silence_every_campaign_waits_for_a_person(
    inside: NewsletterInternals, clock: FixedClock
) -> None:
    """A database from a backup shows the time of the backup: what was sent since then would be sent again."""
    news = await inside.a_list()
    await some_readers(inside, news.list_id, 3)
    running, waiting = await inside.start_campaign(news.list_id), await scheduled(inside, 600)
    await inside.advance()
    clock.advance(timedelta(minutes=16))
    await inside.send_campaign(running)
    assert inside.relay.mails == []
    for campaign, expected in ((running, CampaignState.PAUSED), (waiting, CampaignState.HELD)):
        found = await inside.get_campaign(campaign)
        assert (found.state, found.stop_reason) == (expected, StopReason.INTERRUPTED)
    await inside.modules.campaigns.campaign_editor.resume(running.campaign_id)
    await inside.send_campaign(running)
    assert len(inside.relay.mails) == 3


async def test_a_campaign_that_was_started_cannot_be_changed(inside: NewsletterInternals) -> None:
    news = await inside.a_list()
    campaign = await inside.start_campaign(news.list_id)
    editor = inside.modules.campaigns.campaign_editor
    with pytest.raises(CampaignStateError):
        await editor.update_draft(campaign.campaign_id, subject="Other", text="Other", is_public=True)
    with pytest.raises(CampaignStateError):
        await editor.schedule(campaign.campaign_id, "2027-06-01T09:00", "UTC", at=inside.chassis.clock())


async def test_a_campaign_without_recipients_is_sent_at_once(inside: NewsletterInternals) -> None:
    news = await inside.a_list()
    campaign = await inside.start_campaign(news.list_id)
    await inside.send_campaign(campaign)
    assert await state(inside, campaign) is CampaignState.SENT


@pytest.mark.parametrize("email", ["leave+abc@in.candor.example", "x@IN.candor.example", "no-reply@candor.example"])
async def test_a_test_email_to_an_address_of_our_own_inbound_domain_is_refused(
    inside: NewsletterInternals, clock: FixedClock, email: str
) -> None:
    made = await inside.create_campaign((await inside.a_list()).list_id)
    with pytest.raises(OwnAddressError):
        await inside.modules.campaigns.campaign_previews.send_test(made.campaign_id, email, at=clock())
    assert await inside.queued_mails() == []


async def test_after_a_restore_everything_starts_paused_however_young_the_backup(
    inside: NewsletterInternals, clock: FixedClock
) -> None:
    news = await inside.a_list()
    await some_readers(inside, news.list_id, 3)
    campaign = await inside.start_campaign(news.list_id)
    campaigns = inside.modules.stores.campaigns
    await inside.advance()
    backup = await campaigns.read_dispatcher()
    assert backup is not None
    clock.advance(timedelta(seconds=30))
    await inside.advance()
    await campaigns.write_dispatcher(backup)
    await inside.send_queued(campaign)
    assert inside.relay.mails == [], "a worker sends nothing before the dispatcher has looked"
    await inside.advance()
    found = await inside.get_campaign(campaign)
    assert (found.state, found.stop_reason) == (CampaignState.PAUSED, StopReason.INTERRUPTED)
    await inside.modules.campaigns.campaign_editor.resume(campaign.campaign_id)
    await inside.send_campaign(campaign)
    assert await state(inside, campaign) is CampaignState.SENT


async def test_another_name_of_the_data_pauses_everything_at_the_next_start(
    inside: NewsletterInternals, clock: FixedClock
) -> None:
    news = await inside.a_list()
    await some_readers(inside, news.list_id, 3)
    campaign = await inside.start_campaign(news.list_id)
    await inside.advance()
    dispatcher = inside.modules.campaigns.campaign_dispatcher
    renamed = RestoreWatch(longest_gap=timedelta(minutes=15), data_epoch="2027-01-04")
    await replace(dispatcher, restore_watch=renamed).advance(at=clock())
    found = await inside.get_campaign(campaign)
    assert (found.state, found.stop_detail) == (
        CampaignState.PAUSED,
        "the data are unnamed, the settings say 2027-01-04",
    )
