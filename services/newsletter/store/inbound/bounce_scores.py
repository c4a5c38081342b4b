"""The scores of addresses, and the reports that campaigns got."""

from services.newsletter.domain.inbound.received import BounceScore
from services.newsletter.domain.inbound.verdicts import Judgement
from services.newsletter.store.inbound.documents import BounceScoreDocument, CampaignReportsDocument
from shared.mongo import Collection, Database


class BounceScores:
    """The scores by subscription."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[BounceScoreDocument] = db.get_collection(BounceScoreDocument)

    async def get(self, subscription_id: str) -> BounceScore:
        """Return the score; empty when nothing came back."""
        row = await self._rows.get(subscription_id)
        if row is None:
            return BounceScore(subscription_id=subscription_id)
        return BounceScore(subscription_id=row.id, mail_ids=row.mail_ids, first_at=row.first_at, last_at=row.last_at)

    async def put(self, score: BounceScore) -> None:
        """Store a score; an empty one is none."""
        if score.first_at is None or score.last_at is None:
            await self.delete([score.subscription_id])
            return
        await self._rows.upsert_one(
            BounceScoreDocument(
                id=score.subscription_id, mail_ids=score.mail_ids, first_at=score.first_at, last_at=score.last_at
            )
        )

    async def delete(self, subscription_ids: list[str]) -> int:
        """Delete the scores of some subscriptions; return how many."""
        return await self._rows.delete_many({"_id": {"$in": subscription_ids}}) if subscription_ids else 0


class CampaignReports:
    """The number of reports about each campaign."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[CampaignReportsDocument] = db.get_collection(CampaignReportsDocument)

    async def count_report(self, campaign_id: str, judgement: Judgement, *, by: int = 1) -> None:
        """Count one report."""
        row = await self._rows.get(campaign_id)
        if row is None:
            await self._rows.insert_one(CampaignReportsDocument(id=campaign_id))
        field = "refused" if judgement.refuses_us else judgement.verdict.value
        await self._rows.update_one({"_id": campaign_id}, {"$inc": {field: by}})

    async def get(self, campaign_id: str) -> dict[str, int]:
        """Return the numbers by verdict; refusals of us are apart."""
        row = await self._rows.get(campaign_id) or CampaignReportsDocument(id=campaign_id)
        return row.model_dump(exclude={"id"})
