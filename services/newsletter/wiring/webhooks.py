"""Webhooks of newsletter's events."""

from dataclasses import dataclass

from services.newsletter.settings import Settings
from shared.chassis import Chassis
from shared.web import Paginator, Route
from shared.webhooks import TargetPolicy, WebhookDispatcher, WebhooksApi, WebhookService, WebhookStore

WEBHOOK_EVENTS = (
    "newsletter.campaign.sent.v1",
    "newsletter.subscription.cancelled.v1",
    "newsletter.subscription.confirmed.v1",
)
"""The events that a frontend or a partner may receive: ids, and no personal data."""


@dataclass(frozen=True, kw_only=True)
class WebhookModule:
    """The webhooks and what sends them."""

    webhooks: WebhookService
    dispatcher: WebhookDispatcher


def build_webhook_module(chassis: Chassis, settings: Settings) -> WebhookModule:
    """Return the webhooks; from then on the outbox stores a delivery for each event that an endpoint wants."""
    store = WebhookStore(chassis.db, chassis.vault)
    targets = TargetPolicy(allows_private=settings.common.mode == "local")
    dispatcher = WebhookDispatcher(store, targets, chassis.clock)
    webhooks = WebhookService(
        store=store,
        targets=targets,
        event_types=WEBHOOK_EVENTS,
        transact=chassis.db.with_transaction,
        new_id=chassis.new_id,
        clock=chassis.clock,
        notify=lambda: chassis.db.after_commit(dispatcher.wake_up),
    )
    chassis.outbox.on(webhooks.on_event)
    return WebhookModule(webhooks=webhooks, dispatcher=dispatcher)


def build_webhook_routes(module: WebhookModule, paginator: Paginator) -> tuple[Route, ...]:
    """Return the routes of webhooks."""
    return WebhooksApi(service="newsletter", webhooks=module.webhooks, paginator=paginator).build_routes()
