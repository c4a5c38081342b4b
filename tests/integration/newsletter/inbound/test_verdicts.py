"""Mails come in over SMTP: each is judged, recorded and kept, and does what its verdict says (N-05, N-06, N-07)."""

from datetime import timedelta

import pytest

from services.newsletter.domain.campaigns.answers import MAX_BLOCKED
from services.newsletter.domain.campaigns.campaigns import CampaignState, StopReason
from services.newsletter.domain.inbound.received import KEPT_FOR
from services.newsletter.store.inbound.documents import ReceivedMailDocument
from shared.bus import OutboxDocument
from shared.contracts import newsletter_v1
from shared.crypto import SubjectKeyDocument
from shared.ids import new_id
from tests.integration.newsletter.inbound.letterbox import Letterbox
from tests.integration.newsletter.subscribers import address
from tests.support import FixedClock
from tests.support.inbound_mails import CorpusMail, corpus

REPORTED = "newsletter.email.reported.v1"
STOPS = {"hard", "complaint", "unsubscribe"}
BY_FILE = {mail.file: mail for mail in corpus()}
HARD, FULL, BLOCKED = BY_FILE["001.eml"], BY_FILE["013.eml"], BY_FILE["004.eml"]
COMPLAINT, FORGED, HUMAN, LEAVE = BY_FILE["031.eml"], BY_FILE["035.eml"], BY_FILE["040.eml"], BY_FILE["038.eml"]


async def test_n07_each_mail_of_the_corpus_does_what_its_verdict_says_and_nothing_else(letterbox: Letterbox) -> None:
    news = await letterbox.inside.a_list()
    bystander = await letterbox.inside.join(news.list_id, address())
    wrong = []
    for mail in corpus():
        reader = await letterbox.inside.join(news.list_id, address())
        mail_id = await letterbox.send_letter(reader, f"cmp_{mail.file}")
        assert (await letterbox.report(mail, reader, mail_id)).startswith("2")
        found = await letterbox.newest()
        expected = (mail.verdict, mail.reason, mail.counts, not (mail.counts and mail.verdict in STOPS))
        got = (found.judgement.verdict, found.judgement.reason, found.judgement.counts)
        if (*got, await letterbox.is_active(reader)) != expected:
            wrong.append((mail.file, got, expected))
    assert not wrong
    assert await letterbox.is_active(bystander)


async def test_the_same_mail_twice_counts_once(letterbox: Letterbox) -> None:
    reader = await letterbox.inside.join((await letterbox.inside.a_list()).list_id, address())
    mail_id = await letterbox.send_letter(reader)
    for _ in range(2):
        assert (await letterbox.report(FULL, reader, mail_id)).startswith("2")
    assert (
        len(await letterbox.inside.modules.inbound.review.list_newest(before=None, needs_a_person=False, limit=9)) == 1
    )
    assert (await letterbox.inside.modules.inbound.review.get_campaign_reports("cmp_1"))["soft"] == 1


async def test_n06_a_forged_report_is_kept_for_staff_and_stops_nobody(letterbox: Letterbox) -> None:
    reader = await letterbox.inside.join((await letterbox.inside.a_list()).list_id, address())
    await letterbox.report(FORGED, reader, await letterbox.send_letter(reader))
    found = await letterbox.newest()
    assert found.needs_a_person
    _, source = await letterbox.inside.modules.inbound.review.read(
        found.received_id, staff_id="stf_1", at=found.received_at
    )
    assert source is not None
    assert "user unknown" in source
    assert await letterbox.is_active(reader)


