"""Lists, subscribing and unsubscribing."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from services.newsletter.api import MailingListsApi, SubscriptionsApi, UnsubscriptionsApi
from services.newsletter.domain.subscriptions.opt_in import OptInCooldown
from services.newsletter.emails.subscriptions import SubscriptionEmails
from services.newsletter.service.privacy_requests.export import AccountExport
from services.newsletter.service.subscriptions.subscribe import SubscribeService
from services.newsletter.service.subscriptions.unsubscribe import UnsubscribeService
from services.newsletter.settings import Settings
from services.newsletter.wiring.stores import Stores
from shared.chassis import Chassis
from shared.web import Paginator, Route

PURGE_INTERVAL = 60.0


@dataclass(frozen=True, kw_only=True)
class SubscriptionModule:
    """The services of subscriptions."""

    subscribe_service: SubscribeService
    unsubscribe_service: UnsubscribeService


def build_subscription_module(chassis: Chassis, stores: Stores, settings: Settings) -> SubscriptionModule:
    """Return the services of subscriptions."""
    return SubscriptionModule(
        subscribe_service=SubscribeService(
            lists=stores.lists,
            opt_in_requests=stores.opt_in_requests,
            subscriptions=stores.subscriptions,
            suppressions=stores.suppressions,
            links=stores.links,
            emails=SubscriptionEmails(links=stores.links),
            mail_queue=chassis.mail_queue,
            outbox=chassis.outbox,
            transact=chassis.db.with_transaction,
            erase_subject=chassis.erase_subject,
            new_id=chassis.new_id,
            opt_in_ttl=settings.opt_in_ttl,
            cooldown=OptInCooldown(pause=settings.cooldown),
        ),
        unsubscribe_service=UnsubscribeService(
            subscriptions=stores.subscriptions,
            suppressions=stores.suppressions,
            opt_in_requests=stores.opt_in_requests,
            deliveries=stores.deliveries,
            links=stores.links,
            outbox=chassis.outbox,
            transact=chassis.db.with_transaction,
            erase_subject=chassis.erase_subject,
            new_id=chassis.new_id,
        ),
    )


def build_subscription_routes(
    module: SubscriptionModule, account_export: AccountExport, paginator: Paginator, settings: Settings
) -> tuple[Route, ...]:
    """Return the routes of lists, subscribing and unsubscribing."""
    lists = MailingListsApi(subscribe_service=module.subscribe_service, paginator=paginator)
    subscriptions = SubscriptionsApi(
        subscribe_service=module.subscribe_service,
        unsubscribe_service=module.unsubscribe_service,
        account_export=account_export,
        opt_in_requests_per_minute=settings.opt_in_requests_per_minute,
    )
    unsubscriptions = UnsubscriptionsApi(
        unsubscribe_service=module.unsubscribe_service, public_url=settings.common.public_url
    )
    return (*lists.build_routes(), *subscriptions.build_routes(), *unsubscriptions.build_routes())


def build_subscription_workers(
    chassis: Chassis, module: SubscriptionModule
) -> Mapping[str, Callable[[], Awaitable[None]]]:
    """Return the workers by name."""

    async def purge_opt_in_requests() -> None:
        while True:
            await module.subscribe_service.delete_expired(at=chassis.clock())
            await asyncio.sleep(PURGE_INTERVAL)

    return {"purge-opt-in-requests": purge_opt_in_requests}
