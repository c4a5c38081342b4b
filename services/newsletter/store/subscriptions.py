"""Subscriptions in force."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.newsletter.domain import Consent, Recipient, Subscription
from services.newsletter.store.documents import ConsentRow, SubscriptionDocument, address_index
from shared import observe
from shared.crypto import SealBrokenError, SubjectForgottenError, Vault, place_of
from shared.mongo import Collection, Database
from shared.policy import Purpose

log = observe.logger(__name__)

_MOST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Some of the subscriptions of a list, in the order of their ids."""

    recipients: list[Recipient]
    last: str
    """The id of the last one looked at; empty when there was none."""
    complete: bool
    """Whether there are no more."""


class Subscriptions:
    """Who is on which list."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._rows: Collection[SubscriptionDocument] = db.collection(SubscriptionDocument)
        self._vault = vault

    async def add(self, made: Subscription, email: str) -> None:
        """Keep a new subscription, its address sealed under the key of its subscriber."""
        sealed = await self._vault.seal(made.subscriber_id, place_of(SubscriptionDocument, "email"), email.encode())
        await self._rows.insert(
            SubscriptionDocument(
                id=made.subscription_id,
                subscriber_id=made.subscriber_id,
                list_id=made.list_id,
                account_id=made.account_id,
                address_index=address_index(self._vault, email),
                email=sealed,
                consent=ConsentRow.of(made.consent),
                joined_at=made.joined_at,
            )
        )

    async def confirm_again(self, subscription_id: str, consent: Consent, *, account_id: str) -> None:
        """Put newer evidence in place of the older; link the account that asked, if one did."""
        change: dict[str, Any] = {"consent": ConsentRow.of(consent).model_dump()}
        if account_id:
            change["account_id"] = account_id
        await self._rows.update({"_id": subscription_id}, {"$set": change})

    async def get(self, subscription_id: str) -> Subscription | None:
        """Return a subscription."""
        row = await self._rows.get(subscription_id)
        return _subscription(row) if row else None

    async def on_list(self, list_id: str, email: str) -> Subscription | None:
        """Return the subscription of an address to a list."""
        row = await self._rows.find_one({"address_index": address_index(self._vault, email), "list_id": list_id})
        return _subscription(row) if row else None

    async def of_address(self, email: str) -> list[Subscription]:
        """Return all subscriptions of an address."""
        where = {"address_index": address_index(self._vault, email)}
        return [_subscription(row) for row in await self._rows.list(where, limit=_MOST)]

    async def of_account(self, account_id: str, purpose: Purpose) -> list[Recipient]:
        """Return the subscriptions that are linked to an account, with their addresses."""
        rows = await self._rows.list({"account_id": account_id}, sort=["joined_at"], limit=_MOST)
        return await self._opened(rows, purpose)

    async def all_of_account(self, account_id: str) -> list[Subscription]:
        """Return every subscription that is linked to an account."""
        return [_subscription(row) for row in await self._rows.list({"account_id": account_id})]

    async def in_force(self, subscriber_id: str) -> bool:
        """Tell whether a subscriber is one still."""
        return await self._rows.find_one({"subscriber_id": subscriber_id}) is not None

    async def share(self, list_id: str, *, after: str, until: datetime, most: int) -> Share:
        """Return up to *most* subscriptions after the id *after*, of those who had joined *until* then."""
        where = {"list_id": list_id, "_id": {"$gt": after}, "joined_at": {"$lte": until}}
        rows = await self._rows.list(where, sort=["_id"], limit=most)
        recipients = await self._opened(rows, Purpose.NEWSLETTER)
        return Share(recipients=recipients, last=rows[-1].id if rows else "", complete=len(rows) < most)

    async def some(self, subscription_ids: set[str]) -> list[Subscription]:
        """Return those of some subscriptions that are in force."""
        rows = await self._rows.list({"_id": {"$in": sorted(subscription_ids)}})
        return [_subscription(row) for row in rows]

    async def remove(self, found: Subscription) -> tuple[str, bool]:
        """End it: the row goes, and the key of its address. Return the blind index, and whether it was there."""
        row = await self._rows.find_one({"_id": found.subscription_id, "subscriber_id": found.subscriber_id})
        if row is None or not await self._rows.delete({"_id": row.id, "subscriber_id": row.subscriber_id}):
            return "", False
        await self._vault.forget(row.subscriber_id)
        return row.address_index, True

    async def _opened(self, rows: list[SubscriptionDocument], purpose: Purpose) -> list[Recipient]:
        await self._vault.warm([row.subscriber_id for row in rows])
        found: list[Recipient] = []
        for row in rows:
            try:
                email = await self._vault.reveal(row, "email", purpose)
            except SubjectForgottenError:
                continue  # ended since the rows were read
            except SealBrokenError:
                # One row that nobody can read must not keep the letter from all others; an operator looks at it.
                log.exception("newsletter.address_unreadable", subscription_id=row.id)
                continue
            found.append(Recipient(subscription=_subscription(row), email=email))
        return found


def _subscription(row: SubscriptionDocument) -> Subscription:
    return Subscription(
        subscription_id=row.id,
        subscriber_id=row.subscriber_id,
        list_id=row.list_id,
        account_id=row.account_id,
        consent=row.consent.consent(),
        joined_at=row.joined_at,
    )
