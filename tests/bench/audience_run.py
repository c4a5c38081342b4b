"""Stores the recipients of one campaign and prints seconds and peak memory: ``python -m tests.bench.audience_run``.

A process of its own, so that its peak memory is that of the audience and not of what was measured before.
"""

import json
import resource
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from itertools import islice
from typing import Any, ClassVar

import uvloop

from services.newsletter.domain.campaigns.campaigns import Campaign, CampaignState, DeliveryState
from services.newsletter.service.campaigns.audience import AudienceBuilder
from services.newsletter.store import DOCUMENTS, CampaignBatches, CampaignDeliveries, Campaigns, Recipients, Segments
from services.newsletter.store.campaigns.documents import CampaignDeliveryDocument
from services.newsletter.store.subscriptions.documents import SubscriptionDocument
from services.newsletter.wiring.campaigns import BATCHES_PER_STEP
from shared.chassis.spec import DOCUMENTS as OF_CHASSIS
from shared.clock import monotonic, utc_now
from shared.ids import new_id
from shared.mongo import Collection, Database, Index, open_database
from tests.bench.parts import dropped

LIST_ID = "lst_" + "0" * 26
BATCH_SIZE = 500
AT_ONCE = 2_000
NOW = utc_now()


class PreparedSubscription(SubscriptionDocument):
    """A subscription with the one index that an audience reads by: to store a million with seven takes minutes."""

    indexes: ClassVar[tuple[Index, ...]] = (Index("list_id", "_id"),)


async def main(wanted: Namespace) -> dict[str, Any]:
    """Store subscriptions, then the audience, then the same rows bare."""
    async with dropped(wanted.mongo) as name, open_database(wanted.mongo, name) as db:
        others = [each for each in DOCUMENTS if each is not SubscriptionDocument]
        await db.ensure_collections([*OF_CHASSIS, *others, PreparedSubscription])
        await store_subscriptions(db.get_collection(PreparedSubscription), wanted.count)
        seconds = await store_audience(db, wanted.count)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    async with dropped(wanted.mongo) as name, open_database(wanted.mongo, name) as db:
        await db.ensure_collections([CampaignDeliveryDocument])
        bare = await store_bare(db.get_collection(CampaignDeliveryDocument), wanted.count)
    return {"seconds": seconds, "bare_seconds": bare, "peak_mib": peak}


async def store_subscriptions(rows: Collection[PreparedSubscription], count: int) -> None:
    """Store *count* subscriptions of one list."""
    made = make_subscriptions(count)
    while portion := list(islice(made, AT_ONCE)):
        await rows.insert_many(portion)


def make_subscriptions(count: int) -> Iterator[PreparedSubscription]:
    """Yield subscriptions as the service stores them; the address cannot be opened, and nothing here does."""
    for _ in range(count):
        yield PreparedSubscription(
            id=new_id("sub"),
            subscriber_id=new_id("ssb"),
            list_id=LIST_ID,
            account_id="",
            address_index=new_id("x") * 2,
            folded_index=new_id("x") * 2,
            similar_index=new_id("x") * 2,
            email=b"x" * 60,
            consent={"consent_version": "2", "source": "page", "requested_at": NOW, "confirmed_at": NOW},
            subscribed_at=NOW,
        )


async def store_audience(db: Database, count: int) -> float:
    """Start a campaign and store its recipients; return the seconds until the last is durable."""
    campaigns = Campaigns(db)
    builder = AudienceBuilder(
        recipients=Recipients(db, None),  # type: ignore[arg-type] # ids are read, addresses are not
        segments=Segments(db),
        campaigns=campaigns,
        deliveries=CampaignDeliveries(db),
        batches=CampaignBatches(db),
        transact=db.with_transaction,
        new_id=new_id,
        batch_size=BATCH_SIZE,
        batches_per_step=BATCHES_PER_STEP,
    )
    campaign = await campaigns.add(make_campaign(), idempotency_key="1")
    began = monotonic()
    await campaigns.start(campaign.campaign_id, utc_now(), expect=(CampaignState.DRAFT,))
    while True:
        found = await campaigns.get(campaign.campaign_id)
        assert found is not None
        if found.progress.is_complete:
            break
        await builder.advance(found, at=utc_now())
    assert found.progress.recipient_count == count
    return monotonic() - began


async def store_bare(rows: Collection[CampaignDeliveryDocument], count: int) -> float:
    """Insert the same rows and do nothing else; return the seconds."""
    began = monotonic()
    for _ in range(0, count, AT_ONCE):
        prefix = new_id("mail")[:19]
        await rows.insert_many(
            CampaignDeliveryDocument(
                id=prefix + new_id("m")[-12:],
                campaign_id="cmp_" + "0" * 26,
                subscription_id=new_id("sub"),
                state=DeliveryState.WAITING,
                queued_at=NOW,
            )
            for _ in range(AT_ONCE)
        )
    return monotonic() - began


def make_campaign() -> Campaign:
    """Return a draft."""
    return Campaign(
        campaign_id=new_id("cmp"),
        list_id=LIST_ID,
        subject="News",
        text="Hello.",
        state=CampaignState.DRAFT,
        started_at=None,
        counts={},
        created_at=NOW,
        sent_at=None,
    )


if __name__ == "__main__":
    parser = ArgumentParser(prog="python -m tests.bench.audience_run", description=__doc__)
    parser.add_argument("--mongo", required=True)
    parser.add_argument("--count", type=int, required=True)
    print(json.dumps(uvloop.run(main(parser.parse_args()))))
