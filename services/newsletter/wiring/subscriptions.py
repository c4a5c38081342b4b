"""Lists, subscribing and unsubscribing."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from services.newsletter.api import MailingListsApi, SubscriptionsApi, UnsubscriptionsApi
from services.newsletter.domain.subscriptions.addresses import AddressPolicy
from services.newsletter.domain.subscriptions.opt_in import OptInCooldown
from services.newsletter.emails.subscriptions import SubscriptionEmails
from services.newsletter.service.privacy_requests.export import AccountExport
from services.newsletter.service.subscriptions.ending import SubscriptionEnder
from services.newsletter.service.subscriptions.link_requests import UnsubscribeLinkService
from services.newsletter.service.subscriptions.subscribe import SubscribeService
from services.newsletter.service.subscriptions.suppress import SuppressionService
from services.newsletter.service.subscriptions.unsubscribe import UnsubscribeService
from services.newsletter.settings import Settings
from services.newsletter.wiring.stores import Stores
from shared.chassis import Chassis
from shared.mail import FromAddress
from shared.web import Paginator, Route

PURGE_INTERVAL = 60.0
LINK_REQUEST_INTERVAL = 1.0


@dataclass(frozen=True, kw_only=True)
class SubscriptionModule:
    """The services of subscriptions."""

    subscribe_service: SubscribeService
    unsubscribe_service: UnsubscribeService
    unsubscribe_link_service: UnsubscribeLinkService
    suppression_service: SuppressionService
    address_policy: AddressPolicy


def build_subscription_module(chassis: Chassis, stores: Stores, settings: Settings) -> SubscriptionModule:
    """Return the services of subscriptions."""
    ender = SubscriptionEnder(
        subscriptions=stores.subscriptions,
        suppressions=stores.suppressions,
        confirmed_requests=stores.confirmed_requests,
        outbox=chassis.outbox,
        new_id=chassis.new_id,
    )
    address_policy = AddressPolicy(
        inbound_domain=settings.common.inbound_domain,
        sender=FromAddress.parse(settings.common.mail_from).address.email,
    )
    return SubscriptionModule(
        subscribe_service=_build_subscribe_service(chassis, stores, settings, address_policy),
        unsubscribe_service=UnsubscribeService(
            lists=stores.lists,
            subscriptions=stores.subscriptions,
            suppressions=stores.suppressions,
            deliveries=stores.deliveries,
            confirmed_requests=stores.confirmed_requests,
            mail_log=chassis.mail_log,
            ender=ender,
            links=stores.links,
            transact=chassis.db.with_transaction,
            erase_subject=chassis.erase_subject,
        ),
        unsubscribe_link_service=UnsubscribeLinkService(
            lists=stores.lists,
            subscriptions=stores.subscriptions,
            link_requests=stores.link_requests,
            emails=SubscriptionEmails(links=stores.links),
            mail_queue=chassis.mail_queue,
            transact=chassis.db.with_transaction,
            new_id=chassis.new_id,
            pause=settings.cooldown,
        ),
        suppression_service=SuppressionService(
            subscriptions=stores.subscriptions,
            suppressions=stores.suppressions,
            suppressed_addresses=stores.suppressed_addresses,
            ender=ender,
            transact=chassis.db.with_transaction,
            new_id=chassis.new_id,
        ),
        address_policy=address_policy,
    )


def _build_subscribe_service(
    chassis: Chassis, stores: Stores, settings: Settings, address_policy: AddressPolicy
) -> SubscribeService:
    return SubscribeService(
        lists=stores.lists,
        opt_in_requests=stores.opt_in_requests,
        confirmed_requests=stores.confirmed_requests,
        subscriptions=stores.subscriptions,
        suppressions=stores.suppressions,
        suppressed_addresses=stores.suppressed_addresses,
        links=stores.links,
        emails=SubscriptionEmails(links=stores.links),
        mail_queue=chassis.mail_queue,
        outbox=chassis.outbox,
        transact=chassis.db.with_transaction,
        destroy_key=chassis.vault.destroy_key,
        mail_log=chassis.mail_log,
        new_id=chassis.new_id,
        opt_in_ttl=settings.opt_in_ttl,
        cooldown=OptInCooldown(pause=settings.cooldown),
        address_policy=address_policy,
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
        unsubscribe_service=module.unsubscribe_service,
        unsubscribe_link_service=module.unsubscribe_link_service,
        public_url=settings.common.public_url,
        link_requests_per_minute=settings.opt_in_requests_per_minute,
    )
    return (*lists.build_routes(), *subscriptions.build_routes(), *unsubscriptions.build_routes())


def build_subscription_workers(
    chassis: Chassis, module: SubscriptionModule
) -> Mapping[str, Callable[[], Awaitable[None]]]:
    """Return the workers by name."""

    async def purge_opt_in_requests() -> None:
        while True:
            await module.subscribe_service.delete_expired(at=chassis.clock())
            await module.suppression_service.end_suspended(at=chassis.clock())
            await asyncio.sleep(PURGE_INTERVAL)

    async def send_unsubscribe_links() -> None:
        while True:
            await module.unsubscribe_link_service.send_due(at=chassis.clock())
            await asyncio.sleep(LINK_REQUEST_INTERVAL)

    return {"purge-opt-in-requests": purge_opt_in_requests, "send-unsubscribe-links": send_unsubscribe_links}