async def test_n06_the_return_address_of_another_service_touches_no_subscription(letterbox: Letterbox) -> None:
    reader = await letterbox.inside.join((await letterbox.inside.a_list()).list_id, address())
    mail_id = await letterbox.send_letter(reader)
    to = letterbox.return_address(mail_id, service="identity")
    await letterbox.deliver(HARD.read({"BOUNCE": to}), to=to)
    found = await letterbox.newest()
    assert (found.service, found.mail_id, found.subscription_id) == ("identity", mail_id, "")
    assert await letterbox.is_active(reader)
    [row] = await letterbox.inside.chassis.db.get_collection(OutboxDocument).list({"type": REPORTED})
    event = newsletter_v1.EmailReported.FromString(row.body)
    assert (event.service, event.mail_id, event.verdict, event.counts) == ("identity", mail_id, "hard", True)
    assert b"@" not in row.body


async def test_n05_soft_bounces_stop_the_letters_only_in_a_row_over_a_week(
    letterbox: Letterbox, clock: FixedClock
) -> None:
    reader = await letterbox.inside.join((await letterbox.inside.a_list()).list_id, address())
    for week in range(5):
        assert await letterbox.is_active(reader), week
        mail_id = await letterbox.send_letter(reader, f"cmp_{week}")
        await letterbox.deliver_soft(reader, mail_id, number=week)
        clock.advance(timedelta(days=2))
    assert not await letterbox.is_active(reader)


async def test_n05_a_letter_that_arrives_resets_the_score(letterbox: Letterbox, clock: FixedClock) -> None:
    reader = await letterbox.inside.join((await letterbox.inside.a_list()).list_id, address())
    for week in range(8):
        mail_id = await letterbox.send_letter(reader, f"cmp_{week}")
        if week != 4:
            await letterbox.deliver_soft(reader, mail_id, number=week)
        clock.advance(timedelta(days=2))
    assert await letterbox.is_active(reader)


async def test_a_refusal_of_us_counts_for_the_campaign_and_never_against_the_address(letterbox: Letterbox) -> None:
    reader = await letterbox.inside.join((await letterbox.inside.a_list()).list_id, address())
    await letterbox.report(BLOCKED, reader, await letterbox.send_letter(reader))
    reports = await letterbox.inside.modules.inbound.review.get_campaign_reports("cmp_1")
    assert (reports["refused"], reports["soft"], reports["hard"]) == (1, 0, 0)
    assert (await letterbox.inside.modules.inbound.bounce_scores.get(reader.subscription_id)).mail_ids == ()


async def test_a_verdict_can_be_looked_at_and_undone(letterbox: Letterbox, clock: FixedClock) -> None:
    reader = await letterbox.inside.join((await letterbox.inside.a_list()).list_id, address())
    await letterbox.report(HARD, reader, await letterbox.send_letter(reader))
    assert not await letterbox.is_active(reader)
    found, review = await letterbox.newest(), letterbox.inside.modules.inbound.review
    assert await review.revert(found.received_id, staff_id="stf_1", at=clock()) == 1
    assert await letterbox.is_active(reader)
    assert (await review.get_campaign_reports("cmp_1"))["hard"] == 0
    assert await review.revert(found.received_id, staff_id="stf_1", at=clock()) == 0


async def test_a_kept_mail_is_gone_after_30_days_with_its_key(letterbox: Letterbox, clock: FixedClock) -> None:
    reader = await letterbox.inside.join((await letterbox.inside.a_list()).list_id, address())
    await letterbox.report(HUMAN, reader, await letterbox.send_letter(reader))
    found, review = await letterbox.newest(), letterbox.inside.modules.inbound.review
    keys = letterbox.inside.chassis.db.get_collection(SubjectKeyDocument)
    assert await keys.get(found.received_id) is not None
    clock.advance(KEPT_FOR - timedelta(seconds=1))
    assert await review.delete_expired(at=clock()) == 0
    clock.advance(timedelta(seconds=1))
    assert await review.delete_expired(at=clock()) == 1
    assert (await review.read(found.received_id, staff_id="stf_1", at=clock()))[1] is None
    assert await keys.get(found.received_id) is None


