"""Suppressed addresses: in force for the very next letter, in any letter case, and lifted by a double opt-in alone."""

from datetime import timedelta

import pytest

from services.newsletter.domain.campaigns.campaigns import DeliveryState
from services.newsletter.domain.subscriptions.subscriptions import (
    SUSPENSION_LIMIT,
    Subscription,
    SuppressionReason,
    UnsubscribeMethod,
)
from services.newsletter.service.subscriptions.suppress import SuppressionService
from services.newsletter.store import DOCUMENTS
from shared.personal import personal_fields
from shared.policy import Purpose
from tests.integration.newsletter.internals import NewsletterInternals
from tests.support import FixedClock, RawWriter

ADA = "ada@customers.example"
DAY = timedelta(days=1)


async def a_subscriber(inside: NewsletterInternals) -> tuple[Subscription, SuppressionService]:
    news = await inside.a_list()
    return await inside.join(news.list_id, ADA), inside.modules.subscriptions.suppression_service


async def is_active(inside: NewsletterInternals, made: Subscription) -> bool:
    return await inside.modules.stores.subscriptions.is_active(made.subscriber_id)


async def test_n19_who_left_is_suppressed_in_any_letter_case_until_a_double_opt_in(
    inside: NewsletterInternals, clock: FixedClock
) -> None:
    made, suppression = await a_subscriber(inside)
    assert not await suppression.is_suppressed(made.list_id, ADA)
    clock.advance(DAY)
    await inside.unsubscribe(made.subscription_id)
    for spelling in (ADA, "ADA@customers.example", "Ada@Customers.Example"):
        assert await suppression.is_suppressed(made.list_id, spelling)
    other = await inside.a_list()
    assert not await suppression.is_suppressed(other.list_id, ADA)
    clock.advance(DAY)
    await inside.join(made.list_id, ADA)
    assert not await suppression.is_suppressed(made.list_id, ADA)


async def test_n19_a_suppression_survives_the_deletion_of_everything_else(
    inside: NewsletterInternals, planter: RawWriter, clock: FixedClock
) -> None:
    news = await inside.a_list()
    await inside.join(news.list_id, ADA, account_id="acc_ada")
    await inside.modules.subscriptions.unsubscribe_service.erase_account("acc_ada", at=clock.advance(DAY))
    assert await inside.modules.subscriptions.suppression_service.is_suppressed(news.list_id, "Ada@customers.example")
    assert await planter.read_raw(inside.chassis.db, "subscriptions") == []
    assert ADA not in str(await planter.read_raw(inside.chassis.db, "suppressions"))


async def test_a_suspended_address_gets_nothing_and_a_verdict_can_be_undone(
    inside: NewsletterInternals, clock: FixedClock
) -> None:
    made, suppression = await a_subscriber(inside)
    other = await inside.join((await inside.a_list()).list_id, "Ada@customers.example")
    assert await suppression.suspend_address(
        made.subscription_id, SuppressionReason.BOUNCED, verdict_id="vrd_1", at=clock()
    )
    assert [await is_active(inside, each) for each in (made, other)] == [False, False]
    assert await suppression.is_suppressed(made.list_id, ADA)
    assert await suppression.resume_address("vrd_1", at=clock()) == 2
    assert [await is_active(inside, each) for each in (made, other)] == [True, True]
    assert not await suppression.is_suppressed(made.list_id, ADA)
    assert await suppression.resume_address("vrd_1", at=clock()) == 0


async def test_the_owner_sees_since_when_and_why_a_subscription_is_suspended(
    inside: NewsletterInternals, clock: FixedClock
) -> None:
    made = await inside.join((await inside.a_list()).list_id, ADA, account_id="acc_ada")
    await inside.modules.subscriptions.suppression_service.suspend_address(
        made.subscription_id, SuppressionReason.BOUNCED, verdict_id="vrd_1", at=clock()
    )
    export = inside.modules.privacy.account_export
    [shown] = await export.list_subscriptions("acc_ada")
    assert shown.recipient.subscription.suspended_at == clock()
    [item] = (await export.export_page("acc_ada", "")).items
    assert '"reason": "bounced"' in item[1].decode()


async def test_a_suspended_address_gets_no_letter_of_a_campaign_under_way(
    inside: NewsletterInternals, clock: FixedClock
) -> None:
    made, suppression = await a_subscriber(inside)
    campaign = await inside.start_campaign(made.list_id)
    await inside.advance()
    await suppression.suspend_address(
        made.subscription_id, SuppressionReason.COMPLAINED, verdict_id="vrd_1", at=clock()
    )
    await inside.send_campaign(campaign)
    assert inside.relay.mails == []
    assert await inside.counts(campaign) == {DeliveryState.SUPPRESSED: 1}


