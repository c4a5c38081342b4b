"""The collections of webhooks."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from shared.crypto import Vault
from shared.mongo import Collection, Database
from shared.webhooks.documents import WebhookDeliveryDocument, WebhookDeliveryState, WebhookEndpointDocument

_ASSOCIATED_DATA = "webhook_endpoints.secret"
_MAX_ENDPOINTS = 200


class WebhookStore:
    """The endpoints and deliveries of one service."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._endpoints: Collection[WebhookEndpointDocument] = db.get_collection(WebhookEndpointDocument)
        self._deliveries: Collection[WebhookDeliveryDocument] = db.get_collection(WebhookDeliveryDocument)
        self._vault = vault

    async def add_endpoint(self, endpoint: WebhookEndpointDocument) -> None:
        """Insert an endpoint."""
        await self._endpoints.insert_one(endpoint)

    async def get_endpoint(self, endpoint_id: str) -> WebhookEndpointDocument | None:
        """Return an endpoint; None when it does not exist."""
        return await self._endpoints.get(endpoint_id)

    async def list_endpoints(self) -> list[WebhookEndpointDocument]:
        """Return all endpoints."""
        return await self._endpoints.list({}, sort=["created_at"], limit=_MAX_ENDPOINTS)

    async def list_enabled(self, event_type: str) -> list[WebhookEndpointDocument]:
        """Return the endpoints that want *event_type* and are enabled."""
        found = await self._endpoints.list({"event_types": event_type})
        return [each for each in found if not each.disabled_reason]

    async def set_secrets(self, endpoint_id: str, secret: bytes, *, previous: bytes, previous_until: datetime) -> None:
        """Replace the secret; the *previous* one signs too until then."""
        change = {"secret": secret, "previous_secret": previous, "previous_until": previous_until}
        await self._endpoints.update_one({"_id": endpoint_id}, {"$set": change})

    async def set_disabled_reason(self, endpoint_id: str, reason: str) -> None:
        """Disable an endpoint, or enable it with an empty *reason*."""
        await self._endpoints.update_one({"_id": endpoint_id}, {"$set": {"disabled_reason": reason}})

    async def delete_endpoint(self, endpoint_id: str) -> bool:
        """Delete an endpoint with its deliveries and its key; False when it does not exist."""
        if not await self._endpoints.delete_one({"_id": endpoint_id}):
            return False
        await self._deliveries.delete_many({"endpoint_id": endpoint_id})
        await self._vault.destroy_key(endpoint_id)
        return True

    async def seal_secret(self, endpoint_id: str, secret: str) -> bytes:
        """Encrypt a secret under the key of its endpoint."""
        return await self._vault.seal(endpoint_id, _ASSOCIATED_DATA, secret.encode())

    async def open_secrets(self, endpoint: WebhookEndpointDocument, *, at: datetime) -> list[str]:
        """Return the secrets that sign *at* that time, the newest first."""
        sealed = [endpoint.secret]
        if endpoint.previous_secret and endpoint.previous_until is not None and at < endpoint.previous_until:
            sealed.append(endpoint.previous_secret)
        return [(await self._vault.open(endpoint.id, _ASSOCIATED_DATA, each)).decode() for each in sealed]

    async def add_deliveries(self, deliveries: Sequence[WebhookDeliveryDocument]) -> None:
        """Insert deliveries."""
        await self._deliveries.insert_many(deliveries)

    async def get_delivery(self, endpoint_id: str, delivery_id: str) -> WebhookDeliveryDocument | None:
        """Return a delivery of an endpoint; None when there is none."""
        return await self._deliveries.find_one({"_id": delivery_id, "endpoint_id": endpoint_id})

    async def list_deliveries(
        self, endpoint_id: str, *, after: str | None, limit: int
    ) -> list[WebhookDeliveryDocument]:
        """Return up to *limit* deliveries of an endpoint after the id *after*."""
        where = {"endpoint_id": endpoint_id, **({"_id": {"$gt": after}} if after else {})}
        return await self._deliveries.list(where, sort=["_id"], limit=limit)

    async def list_due(self, at: datetime, *, limit: int) -> list[WebhookDeliveryDocument]:
        """Return the pending deliveries that are due, the longest first."""
        where = {"state": WebhookDeliveryState.PENDING, "due_at": {"$lte": at}}
        return await self._deliveries.list(where, sort=["due_at"], limit=limit)

    async def claim(self, delivery: WebhookDeliveryDocument, *, until: datetime) -> WebhookDeliveryDocument | None:
        """Claim a delivery until then; None if another worker was first. If the worker dies, the claim expires."""
        claimed = delivery.model_copy(update={"due_at": until, "attempts": delivery.attempts + 1})
        where = {"_id": delivery.id, "due_at": delivery.due_at, "attempts": delivery.attempts}
        change = {"due_at": claimed.due_at, "attempts": claimed.attempts}
        return claimed if await self._deliveries.update_one(where, {"$set": change}) else None

    async def record_attempt(
        self,
        delivery: WebhookDeliveryDocument,
        state: WebhookDeliveryState,
        *,
        status: int,
        fault: str,
        at: datetime,
        retry_after: timedelta = timedelta(),
    ) -> None:
        """Record the result of an attempt: final, or due again after *retry_after*."""
        change: dict[str, object] = {"state": state, "last_status": status, "last_fault": fault}
        change |= {"due_at": at + retry_after} if state is WebhookDeliveryState.PENDING else {"completed_at": at}
        await self._deliveries.update_one({"_id": delivery.id, "attempts": delivery.attempts}, {"$set": change})

    async def postpone_due(self, endpoint_id: str, at: datetime, *, until: datetime) -> None:
        """Postpone what is due for an endpoint, without counting an attempt."""
        where = {"endpoint_id": endpoint_id, "state": WebhookDeliveryState.PENDING, "due_at": {"$lte": at}}
        await self._deliveries.update_many(where, {"$set": {"due_at": until}})

    async def reset_delivery(self, endpoint_id: str, delivery_id: str, *, at: datetime) -> bool:
        """Make a completed delivery due again; False when there is none."""
        done = [WebhookDeliveryState.DELIVERED, WebhookDeliveryState.FAILED]
        where = {"_id": delivery_id, "endpoint_id": endpoint_id, "state": {"$in": done}}
        return await self._deliveries.update_one(where, {"$set": _pending_again(at)}) == 1

    async def reset_failed(self, endpoint_id: str, *, since: datetime, at: datetime) -> int:
        """Make all failed deliveries since then due again; return how many."""
        where = {"endpoint_id": endpoint_id, "state": WebhookDeliveryState.FAILED, "created_at": {"$gte": since}}
        return await self._deliveries.update_many(where, {"$set": _pending_again(at)})

    async def fail_pending(self, endpoint_id: str, *, at: datetime) -> int:
        """Fail what is pending for an endpoint that was disabled; return how many."""
        where = {"endpoint_id": endpoint_id, "state": WebhookDeliveryState.PENDING}
        change = {"state": WebhookDeliveryState.FAILED, "last_fault": "endpoint_disabled", "completed_at": at}
        return await self._deliveries.update_many(where, {"$set": change})


def _pending_again(at: datetime) -> dict[str, object]:
    return {"state": WebhookDeliveryState.PENDING, "attempts": 0, "due_at": at, "completed_at": None}
