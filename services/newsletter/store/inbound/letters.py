"""The letters that reports are about: the deliveries of campaigns, as this feature needs them."""

from dataclasses import dataclass

from services.newsletter.domain.campaigns.campaigns import ERASED_PREFIX, DeliveryState
from services.newsletter.store.campaigns.documents import CampaignDeliveryDocument
from shared.mongo import Collection, Database

_MAX_LETTERS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One email of a campaign to one subscription."""

    campaign_id: str
    subscription_id: str
    """Empty once its owner was erased."""


class Letters:
    """The deliveries of all campaigns, by the id of the email."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[CampaignDeliveryDocument] = db.get_collection(CampaignDeliveryDocument)

    async def get(self, mail_id: str) -> Letter | None:
        """Return the letter whose email has this id; None when no campaign sent it."""
        row = await self._rows.get(mail_id)
        if row is None:
            return None
        is_erased = row.subscription_id.startswith(ERASED_PREFIX)
        return Letter(campaign_id=row.campaign_id, subscription_id="" if is_erased else row.subscription_id)

    async def list_accepted(self, subscription_id: str) -> list[str]:
        """Return the ids of the emails to a subscription that the relay accepted, in the order of sending."""
        where = {"subscription_id": subscription_id, "state": DeliveryState.ACCEPTED}
        rows = await self._rows.list(where, sort=[("queued_at", -1)], limit=_MAX_LETTERS)
        return [row.id for row in reversed(rows)]
