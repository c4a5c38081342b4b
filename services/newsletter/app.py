"""The composition root of newsletter."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from services.newsletter.api import NewsletterApi
from services.newsletter.domain import OptInCooldown
from services.newsletter.emails import CAMPAIGN_EMAIL, NewsletterEmails
from services.newsletter.promises import NewsletterProbes
from services.newsletter.service import (
    AccountEraser,
    AccountExport,
    CampaignSender,
    SubscribeService,
    UnsubscribeService,
)
from services.newsletter.settings import Settings
from services.newsletter.store import (
    DOCUMENTS,
    SUPPRESSION_RETENTION_DAYS,
    CampaignDeliveries,
    Campaigns,
    MailingLists,
    OptInRequests,
    Subscriptions,
    Suppressions,
)
from shared.chassis import Chassis, ServiceSpec
from shared.mail import DeliveryStatus, FromAddress, QueuedMailDocument
from shared.privacy import ErasureConsumer, ExportServer
from shared.web import Paginator

PURGE_INTERVAL = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsletterModule:
    """The services of newsletter and its probes."""

    subscribe_service: SubscribeService
    unsubscribe_service: UnsubscribeService
    campaign_sender: CampaignSender
    account_export: AccountExport
    probes: NewsletterProbes


def wire(chassis: Chassis, settings: Settings) -> NewsletterModule:
    """Wire the services to their collections."""
    db, vault, mail_queue, outbox = chassis.db, chassis.vault, chassis.mail_queue, chassis.outbox
    lists, opt_in_requests = MailingLists(db), OptInRequests(db, vault)
    subscriptions, suppressions = Subscriptions(db, vault), Suppressions(db, vault)
    campaigns, deliveries = Campaigns(db), CampaignDeliveries(db)
    emails = NewsletterEmails(
        token_sealer=chassis.token_sealer,
        public_url=settings.common.public_url,
        domain=FromAddress.parse(settings.common.mail_from).address.domain,
    )
    return NewsletterModule(
        subscribe_service=SubscribeService(
            lists=lists,
            opt_in_requests=opt_in_requests,
            subscriptions=subscriptions,
            suppressions=suppressions,
            emails=emails,
            mail_queue=mail_queue,
            outbox=outbox,
            transact=db.with_transaction,
            erase_subject=chassis.erase_subject,
            new_id=chassis.new_id,
            opt_in_ttl=settings.opt_in_ttl,
            cooldown=OptInCooldown(pause=settings.cooldown),
        ),
        unsubscribe_service=UnsubscribeService(
            subscriptions=subscriptions,
            suppressions=suppressions,
            opt_in_requests=opt_in_requests,
            deliveries=deliveries,
            emails=emails,
            outbox=outbox,
            transact=db.with_transaction,
            erase_subject=chassis.erase_subject,
            new_id=chassis.new_id,
        ),
        campaign_sender=CampaignSender(
            lists=lists,
            subscriptions=subscriptions,
            campaigns=campaigns,
            deliveries=deliveries,
            emails=emails,
            mail_queue=mail_queue,
            outbox=outbox,
            transact=db.with_transaction,
            new_id=chassis.new_id,
            batch_size=settings.batch_size,
            max_queued=settings.max_queued,
        ),
        account_export=AccountExport(
            lists=lists,
            opt_in_requests=opt_in_requests,
            subscriptions=subscriptions,
            suppressions=suppressions,
            deliveries=deliveries,
        ),
        probes=NewsletterProbes(
            subscriptions=subscriptions, suppressions=suppressions, campaigns=campaigns, deliveries=deliveries
        ),
    )


def compose(chassis: Chassis, settings: Settings) -> ServiceSpec:
    """Return the specification of newsletter: routes, documents, events, workers, probes."""
    module = wire(chassis, settings)
    api = NewsletterApi(
        subscribe_service=module.subscribe_service,
        unsubscribe_service=module.unsubscribe_service,
        campaign_sender=module.campaign_sender,
        account_export=module.account_export,
        paginator=Paginator(chassis.token_sealer),
        public_url=settings.common.public_url,
        opt_in_requests_per_minute=settings.opt_in_requests_per_minute,
    )
    erasure = ErasureConsumer(
        service="newsletter",
        account_eraser=AccountEraser(
            unsubscribe_service=module.unsubscribe_service,
            suppression_retention=timedelta(days=SUPPRESSION_RETENTION_DAYS),
        ),
        outbox=chassis.outbox,
        clock=chassis.clock,
    )
    export = ExportServer(service="newsletter", account_export=module.account_export)

    async def should_send(row: QueuedMailDocument) -> bool:
        return await module.campaign_sender.should_send(row.id, row.owner, at=chassis.clock())

    async def record_outcome(mail_id: str, state: DeliveryStatus) -> None:
        await module.campaign_sender.record_outcome(mail_id, state, at=chassis.clock())

    async def send_campaigns() -> None:
        while True:
            if not await module.campaign_sender.advance(at=chassis.clock()):
                await asyncio.sleep(settings.poll_interval.total_seconds())

    async def purge_opt_in_requests() -> None:
        while True:
            await module.subscribe_service.delete_expired(at=chassis.clock())
            await asyncio.sleep(PURGE_INTERVAL)

    chassis.mail_queue.on(CAMPAIGN_EMAIL, before_send=should_send, on_completed=record_outcome)
    return ServiceSpec(
        routes=api.build_routes(),
        documents=DOCUMENTS,
        subscriptions=(erasure.build_subscription(),),
        rpc_handlers=(export.build_rpc_handler(),),
        workers={"send-campaigns": send_campaigns, "purge-opt-in-requests": purge_opt_in_requests},
        probes=module.probes.build_probes(),
        sends_mail=True,
    )
