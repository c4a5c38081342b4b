"""Registers endpoints, stores a delivery for each event that they want, replays."""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from shared.clock import Clock, rfc3339
from shared.errors import ConflictError, FieldProblem, InvalidInputError, NotFoundError
from shared.ids import NewId
from shared.mongo import Transact
from shared.webhooks.documents import WebhookDeliveryDocument, WebhookEndpointDocument
from shared.webhooks.signing import new_secret
from shared.webhooks.store import WebhookStore
from shared.webhooks.targets import TargetPolicy

ROTATION_OVERLAP = timedelta(hours=24)
_INTEGERS = (FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64)
TEST_EVENT = "webhook.endpoint.tested.v1"
MAX_ENDPOINTS = 50


class WebhookNotFoundError(NotFoundError):
    """The webhook endpoint or delivery does not exist."""

    code = "webhook.endpoint.not_found"


class UnknownEventTypeError(InvalidInputError):
    """This service publishes no such event."""

    code = "webhook.event_type.unknown"
    remedy = "Give event types that the API reference of the service lists."


class TooManyWebhooksError(ConflictError):
    """The service has as many endpoints as it may have."""

    code = "webhook.endpoint.too_many"
    remedy = "Delete an endpoint that is not used."


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookService:
    """The webhooks of one service."""

    store: WebhookStore
    targets: TargetPolicy
    event_types: Collection[str]
    """What the service publishes, by the registry of services."""
    transact: Transact
    new_id: NewId
    clock: Clock
    notify: Callable[[], None] = field(default=lambda: None)
    """Wakes the dispatcher of this process."""

    async def create_endpoint(
        self, url: str, event_types: Collection[str], note: str, *, staff_id: str, at: datetime
    ) -> tuple[WebhookEndpointDocument, str]:
        """Register an endpoint; return it with its secret, which is shown once."""
        self.targets.check_url(url)
        self._check_event_types(event_types)
        if len(await self.store.list_endpoints()) >= MAX_ENDPOINTS:
            raise TooManyWebhooksError
        endpoint_id, secret = self.new_id("whe"), new_secret()

        async def work() -> WebhookEndpointDocument:
            endpoint = WebhookEndpointDocument(
                id=endpoint_id,
                url=url,
                event_types=tuple(sorted(set(event_types))),
                purpose_note=note,
                secret=await self.store.seal_secret(endpoint_id, secret),
                created_by_id=staff_id,
                created_at=at,
            )
            await self.store.add_endpoint(endpoint)
            return endpoint

        return await self.transact(work), secret

    async def get_endpoint(self, endpoint_id: str) -> WebhookEndpointDocument:
        """Return an endpoint; raises WebhookNotFoundError."""
        found = await self.store.get_endpoint(endpoint_id)
        if found is None:
            raise WebhookNotFoundError
        return found

    async def list_endpoints(self) -> list[WebhookEndpointDocument]:
        """Return all endpoints."""
        return await self.store.list_endpoints()

    async def rotate_secret(self, endpoint_id: str, *, at: datetime) -> str:
        """Return a new secret; the one before signs too for a day."""
        endpoint, secret = await self.get_endpoint(endpoint_id), new_secret()
        sealed = await self.store.seal_secret(endpoint_id, secret)
        await self.store.set_secrets(
            endpoint_id, sealed, previous=endpoint.secret, previous_until=at + ROTATION_OVERLAP
        )
        return secret

    async def enable_endpoint(self, endpoint_id: str) -> WebhookEndpointDocument:
        """Enable an endpoint that was disabled; what failed before is replayed on request."""
        await self.get_endpoint(endpoint_id)
        await self.store.set_disabled_reason(endpoint_id, "")
        return await self.get_endpoint(endpoint_id)

    async def delete_endpoint(self, endpoint_id: str) -> None:
        """Delete an endpoint with its deliveries; raises WebhookNotFoundError."""
        if not await self.transact(lambda: self.store.delete_endpoint(endpoint_id)):
            raise WebhookNotFoundError

    async def test_endpoint(self, endpoint_id: str, *, at: datetime) -> WebhookDeliveryDocument:
        """Send a test event to an endpoint."""
        endpoint = await self.get_endpoint(endpoint_id)
        event_id = self.new_id("evt")
        payload = _build_payload(TEST_EVENT, {"endpoint_id": endpoint_id}, at)
        delivery = self._build_delivery(endpoint, event_id, TEST_EVENT, payload)
        await self.store.add_deliveries([delivery])
        self.notify()
        return delivery

    async def list_deliveries(
        self, endpoint_id: str, *, after: str | None, limit: int
    ) -> list[WebhookDeliveryDocument]:
        """Return up to *limit* deliveries of an endpoint after the id *after*."""
        await self.get_endpoint(endpoint_id)
        return await self.store.list_deliveries(endpoint_id, after=after, limit=limit)

    async def replay_delivery(self, endpoint_id: str, delivery_id: str, *, at: datetime) -> None:
        """Send a completed delivery again, with the same id and bytes; raises WebhookNotFoundError."""
        if not await self.store.reset_delivery(endpoint_id, delivery_id, at=at):
            raise WebhookNotFoundError
        self.notify()

    async def replay_failed(self, endpoint_id: str, *, since: datetime, at: datetime) -> int:
        """Send all failed deliveries since then again; return how many."""
        await self.get_endpoint(endpoint_id)
        count = await self.store.reset_failed(endpoint_id, since=since, at=at)
        self.notify()
        return count

    async def on_event(self, event_id: str, event_type: str, message: Message) -> None:
        """Store a delivery for each endpoint that wants the event, in the transaction that publishes it."""
        endpoints = await self.store.list_enabled(event_type)
        if not endpoints:
            return
        at = self.clock()
        payload = _build_payload(event_type, build_event_data(message), at)
        await self.store.add_deliveries(
            [self._build_delivery(each, event_id, event_type, payload) for each in endpoints]
        )
        self.notify()

    def _build_delivery(
        self, endpoint: WebhookEndpointDocument, event_id: str, event_type: str, payload: bytes
    ) -> WebhookDeliveryDocument:
        at = self.clock()
        return WebhookDeliveryDocument(
            id=self.new_id("whd"),
            endpoint_id=endpoint.id,
            event_id=event_id,
            event_type=event_type,
            payload=payload,
            due_at=at,
            created_at=at,
        )

    def _check_event_types(self, event_types: Collection[str]) -> None:
        for index, name in enumerate(event_types):
            if name not in self.event_types:
                message = f"Give one of {', '.join(sorted(self.event_types))}."
                problem = FieldProblem(field=f"event_types.{index}", code="unknown", message=message)
                raise UnknownEventTypeError(fields=(problem,))


def build_event_data(message: Message) -> dict[str, Any]:
    """Return the fields of an event for JSON; numbers of 64 bits as numbers, which protobuf writes as strings."""
    data: dict[str, Any] = MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    for each in message.DESCRIPTOR.fields:
        if each.cpp_type in _INTEGERS and isinstance(data.get(each.name), str):
            data[each.name] = int(data[each.name])
    return data


def _build_payload(event_type: str, data: Mapping[str, Any], at: datetime) -> bytes:
    body = {"type": event_type, "timestamp": rfc3339(at), "data": data}
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
