"""The HTTP API of webhooks, the same in every service that has them: ``/v1/<service>/webhooks``."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field

from shared.clock import rfc3339
from shared.web import (
    CursorPage,
    JsonBody,
    PageQuery,
    Paginator,
    RequestContext,
    Route,
    Timestamp,
    View,
    delete,
    get,
    post,
    staff,
)
from shared.webhooks.documents import WebhookDeliveryDocument, WebhookEndpointDocument
from shared.webhooks.service import TooManyWebhooksError, UnknownEventTypeError, WebhookNotFoundError, WebhookService
from shared.webhooks.targets import WebhookTargetError

ROLES = ("admin", "engineer")


def _require_zone(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("give the time with Z or its offset")
    return at


class WebhookBody(JsonBody):
    """A new endpoint."""

    url: Annotated[str, Field(min_length=8, max_length=500, pattern=r"^https?://[!-~]+$")]
    event_types: Annotated[
        list[Annotated[str, Field(max_length=100, pattern=r"^[a-z0-9_.]+$")]], Field(min_length=1, max_length=50)
    ]
    note: Annotated[str, Field(max_length=200, pattern=r"^[\w .,:;()/+-]*$", description="what it is for")] = ""


class ReplayBody(JsonBody):
    """Which failed deliveries are sent again."""

    since: Annotated[datetime, Field(strict=False), AfterValidator(_require_zone)]


class WebhookView(View):
    """An endpoint."""

    endpoint_id: str
    url: str
    event_types: list[str]
    note: str
    disabled_reason: str
    created_at: Timestamp


class WebhooksView(View):
    """All endpoints."""

    items: list[WebhookView]


class NewWebhookView(View):
    """A new endpoint and its secret, which is shown once."""

    endpoint: WebhookView
    secret: str


class WebhookSecretView(View):
    """A new secret, which is shown once; the one before signs too for 24 hours."""

    secret: str


class WebhookDeliveryView(View):
    """One event for one endpoint."""

    delivery_id: str
    event_id: str
    event_type: str
    state: str
    attempts: int
    last_status: int
    last_fault: str
    due_at: Timestamp
    created_at: Timestamp
    completed_at: Timestamp | None


class ReplayedView(View):
    """How many deliveries are sent again."""

    replayed_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhooksApi:
    """The handlers of webhooks."""

    service: str
    webhooks: WebhookService
    paginator: Paginator

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        root, access, missing = f"/v1/{self.service}/webhooks", staff(*ROLES), (WebhookNotFoundError,)
        one = f"{root}/{{endpoint_id}}"
        refusals = (WebhookTargetError, UnknownEventTypeError, TooManyWebhooksError)
        return (
            post(
                root,
                self.create_webhook,
                access=access,
                status=201,
                idempotent=True,
                store_reply=False,
                errors=refusals,
            ),
            get(root, self.list_webhooks, access=access),
            get(one, self.get_webhook, access=access, errors=missing),
            delete(one, self.delete_webhook, access=access, errors=missing),
            post(
                f"{one}/rotate-secret",
                self.rotate_webhook_secret,
                access=access,
                idempotent=True,
                store_reply=False,
                errors=missing,
            ),
            post(f"{one}/enable", self.enable_webhook, access=access, errors=missing),
            post(f"{one}/test", self.test_webhook, access=access, status=202, errors=missing),
            post(f"{one}/replay", self.replay_failed_webhooks, access=access, status=202, errors=missing),
            get(f"{one}/deliveries", self.list_webhook_deliveries, access=access, errors=missing),
            post(
                f"{one}/deliveries/{{delivery_id}}/replay",
                self.replay_webhook_delivery,
                access=access,
                errors=missing,
            ),
        )

    async def create_webhook(self, call: RequestContext, body: WebhookBody) -> NewWebhookView:
        """Register an endpoint for events; its secret is shown once.

        Events are signed and retried as the Standard Webhooks specification says, for about three days. They contain
        ids and no personal data, may arrive twice and in any order. Redirects are not followed.
        """
        endpoint, secret = await self.webhooks.create_endpoint(
            body.url, body.event_types, body.note, staff_id=call.principal.id, at=call.now
        )
        return NewWebhookView(endpoint=_webhook_view(endpoint), secret=secret)

    async def list_webhooks(self, _call: RequestContext) -> WebhooksView:
        """List the endpoints."""
        return WebhooksView(items=[_webhook_view(each) for each in await self.webhooks.list_endpoints()])

    async def get_webhook(self, call: RequestContext) -> WebhookView:
        """Get an endpoint."""
        return _webhook_view(await self.webhooks.get_endpoint(call.path["endpoint_id"]))

    async def delete_webhook(self, call: RequestContext) -> None:
        """Delete an endpoint with its deliveries."""
        await self.webhooks.delete_endpoint(call.path["endpoint_id"])

    async def rotate_webhook_secret(self, call: RequestContext) -> WebhookSecretView:
        """Replace the secret of an endpoint. The old one signs too for 24 hours."""
        return WebhookSecretView(secret=await self.webhooks.rotate_secret(call.path["endpoint_id"], at=call.now))

    async def enable_webhook(self, call: RequestContext) -> WebhookView:
        """Enable an endpoint that was disabled because it failed. Replay what it missed."""
        return _webhook_view(await self.webhooks.enable_endpoint(call.path["endpoint_id"]))

    async def test_webhook(self, call: RequestContext) -> WebhookDeliveryView:
        """Send a test event to an endpoint."""
        return _delivery_view(await self.webhooks.test_endpoint(call.path["endpoint_id"], at=call.now))

    async def replay_failed_webhooks(self, call: RequestContext, body: ReplayBody) -> ReplayedView:
        """Send all failed deliveries since a time again."""
        count = await self.webhooks.replay_failed(call.path["endpoint_id"], since=body.since, at=call.now)
        return ReplayedView(replayed_count=count)

    async def list_webhook_deliveries(self, call: RequestContext, query: PageQuery) -> CursorPage[WebhookDeliveryView]:
        """List the deliveries to an endpoint, of the last 30 days."""
        found = await self.webhooks.list_deliveries(
            call.path["endpoint_id"], after=self.paginator.decode_cursor(call, query), limit=query.limit + 1
        )
        return self.paginator.render(call, query, found, view=_delivery_view, position=lambda each: each.id)

    async def replay_webhook_delivery(self, call: RequestContext) -> None:
        """Send one delivery again, with the same id and the same bytes."""
        await self.webhooks.replay_delivery(call.path["endpoint_id"], call.path["delivery_id"], at=call.now)


def _webhook_view(endpoint: WebhookEndpointDocument) -> WebhookView:
    return WebhookView(
        endpoint_id=endpoint.id,
        url=endpoint.url,
        event_types=list(endpoint.event_types),
        note=endpoint.purpose_note,
        disabled_reason=endpoint.disabled_reason,
        created_at=rfc3339(endpoint.created_at),
    )


def _delivery_view(delivery: WebhookDeliveryDocument) -> WebhookDeliveryView:
    return WebhookDeliveryView(
        delivery_id=delivery.id,
        event_id=delivery.event_id,
        event_type=delivery.event_type,
        state=delivery.state.value,
        attempts=delivery.attempts,
        last_status=delivery.last_status,
        last_fault=delivery.last_fault,
        due_at=rfc3339(delivery.due_at),
        created_at=rfc3339(delivery.created_at),
        completed_at=rfc3339(delivery.completed_at) if delivery.completed_at else None,
    )
