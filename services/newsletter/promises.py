"""The probes of the promises that newsletter owns."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from services.newsletter.domain.campaigns.campaigns import CampaignDelivery
from services.newsletter.domain.subscriptions.subscriptions import Subscription, Suppression
from services.newsletter.store import CampaignDeliveries, Campaigns, Subscriptions, Suppressions
from shared.promises import Finding, Probe, broken_finding, kept_finding

ConsentsById = dict[str, list[Subscription | Suppression]]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsletterProbes:
    """Checks the stored documents, not the code that stores them."""

    subscriptions: Subscriptions
    suppressions: Suppressions
    campaigns: Campaigns
    deliveries: CampaignDeliveries

    def build_probes(self) -> tuple[Probe, ...]:
        """Return the probes."""
        return (Probe("C10", self.nothing_after_unsubscribing), Probe("C06", self.only_confirmed_recipients))

    async def nothing_after_unsubscribing(self) -> Finding:
        """C10: no email was relayed after its recipient had unsubscribed."""
        sample_size = violations = 0
        # The suppressions of one batch are close in time, so few deliveries are read that cannot be violations.
        async for ended in self.suppressions.iter_newest_first():
            sample_size += len(ended)
            ids = sorted({each.subscription_id for each in ended})
            deliveries = await self.deliveries.list_accepted_since(ids, ended[-1].unsubscribed_at)
            violations += sum(_breaks_suppression(delivery, ended) for delivery in deliveries)
        evidence = f"{violations} emails relayed after one of {sample_size} suppressions"
        return (broken_finding if violations else kept_finding)(sample_size, evidence)

    async def only_confirmed_recipients(self) -> Finding:
        """C06: each of the newest emails went to an address that had confirmed this list before."""
        deliveries = await self.deliveries.list_newest_accepted()
        lists = {
            each.campaign_id: each.list_id
            for each in await self.campaigns.get_many({delivery.campaign_id for delivery in deliveries})
        }
        known = await self._consents_by_id({delivery.subscription_id for delivery in deliveries})
        without = sum(
            not _has_consent(known[delivery.subscription_id], lists.get(delivery.campaign_id), delivery.sent_at)
            for delivery in deliveries
        )
        evidence = f"{without} of the {len(deliveries)} newest emails without a consent to their list"
        return (broken_finding if without else kept_finding)(len(deliveries), evidence)

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
