"""The probes of the promises that newsletter owns."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from services.newsletter.domain import Delivery, Subscription, Suppression
from services.newsletter.store import Campaigns, Deliveries, Subscriptions, Suppressions
from shared.promises import Finding, Probe, broken, kept

Known = dict[str, list[Subscription | Suppression]]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsletterProbes:
    """Looks at what is stored, not at what the code means to store."""

    subscriptions: Subscriptions
    suppressions: Suppressions
    campaigns: Campaigns
    deliveries: Deliveries

    def all(self) -> tuple[Probe, ...]:
        """Return the probes."""
        return (Probe("C10", self.nothing_after_leaving), Probe("C06", self.only_what_was_asked_for))

    async def nothing_after_leaving(self) -> Finding:
        """C10: the relay was given no letter for somebody who had left the list before."""
        looked_at = against = 0
        # The ends of one batch lie close together in time, so that hardly any letter is read that proves nothing.
        async for ended in self.suppressions.newest_first():
            looked_at += len(ended)
            ids = sorted({each.subscription_id for each in ended})
            letters = await self.deliveries.accepted_since(ids, ended[-1].ended_at)
            against += sum(_forbidden(letter, ended) for letter in letters)
        evidence = f"{against} letters after the end of {looked_at} ended subscriptions"
        return (broken if against else kept)(looked_at, evidence)

    async def only_what_was_asked_for(self) -> Finding:
        """C06: each of the newest letters went to somebody who had confirmed that very list before."""
        letters = await self.deliveries.newest_accepted()
        lists = {
            each.campaign_id: each.list_id
            for each in await self.campaigns.some({letter.campaign_id for letter in letters})
        }
        known = await self._known({letter.subscription_id for letter in letters})
        without = sum(
            not _asked_for(known[letter.subscription_id], lists.get(letter.campaign_id), letter.gone_at)
            for letter in letters
        )
        evidence = f"{without} of the {len(letters)} newest letters without a consent to their list"
        return (broken if without else kept)(len(letters), evidence)

    async def _known(self, subscription_ids: set[str]) -> Known:
        known: Known = defaultdict(list)
        for one in await self.subscriptions.some(subscription_ids):
            known[one.subscription_id].append(one)
        for proof in await self.suppressions.some(subscription_ids):
            known[proof.subscription_id].append(proof)
        return known


def _forbidden(letter: Delivery, ended: list[Suppression]) -> bool:
    gone_at = letter.gone_at
    return gone_at is not None and any(
        each.subscription_id == letter.subscription_id and each.forbids(gone_at) for each in ended
    )


def _asked_for(consents: list[Subscription | Suppression], list_id: str | None, gone_at: datetime | None) -> bool:
    return gone_at is not None and any(each.list_id == list_id and each.joined_at <= gone_at for each in consents)
