"""The composition root of newsletter: builds the modules of ``wiring`` and opens nothing itself."""

from services.newsletter.settings import Settings
from services.newsletter.store import DOCUMENTS
from services.newsletter.wiring.campaigns import (
    build_campaign_routes,
    build_campaign_subscription,
    build_campaign_workers,
)
from services.newsletter.wiring.imports import build_import_routes, build_import_workers
from services.newsletter.wiring.inbound import (
    build_inbound_routes,
    build_inbound_workers,
    build_listener_workers,
    build_receiver,
)
from services.newsletter.wiring.modules import build_modules
from services.newsletter.wiring.subscriptions import build_subscription_routes, build_subscription_workers
from services.newsletter.wiring.webhooks import build_webhook_routes
from shared import webhooks
from shared.chassis import Chassis, ServiceSpec
from shared.web import Paginator


def compose(chassis: Chassis, settings: Settings) -> ServiceSpec:
    """Return the specification of newsletter: routes, documents, events, workers, probes."""
    modules = build_modules(chassis, settings)
    paginator = Paginator(chassis.token_sealer)
    return ServiceSpec(
        routes=(
            *build_subscription_routes(modules.subscriptions, modules.privacy.account_export, paginator, settings),
            *build_campaign_routes(modules.campaigns, paginator),
            *build_import_routes(modules.imports, paginator),
            *build_webhook_routes(modules.webhooks, paginator),
            *build_inbound_routes(modules.inbound, paginator),
        ),
        documents=(*DOCUMENTS, *webhooks.DOCUMENTS),
        subscriptions=(
            build_campaign_subscription(modules.campaigns),
            modules.privacy.erasure_consumer.build_subscription(),
        ),
        rpc_handlers=(modules.privacy.export_server.build_rpc_handler(),),
        workers={
            **build_campaign_workers(chassis, modules.campaigns, settings),
            **build_subscription_workers(chassis, modules.subscriptions),
            **build_import_workers(chassis, modules.imports, settings),
            "send-webhooks": modules.webhooks.dispatcher.run,
            **build_inbound_workers(chassis, modules.inbound),
        },
        probes=modules.probes.build_probes(),
        sends_mail=True,
        mail_log_sources=(modules.stores.campaign_mail_log,),
        mail_log_check=modules.probes.check_mail_log,
    )


def compose_inbound(chassis: Chassis, settings: Settings) -> ServiceSpec:
    """Return the specification of the process that receives mail: it has no routes, and is reachable by SMTP only."""
    modules = build_modules(chassis, settings)
    receiver = build_receiver(chassis, modules.stores, modules.inbound, settings)
    return ServiceSpec(
        documents=(*DOCUMENTS, *webhooks.DOCUMENTS), workers=build_listener_workers(chassis, receiver, settings)
    )