async def test_an_automatic_reply_is_recorded_and_not_kept(letterbox: Letterbox, clock: FixedClock) -> None:
    reader = await letterbox.inside.join((await letterbox.inside.a_list()).list_id, address())
    await letterbox.report(BY_FILE["026.eml"], reader, await letterbox.send_letter(reader))
    found = await letterbox.newest()
    assert (await letterbox.inside.modules.inbound.review.read(found.received_id, staff_id="stf_1", at=clock()))[
        1
    ] is None


async def test_an_erasure_deletes_what_came_in_about_the_subscriptions_of_the_account(letterbox: Letterbox) -> None:
    account, inside = new_id("acc"), letterbox.inside
    reader = await inside.join((await inside.a_list()).list_id, address(), account_id=account)
    await letterbox.report(FULL, reader, await letterbox.send_letter(reader))
    found = await letterbox.newest()
    consumer = inside.modules.privacy.erasure_consumer
    erased = await inside.chassis.db.with_transaction(
        lambda: consumer.account_eraser.erase(account, at=inside.chassis.clock())
    )
    assert {"received_mails", "kept_mails", "bounce_scores"} <= set(erased.erased_counts)
    assert await inside.chassis.db.get_collection(ReceivedMailDocument).get(found.received_id) is None


async def test_what_staff_reads_of_an_account_is_recorded_for_its_owner(letterbox: Letterbox) -> None:
    account, inside = new_id("acc"), letterbox.inside
    reader = await inside.join((await inside.a_list()).list_id, address(), account_id=account)
    await letterbox.report(HARD, reader, await letterbox.send_letter(reader))
    before = await letterbox.count_events("newsletter.personal_data.accessed.v1")
    await inside.modules.inbound.review.read(
        (await letterbox.newest()).received_id, staff_id="stf_1", at=inside.chassis.clock()
    )
    assert await letterbox.count_events("newsletter.personal_data.accessed.v1") == before + 1


@pytest.mark.parametrize("kept", [HARD, FORGED], ids=["about a letter", "forged"])
async def test_no_address_stands_in_a_record(letterbox: Letterbox, kept: CorpusMail) -> None:
    reader = await letterbox.inside.join((await letterbox.inside.a_list()).list_id, address())
    await letterbox.report(kept, reader, await letterbox.send_letter(reader))
    [row] = await letterbox.inside.chassis.db.get_collection(ReceivedMailDocument).list({})
    assert "@" not in row.model_dump_json()


async def test_a_letter_that_the_relay_refuses_for_its_address_stops_the_next_one_once_and_can_be_undone(
    letterbox: Letterbox, clock: FixedClock
) -> None:
    inside = letterbox.inside
    reader = await inside.join((await inside.a_list()).list_id, address())
    letter = {"mail_id": new_id("mail"), "campaign_id": "cmp_1", "subscription_id": reader.subscription_id}
    for _ in range(2):
        await inside.modules.inbound.reply_recorder.record_hard_reply(**letter, at=clock())
    assert not await letterbox.is_active(reader)
    [found] = await inside.modules.inbound.review.list_newest(before=None, needs_a_person=False, limit=9)
    assert (await inside.modules.inbound.review.get_campaign_reports("cmp_1"))["hard"] == 0
    assert await inside.modules.inbound.review.revert(found.received_id, staff_id="stf_1", at=clock()) == 1
    assert await letterbox.is_active(reader)


async def test_refusals_of_us_that_come_later_pause_the_campaign_and_say_why(letterbox: Letterbox) -> None:
    inside = letterbox.inside
    news = await inside.a_list()
    campaign = await inside.start_campaign(news.list_id)
    for _ in range(MAX_BLOCKED):
        reader = await inside.join(news.list_id, address())
        await letterbox.report(BLOCKED, reader, await letterbox.send_letter(reader, campaign.campaign_id))
    paused = await inside.modules.stores.campaigns.get(campaign.campaign_id)
    assert paused is not None
    assert (paused.state, paused.stop_reason) == (CampaignState.PAUSED, StopReason.BLOCKED)
