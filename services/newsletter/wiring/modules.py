"""All modules of newsletter, in the order in which they are built."""

from dataclasses import dataclass

from services.newsletter.promises import NewsletterProbes
from services.newsletter.settings import Settings
from services.newsletter.wiring.campaigns import CampaignModule, build_campaign_module
from services.newsletter.wiring.imports import ImportModule, build_import_module
from services.newsletter.wiring.inbound import InboundModule, build_inbound_module
from services.newsletter.wiring.privacy_requests import PrivacyRequestModule, build_privacy_request_module
from services.newsletter.wiring.stores import Stores, build_stores
from services.newsletter.wiring.subscriptions import SubscriptionModule, build_subscription_module
from services.newsletter.wiring.webhooks import WebhookModule, build_webhook_module
from shared.chassis import Chassis


@dataclass(frozen=True, kw_only=True)
class NewsletterModules:
    """The modules and the probes."""

    stores: Stores
    subscriptions: SubscriptionModule
    campaigns: CampaignModule
    imports: ImportModule
    webhooks: WebhookModule
    inbound: InboundModule
    privacy: PrivacyRequestModule
    probes: NewsletterProbes


def build_modules(chassis: Chassis, settings: Settings) -> NewsletterModules:
    """Return all modules."""
    stores = build_stores(chassis, settings)
    subscriptions = build_subscription_module(chassis, stores, settings)
    inbound = build_inbound_module(chassis, stores, subscriptions, settings)
    return NewsletterModules(
        stores=stores,
        subscriptions=subscriptions,
        campaigns=build_campaign_module(
            chassis,
            stores,
            settings,
            replies=inbound.reply_recorder,
            address_policy=subscriptions.address_policy,
        ),
        imports=build_import_module(chassis, stores, subscriptions, settings),
        webhooks=build_webhook_module(chassis, settings),
        inbound=inbound,
        privacy=build_privacy_request_module(chassis, stores, subscriptions.unsubscribe_service, inbound.review),
        probes=NewsletterProbes(
            subscriptions=stores.subscriptions,
            suppressions=stores.suppressions,
            suppressed_addresses=stores.suppressed_addresses,
            link_requests=stores.link_requests,
            campaigns=stores.campaigns,
            batches=stores.batches,
            deliveries=stores.deliveries,
            confirmed_requests=stores.confirmed_requests,
            mail_log=chassis.mail_log,
            campaign_mail_log=stores.campaign_mail_log,
            clock=chassis.clock,
            new_id=chassis.new_id,
        ),
    )
