"""Subscriptions in force."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.newsletter.domain.subscriptions.consent import Consent
from services.newsletter.domain.subscriptions.subscriptions import (
    NewsletterRecipient,
    Subscription,
    SuppressionReason,
)
from services.newsletter.store.personal_data import (
    AddressIndexes,
    address_index,
    folded_index,
    index_address,
    similar_index,
    slice_filter,
)
from services.newsletter.store.subscriptions.documents import ConsentValue, SubscriptionDocument
from shared import observe
from shared.crypto import DecryptionError, KeyDestroyedError, Vault, build_associated_data
from shared.mongo import Collection, Database
from shared.policy import Purpose

log = observe.get_logger(__name__)

_MAX_RESULTS = 500
_NOT_SUSPENDED = {"suspended_at": None, "suspension_reason": None, "verdict_id": ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientBatch:
    """A batch of recipients of a list, ordered by subscription id."""

    recipients: list[NewsletterRecipient]
    last_id: str
    """The last id that was read; empty when there was none."""
    is_last: bool
    """Whether the list has no more recipients."""


class Subscriptions:
    """The active subscriptions of all lists."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._rows: Collection[SubscriptionDocument] = db.get_collection(SubscriptionDocument)
        self._vault = vault

    async def add(self, subscription: Subscription, email: str) -> None:
        """Insert a subscription, its address sealed under the key of its subscriber."""
        sealed = await self._vault.seal(
            subscription.subscriber_id, build_associated_data(SubscriptionDocument, "email"), email.encode()
        )
        indexes = index_address(self._vault, email)
        await self._rows.insert_one(
            SubscriptionDocument(
                id=subscription.subscription_id,
                subscriber_id=subscription.subscriber_id,
                list_id=subscription.list_id,
                account_id=subscription.account_id,
                address_index=indexes.exact,
                folded_index=indexes.folded,
                similar_index=similar_index(self._vault, email),
                email=sealed,
                consent=ConsentValue.from_domain(subscription.consent),
                subscribed_at=subscription.subscribed_at,
            )
        )

    async def renew_consent(self, subscription_id: str, consent: Consent, *, account_id: str) -> None:
        """Replace the evidence of the consent and end a suspension.

        Link *account_id* unless it is empty or the subscription belongs to an account: it never moves to another.
        """
        change: dict[str, Any] = {"consent": ConsentValue.from_domain(consent).model_dump(), **_NOT_SUSPENDED}
        await self._rows.update_one({"_id": subscription_id}, {"$set": change})
        if account_id:
            owned_by_nobody = {"_id": subscription_id, "account_id": ""}
            await self._rows.update_one(owned_by_nobody, {"$set": {"account_id": account_id}})

    async def get(self, subscription_id: str) -> Subscription | None:
        """Return a subscription; None when it does not exist."""
        row = await self._rows.get(subscription_id)
        return _subscription(row) if row else None

    async def get_on_list(self, list_id: str, email: str) -> Subscription | None:
        """Return the subscription of an address to a list; None when there is none."""
        row = await self._rows.find_one({"address_index": address_index(self._vault, email), "list_id": list_id})
        return _subscription(row) if row else None

    async def list_by_email(self, email: str) -> list[Subscription]:
        """Return all subscriptions of an address in any letter case."""
        where = {"folded_index": folded_index(self._vault, email)}
        return [_subscription(row) for row in await self._rows.list(where, limit=_MAX_RESULTS)]

    async def list_same_address(self, subscription: Subscription) -> list[Subscription]:
        """Return all subscriptions of the address of *subscription* in any letter case, itself included."""
        row = await self._rows.get(subscription.subscription_id)
        if row is None:
            return []
        found = await self._rows.list({"folded_index": row.folded_index}, limit=_MAX_RESULTS)
        return [_subscription(each) for each in found]

    async def list_recipients_by_index(self, folded: str, purpose: Purpose) -> list[NewsletterRecipient]:
        """Return the subscriptions under the blind index *folded* of an address, with their spellings of it."""
        rows = await self._rows.list({"folded_index": folded}, sort=["_id"], limit=_MAX_RESULTS)
        return await self._open_recipients(rows, purpose)

    async def count_similar(self, email: str) -> int:
        """Count the subscriptions of addresses that differ from *email* in dots or in a ``+tag``; none is opened."""
        rows = await self._rows.list({"similar_index": similar_index(self._vault, email)}, limit=_MAX_RESULTS)
        same = folded_index(self._vault, email)
        return sum(row.folded_index != same for row in rows)

    async def get_recipient(self, subscription_id: str, purpose: Purpose) -> NewsletterRecipient | None:
        """Return a subscription with its address; None when it does not exist."""
        row = await self._rows.get(subscription_id)
        found = await self._open_recipients([row] if row else [], purpose)
        return found[0] if found else None

    async def list_recipients_by_account(self, account_id: str, purpose: Purpose) -> list[NewsletterRecipient]:
        """Return the subscriptions of an account with their addresses."""
        rows = await self._rows.list({"account_id": account_id}, sort=["subscribed_at"], limit=_MAX_RESULTS)
        return await self._open_recipients(rows, purpose)

    async def list_by_account(self, account_id: str) -> list[Subscription]:
        """Return all subscriptions of an account."""
        return [_subscription(row) for row in await self._rows.list({"account_id": account_id})]

    async def is_active(self, subscriber_id: str) -> bool:
        """Return whether a subscriber has a subscription that is not suspended."""
        return await self._rows.find_one({"subscriber_id": subscriber_id, "suspended_at": None}) is not None

    async def suspend(self, folded: str, reason: SuppressionReason, *, verdict_id: str, at: datetime) -> int:
        """Suspend the subscriptions under the blind index *folded* of an address; return how many were active."""
        change = {"suspended_at": at, "suspension_reason": reason, "verdict_id": verdict_id}
        return await self._rows.update_many({"folded_index": folded, "suspended_at": None}, {"$set": change})

    async def resume(self, folded: str, *, verdict_id: str) -> int:
        """End the suspension by the verdict *verdict_id*; return how many subscriptions are active again."""
        return await self._rows.update_many(
            {"folded_index": folded, "verdict_id": verdict_id}, {"$set": dict(_NOT_SUSPENDED)}
        )

    async def list_suspended(self, folded: str, *, verdict_id: str) -> list[Subscription]:
        """Return the subscriptions that the verdict *verdict_id* suspended."""
        where = {"folded_index": folded, "verdict_id": verdict_id}
        return [_subscription(row) for row in await self._rows.list(where, limit=_MAX_RESULTS)]

    async def get_folded_index(self, subscription_id: str) -> str | None:
        """Return the blind index of a subscription's address in any letter case; None when it does not exist."""
        row = await self._rows.get(subscription_id)
        return row.folded_index if row else None

    async def list_by_folded_index(self, folded: Sequence[str]) -> list[tuple[str, Subscription]]:
        """Return the subscriptions under some blind indexes, with the index of each."""
        rows = await self._rows.list({"folded_index": {"$in": list(folded)}})
        return [(row.folded_index, _subscription(row)) for row in rows]

    async def sample_subscriptions(self, size: int, *, newer_than: datetime, start_id: str) -> list[Subscription]:
        """Return all subscriptions if at most *size*; else some newer than that time, and some from *start_id*.

        A random *start_id* makes a probe see old rows too, in the course of time. Every query stays within an index: to
        sort a million rows takes the embedded server longer than a probe may run.
        """
        rows = await self._rows.list({}, limit=size + 1)
        if len(rows) > size:
            newest = await self._rows.list({"subscribed_at": {"$gt": newer_than}}, limit=size)
            slice_of_ids = await self._rows.list(slice_filter(start_id), limit=size)
            rows = list({row.id: row for row in (*newest, *slice_of_ids)}.values())
        return [_subscription(row) for row in rows]

    async def next_batch(self, list_id: str, *, after: str, until: datetime, limit: int) -> RecipientBatch:
        """Return up to *limit* recipients after the id *after* that subscribed not later than *until*."""
        where = {
            "list_id": list_id,
            "_id": {"$gt": after},
            "subscribed_at": {"$lte": until},
            "suspended_at": None,
        }
        rows = await self._rows.list(where, sort=["_id"], limit=limit)
        recipients = await self._open_recipients(rows, Purpose.NEWSLETTER)
        return RecipientBatch(recipients=recipients, last_id=rows[-1].id if rows else "", is_last=len(rows) < limit)

    async def count_on_list(self, list_id: str, where: Mapping[str, Any]) -> int:
        """Return how many active subscriptions of a list match *where*, the query of a segment."""
        active = {"list_id": list_id, "suspended_at": None}
        return await self._rows.count_documents({"$and": [active, where]})

    async def get_many(self, subscription_ids: set[str]) -> list[Subscription]:
        """Return those of the subscriptions that are active."""
        rows = await self._rows.list({"_id": {"$in": sorted(subscription_ids)}})
        return [_subscription(row) for row in rows]

    async def delete(self, subscription: Subscription) -> AddressIndexes | None:
        """Delete it and the key of its address; return the blind indexes of the address, None when it was gone."""
        row = await self._rows.find_one(
            {"_id": subscription.subscription_id, "subscriber_id": subscription.subscriber_id}
        )
        if row is None or not await self._rows.delete_many({"_id": row.id, "subscriber_id": row.subscriber_id}):
            return None
        await self._vault.destroy_key(row.subscriber_id)
        return AddressIndexes(exact=row.address_index, folded=row.folded_index)

    async def _open_recipients(self, rows: list[SubscriptionDocument], purpose: Purpose) -> list[NewsletterRecipient]:
        await self._vault.prefetch_keys([row.subscriber_id for row in rows])
        found: list[NewsletterRecipient] = []
        for row in rows:
            try:
                email = await self._vault.open_field(row, "email", purpose)
            except KeyDestroyedError:
                continue  # unsubscribed after the rows were read
            except DecryptionError:
                # One unreadable row must not stop the campaign for all others; an operator finds it by this line.
                log.exception("newsletter.address_unreadable", subscription_id=row.id)
                continue
            found.append(NewsletterRecipient(subscription=_subscription(row), email=email))
        return found


def _subscription(row: SubscriptionDocument) -> Subscription:
    return Subscription(
        subscription_id=row.id,
        subscriber_id=row.subscriber_id,
        list_id=row.list_id,
        account_id=row.account_id,
        consent=row.consent.to_domain(),
        subscribed_at=row.subscribed_at,
        suspended_at=row.suspended_at,
        suspension_reason=row.suspension_reason,
    )
