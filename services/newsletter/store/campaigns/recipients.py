"""The subscriptions as a campaign sees them: ids for its audience, addresses and the last look for its sending."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from services.newsletter.domain.campaigns.recipients import CampaignRecipient
from services.newsletter.store.subscriptions.documents import SubscriptionDocument
from shared import observe
from shared.crypto import DecryptionError, KeyDestroyedError, Vault
from shared.mail import EmailAddress
from shared.mongo import Collection, Database
from shared.policy import Purpose

log = observe.get_logger(__name__)


class Recipients:
    """Reads the subscriptions in force; writes nothing."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._rows: Collection[SubscriptionDocument] = db.get_collection(SubscriptionDocument)
        self._vault = vault

    async def iter_ids(
        self, list_id: str, *, until: datetime, page_size: int, where: Mapping[str, Any] | None = None
    ) -> AsyncIterator[list[str]]:
        """Yield the subscriptions of a list that were made not later than *until*, in pages and in no order.

        *where* is the query of a segment.
        """
        wanted = {"$and": [{"list_id": list_id}, where]} if where else {"list_id": list_id}
        pages = self._rows.iter_fields(wanted, ("subscribed_at", "suspended_at"), batch_size=page_size)
        async for page in pages:
            yield [raw["_id"] for raw in page if raw["subscribed_at"] <= until and _is_in_force(raw)]

    async def map_active(self, subscription_ids: Sequence[str]) -> dict[str, str]:
        """Return those of the subscriptions that are in force, with their subscribers."""
        where = {"_id": {"$in": list(subscription_ids)}}
        found = await self._rows.list_fields(where, ("subscriber_id", "suspended_at"))
        return {raw["_id"]: raw["subscriber_id"] for raw in found if _is_in_force(raw)}

    async def map_recipients(self, subscription_ids: Sequence[str]) -> dict[str, CampaignRecipient]:
        """Return those of the subscriptions that are in force, with their addresses."""
        found = await self._rows.list({"_id": {"$in": list(subscription_ids)}})
        rows = [row for row in found if row.suspended_at is None]
        await self._vault.prefetch_keys([row.subscriber_id for row in rows])
        opened = [await self._open_recipient(row) for row in rows]
        return {each.subscription_id: each for each in opened if each is not None}

    async def _open_recipient(self, row: SubscriptionDocument) -> CampaignRecipient | None:
        try:
            email = await self._vault.open_field(row, "email", Purpose.NEWSLETTER)
        except KeyDestroyedError:
            return None  # unsubscribed after the rows were read
        except DecryptionError:
            # One unreadable row must not stop the campaign for all others; an operator finds it by this line.
            log.exception("newsletter.address_unreadable", subscription_id=row.id)
            return None
        return CampaignRecipient(
            subscription_id=row.id,
            subscriber_id=row.subscriber_id,
            # Stored addresses are normalized: only a name in Unicode still needs its form for SMTP.
            addr_spec=email if email.isascii() else EmailAddress(email).addr_spec,
            subscribed_at=row.subscribed_at,
        )


def _is_in_force(raw: Mapping[str, Any]) -> bool:
    """Return whether no bounce or complaint suspends a subscription."""
    return raw.get("suspended_at") is None
