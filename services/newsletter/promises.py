"""The probes of the promises that newsletter owns."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.newsletter.domain.campaigns.campaigns import CampaignDelivery
from services.newsletter.domain.subscriptions.subscriptions import RELAY_GRACE_PERIOD, Subscription, Suppression
from services.newsletter.store import (
    CampaignBatches,
    CampaignDeliveries,
    CampaignMailLog,
    Campaigns,
    ConfirmedRequests,
    IndexedSuppression,
    Subscriptions,
    SuppressedAddresses,
    Suppressions,
    UnsubscribeLinkRequests,
)
from shared.clock import Clock
from shared.ids import NewId
from shared.mail import MailLog, MailLogCheck
from shared.promises import Finding, Probe, broken_finding, kept_finding

_MAX_NEWEST = 2_000
_SAMPLE_SIZE = 1_000
_MAX_SUPPRESSIONS = 5_000
_NEWEST = timedelta(days=2)
_LINK_REQUEST_LIMIT = timedelta(minutes=5)
"""The links are sent within seconds; a restart of the service takes a minute."""

_LOGGED_AFTER = timedelta(minutes=15)
"""A confirmation can be faster than the log; after an answer of the relay was lost, it takes minutes."""

ConsentsById = dict[str, list[Subscription | Suppression]]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsletterProbes:
    """Checks the stored documents, not the code that stores them."""

    subscriptions: Subscriptions
    suppressions: Suppressions
    suppressed_addresses: SuppressedAddresses
    link_requests: UnsubscribeLinkRequests
    campaigns: Campaigns
    batches: CampaignBatches
    deliveries: CampaignDeliveries
    confirmed_requests: ConfirmedRequests
    mail_log: MailLog
    campaign_mail_log: CampaignMailLog
    clock: Clock
    new_id: NewId

    def build_probes(self) -> tuple[Probe, ...]:
        """Return the probes."""
        return (Probe("C10", self.nothing_after_unsubscribing), Probe("C06", self.only_confirmed_recipients))

    async def nothing_after_unsubscribing(self) -> Finding:
        """C10: no email was relayed after its recipient had unsubscribed or was suppressed; no one was put back."""
        sample_size = violations = revived = 0
        # The suppressions of one batch are close in time, so few deliveries are read that cannot be violations.
        newer_than, start_id = self.clock() - _NEWEST, self.new_id("sup")
        async for batch in self.suppressions.iter_sample(_MAX_SUPPRESSIONS, newer_than=newer_than, start_id=start_id):
            ended = [each.suppression for each in batch]
            sample_size += len(ended)
            ids = sorted({each.subscription_id for each in ended})
            deliveries = await self.deliveries.list_accepted_since(ids, ended[-1].unsubscribed_at)
            violations += sum(_breaks_suppression(delivery, ended) for delivery in deliveries)
            revived += await self._count_revived(batch)
        suspended, after_suspension = await self._count_after_suspension()
        overdue = await self.link_requests.count_overdue(self.clock() - _LINK_REQUEST_LIMIT)
        evidence = (
            f"{violations + after_suspension} emails relayed after one of {sample_size + suspended} suppressions; "
            f"{revived} subscriptions put back without a confirmation; {overdue} requests for unsubscribe links overdue"
        )
        is_broken = violations or after_suspension or revived or overdue
        return (broken_finding if is_broken else kept_finding)(sample_size + suspended, evidence)

    async def only_confirmed_recipients(self) -> Finding:
        """C06: each of the newest emails went to an address that had confirmed this list before."""
        deliveries = await self.deliveries.list_newest_accepted(await self.batches.list_newest_composed())
        lists = {
            each.campaign_id: each.list_id
            for each in await self.campaigns.get_many({delivery.campaign_id for delivery in deliveries})
        }
        known = await self._consents_by_id({delivery.subscription_id for delivery in deliveries})
        without = sum(
            not _has_consent(known[delivery.subscription_id], lists.get(delivery.campaign_id), delivery.sent_at)
            for delivery in deliveries
        )
        sample = await self.subscriptions.sample_subscriptions(
            _SAMPLE_SIZE, newer_than=self.clock() - _NEWEST, start_id=self.new_id("sub")
        )
        unproven = sum(not each.consent.is_sound(each.subscribed_at) for each in sample)
        evidence = (
            f"{without} of the {len(deliveries)} newest emails without a consent to their list; "
            f"{unproven} of {len(sample)} subscriptions without the evidence of a confirmation"
        )
        return (broken_finding if without or unproven else kept_finding)(len(deliveries) + len(sample), evidence)

    async def check_mail_log(self) -> MailLogCheck:
        """C04: every email of a campaign that was sent has an entry, and a confirmation is found by its address."""
        batches = await self.batches.list_done_sample(self.new_id("bat"))
        unlogged = sum([await self.campaign_mail_log.count_without_entry(each) for each in batches])
        confirmed = await self.confirmed_requests.list_newest(confirmed_before=self.clock() - _LOGGED_AFTER)
        owners = [owner for each in confirmed for owner in (each.request_id, each.subscription_id)]
        findable = await self.mail_log.list_findable_owners(owners)
        lost = sum(not {each.request_id, each.subscription_id} & findable for each in confirmed)
        return MailLogCheck(
            entry_count=sum(each.size for each in batches),
            faults=(
                *([f"{unlogged} emails of campaigns are not in the mail log"] if unlogged else []),
                *([f"{lost} confirmations cannot be found in the mail log by their address"] if lost else []),
            ),
        )

    async def _count_revived(self, batch: Sequence[IndexedSuppression]) -> int:
        """Count the subscriptions that exist although their address left the list later than it confirmed."""
        ended: dict[tuple[str, str], list[Suppression]] = defaultdict(list)
        for each in batch:
            ended[each.folded_index, each.suppression.list_id].append(each.suppression)
        found = await self.subscriptions.list_by_folded_index(sorted({folded for folded, _ in ended}))
        return sum(
            any(
                suppression.forbids_subscription(subscription)
                for suppression in ended.get((folded, subscription.list_id), ())
            )
            for folded, subscription in found
        )

    async def _count_after_suspension(self) -> tuple[int, int]:
        """Return how many subscriptions are suspended, and how many emails were relayed to them since."""
        entries = await self.suppressed_addresses.list_undoable_until(self.clock(), _MAX_NEWEST)
        found = await self.subscriptions.list_by_folded_index(sorted({folded for folded, _ in entries}))
        since = {each.subscription_id: each.suspended_at for _, each in found if each.suspended_at is not None}
        if not since:
            return 0, 0
        deliveries = await self.deliveries.list_accepted_since(sorted(since), min(since.values()))
        limits = {subscription_id: at + RELAY_GRACE_PERIOD for subscription_id, at in since.items()}
        late = [each for each in deliveries if each.sent_at and each.sent_at > limits[each.subscription_id]]
        return len(since), len(late)

    async def _consents_by_id(self, subscription_ids: set[str]) -> ConsentsById:
        known: ConsentsById = defaultdict(list)
        for one in await self.subscriptions.get_many(subscription_ids):
            known[one.subscription_id].append(one)
        for proof in await self.suppressions.list_by_subscriptions(subscription_ids):
            known[proof.subscription_id].append(proof)
        return known


def _breaks_suppression(delivery: CampaignDelivery, suppressions: list[Suppression]) -> bool:
    gone_at = delivery.sent_at
    return gone_at is not None and any(
        each.subscription_id == delivery.subscription_id and each.is_violated_at(gone_at) for each in suppressions
    )


def _has_consent(consents: list[Subscription | Suppression], list_id: str | None, sent_at: datetime | None) -> bool:
    return sent_at is not None and any(each.list_id == list_id and each.subscribed_at <= sent_at for each in consents)
