"""How far a campaign is, counted over its batches."""

from collections.abc import Iterable

from services.newsletter.domain.campaigns.batches import CampaignBatch
from services.newsletter.domain.campaigns.campaigns import DeliveryCounts, DeliveryState


def count_deliveries(batches: Iterable[CampaignBatch]) -> DeliveryCounts:
    """Return the number of deliveries in each state; those of a batch that no worker has sent yet are waiting."""
    counts: DeliveryCounts = {}
    for batch in batches:
        for state, count in (batch.counts if batch.has_counts else {DeliveryState.WAITING: batch.size}).items():
            counts[state] = counts.get(state, 0) + count
    return counts


def count_repeats(batches: Iterable[CampaignBatch]) -> int:
    """Return how many emails went out again because the relay's answer was lost."""
    return sum(batch.repeated_count for batch in batches)