async def test_a_verdict_on_a_subscription_that_has_ended_suppresses_nobody(
    inside: NewsletterInternals, clock: FixedClock
) -> None:
    made, suppression = await a_subscriber(inside)
    await inside.unsubscribe(made.subscription_id)
    assert not await suppression.suspend_address(
        made.subscription_id, SuppressionReason.COMPLAINED, verdict_id="vrd_1", at=clock()
    )


async def test_C17_a_suspended_subscription_ends_for_good_when_no_verdict_can_be_undone(
    inside: NewsletterInternals, clock: FixedClock, planter: RawWriter
) -> None:
    made, suppression = await a_subscriber(inside)
    await suppression.suspend_address(
        made.subscription_id, SuppressionReason.COMPLAINED, verdict_id="vrd_1", at=clock()
    )
    clock.advance(SUSPENSION_LIMIT - DAY)
    assert await suppression.end_suspended(at=clock()) == 0
    clock.advance(DAY)
    assert await suppression.end_suspended(at=clock()) == 1
    assert await planter.read_raw(inside.chassis.db, "subscriptions") == []
    [proof] = await inside.modules.stores.suppressions.list_by_subscriptions({made.subscription_id})
    assert proof.method is UnsubscribeMethod.SUPPRESSION
    assert await suppression.resume_address("vrd_1", at=clock()) == 0
    assert await suppression.is_suppressed(made.list_id, ADA)


async def test_a_fresh_double_opt_in_ends_a_suspension_and_lifts_a_bounce_alone(
    inside: NewsletterInternals, clock: FixedClock
) -> None:
    made, suppression = await a_subscriber(inside)
    other = await inside.a_list()
    for number, reason in enumerate((SuppressionReason.BOUNCED, SuppressionReason.COMPLAINED)):
        await suppression.suspend_address(made.subscription_id, reason, verdict_id=f"vrd_{number}", at=clock())
        assert not await is_active(inside, made)
        clock.advance(DAY)
        await inside.join(made.list_id, ADA)
        assert await is_active(inside, made)
        assert not await suppression.is_suppressed(made.list_id, ADA)
        assert await suppression.is_suppressed(other.list_id, ADA) is (reason is SuppressionReason.COMPLAINED)


@pytest.mark.parametrize("reason", list(SuppressionReason))
async def test_n19_an_imported_suppression_ends_what_is_older_and_nothing_newer(
    inside: NewsletterInternals, clock: FixedClock, reason: SuppressionReason
) -> None:
    made, suppression = await a_subscriber(inside)
    before, after = clock() - DAY, clock() + DAY
    for suppressed_at, still_active in ((before, True), (after, False)):
        await suppression.suppress_address(
            "ADA <Ada@customers.example>", reason=reason, origin="imp_1", suppressed_at=suppressed_at, at=clock()
        )
        assert await is_active(inside, made) is still_active
    assert await suppression.is_suppressed(made.list_id, ADA)


async def test_an_address_is_suppressed_once_for_a_reason(
    inside: NewsletterInternals, clock: FixedClock, planter: RawWriter
) -> None:
    suppression = inside.modules.subscriptions.suppression_service
    made = [
        await suppression.suppress_address(
            spelling, reason=SuppressionReason.UNSUBSCRIBED, origin="imp_1", suppressed_at=clock(), at=clock()
        )
        for spelling in (ADA, "ADA@customers.example")
    ]
    assert made == [True, False]
    [row] = await planter.read_raw(inside.chassis.db, "suppressed_addresses")
    assert "ada" not in str(row)


async def test_n04_a_suppressed_address_still_gets_every_email_that_is_no_newsletter(
    inside: NewsletterInternals, clock: FixedClock
) -> None:
    made, suppression = await a_subscriber(inside)
    await suppression.suppress_address(
        ADA, reason=SuppressionReason.COMPLAINED, origin="vrd_1", suppressed_at=clock.advance(DAY), at=clock()
    )
    await inside.request_subscription(made.list_id, ADA)
    [row] = await inside.queued_mails()
    assert await inside.chassis.mail_queue.should_send(row)


def test_n04_no_suppression_may_be_read_for_another_purpose() -> None:
    held = {document.collection: personal_fields(document) for document in DOCUMENTS}
    for collection in ("suppressions", "suppressed_addresses"):
        for name, declared in held[collection].items():
            if name.endswith("_index"):
                assert frozenset(declared.purposes) == {Purpose.NEWSLETTER, Purpose.SUPPORT}
