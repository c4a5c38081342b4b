"""Opt-in requests that wait for their confirmation."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.newsletter.domain.subscriptions.opt_in import OptInRequest
from services.newsletter.domain.subscriptions.subscriptions import Subscription
from services.newsletter.store.personal_data import address_index, folded_index, index_address
from services.newsletter.store.subscriptions.documents import ConfirmedRequestDocument, OptInRequestDocument
from shared.crypto import Vault, build_associated_data
from shared.mongo import Collection, Database
from shared.policy import Purpose

_MAX_RESULTS = 500
_MAX_NEWEST = 200


class OptInRequests:
    """The pending opt-in requests. A caller that deletes one also destroys its key."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._rows: Collection[OptInRequestDocument] = db.get_collection(OptInRequestDocument)
        self._vault = vault

    async def add(self, request: OptInRequest, email: str) -> None:
        """Insert a request; raises DuplicateError when there is one of this address for this list."""
        sealed = await self._vault.seal(
            request.request_id, build_associated_data(OptInRequestDocument, "email"), email.encode()
        )
        indexes = index_address(self._vault, email)
        await self._rows.insert_one(
            OptInRequestDocument(
                id=request.request_id,
                list_id=request.list_id,
                address_index=indexes.exact,
                folded_index=indexes.folded,
                email=sealed,
                consent_version=request.consent_version,
                source=request.source,
                import_id=request.import_id,
                created_at=request.requested_at,
                expires_at=request.expires_at,
            )
        )

    async def list_by_email(self, email: str) -> list[OptInRequest]:
        """Return the requests for an address in any letter case, for all lists."""
        where = {"folded_index": folded_index(self._vault, email)}
        return [_opt_in_request(row) for row in await self._rows.list(where, limit=_MAX_RESULTS)]

    async def get_with_email(self, request_id: str, purpose: Purpose) -> tuple[OptInRequest, str] | None:
        """Return a request with its address; None when it does not exist."""
        row = await self._rows.get(request_id)
        return (_opt_in_request(row), await self._vault.open_field(row, "email", purpose)) if row else None

    async def delete(self, request_id: str) -> bool:
        """Delete a request; False when it does not exist."""
        return await self._rows.delete_one({"_id": request_id}) == 1

    async def list_expired(self, at: datetime) -> list[str]:
        """Return the ids of expired requests."""
        rows = await self._rows.list({"expires_at": {"$lte": at}}, sort=["expires_at"], limit=_MAX_RESULTS)
        return [row.id for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmedRequest:
    """A confirmed opt-in request whose link has not expired yet."""

    request_id: str
    subscription_id: str
    list_id: str
    requested_at: datetime


class ConfirmedRequests:
    """The confirmed opt-in requests whose link has not expired yet."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._rows: Collection[ConfirmedRequestDocument] = db.get_collection(ConfirmedRequestDocument)
        self._vault = vault

    async def add(self, request: OptInRequest, subscription: Subscription, email: str, at: datetime) -> None:
        """Record which subscription the confirmation of *request* made."""
        await self._rows.insert_one(
            ConfirmedRequestDocument(
                id=request.request_id,
                subscription_id=subscription.subscription_id,
                subscriber_id=subscription.subscriber_id,
                address_index=address_index(self._vault, email),
                list_id=request.list_id,
                requested_at=request.requested_at,
                created_at=at,
                expires_at=request.expires_at,
            )
        )

    async def list_by_email(self, email: str) -> list[ConfirmedRequest]:
        """Return the confirmed requests of one spelling of an address: another one is another subscription."""
        where = {"address_index": address_index(self._vault, email)}
        return [_confirmed_request(row) for row in await self._rows.list(where, limit=_MAX_RESULTS)]

    async def list_by_subscribers(self, subscriber_ids: Sequence[str]) -> list[ConfirmedRequest]:
        """Return the confirmed requests of some subscriptions."""
        rows = await self._rows.list({"subscriber_id": {"$in": list(subscriber_ids)}})
        return [_confirmed_request(row) for row in rows]

    async def list_newest(self, *, confirmed_before: datetime) -> list[ConfirmedRequest]:
        """Return those that were confirmed last before that time."""
        where = {"created_at": {"$lt": confirmed_before}}
        rows = await self._rows.list(where, sort=[("created_at", -1)], limit=_MAX_NEWEST)
        return [_confirmed_request(row) for row in rows]

    async def get_subscription(self, request_id: str) -> tuple[str, str] | None:
        """Return the ids of the subscription and of its subscriber; None when no such request was confirmed."""
        row = await self._rows.get(request_id)
        return (row.subscription_id, row.subscriber_id) if row else None

    async def delete_by_subscriber(self, subscriber_id: str) -> None:
        """Delete the confirmed requests of a subscription that ends: its links confirm nothing any more."""
        await self._rows.delete_many({"subscriber_id": subscriber_id})

    async def delete_expired(self, at: datetime) -> int:
        """Delete those whose link has expired; return how many."""
        return await self._rows.delete_many({"expires_at": {"$lte": at}})


def _opt_in_request(row: OptInRequestDocument) -> OptInRequest:
    return OptInRequest(
        request_id=row.id,
        list_id=row.list_id,
        consent_version=row.consent_version,
        source=row.source,
        requested_at=row.created_at,
        expires_at=row.expires_at,
        import_id=row.import_id,
    )


def _confirmed_request(row: ConfirmedRequestDocument) -> ConfirmedRequest:
    return ConfirmedRequest(
        request_id=row.id,
        subscription_id=row.subscription_id,
        list_id=row.list_id,
        requested_at=row.requested_at,
    )
