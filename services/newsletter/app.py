"""The composition root of newsletter: opens nothing itself, wires everything, reads from top to bottom."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from services.newsletter.api import NewsletterApi
from services.newsletter.domain import OptInCooldown
from services.newsletter.events import NewsletterEvents
from services.newsletter.promises import NewsletterProbes
from services.newsletter.service import (
    CAMPAIGN_EMAIL,
    AccountExport,
    CampaignSender,
    NewsletterEmails,
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
from shared.web import Paginator

PURGE_INTERVAL = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsletterModule:
    """What newsletter does, and who looks whether it does."""

    subscribe_service: SubscribeService
    unsubscribe_service: UnsubscribeService
    campaign_sender: CampaignSender
    account_export: AccountExport
    probes: NewsletterProbes


def wire(chassis: Chassis, settings: Settings) -> NewsletterModule:
    """Wire the actions to their collections."""
    db, vault, post, outbox = chassis.db, chassis.vault, chassis.mail_queue, chassis.outbox
    lists, wishes = MailingLists(db), OptInRequests(db, vault)
    subscriptions, suppressions = Subscriptions(db, vault), Suppressions(db, vault)
    campaigns, deliveries = Campaigns(db), CampaignDeliveries(db)
    letters = NewsletterEmails(
        token_sealer=chassis.token_sealer,
        public_url=settings.common.public_url,
        domain=FromAddress.parse(settings.common.mail_from).address.domain,
    )
    return NewsletterModule(
        subscribe_service=SubscribeService(
            lists=lists,
            opt_in_requests=wishes,
            subscriptions=subscriptions,
            suppressions=suppressions,
            emails=letters,
            mail_queue=post,
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
            opt_in_requests=wishes,
            deliveries=deliveries,
            emails=letters,
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
            emails=letters,
            mail_queue=post,
            outbox=outbox,
            transact=db.with_transaction,
            new_id=chassis.new_id,
            batch_size=settings.batch_size,
            max_queued=settings.max_queued,
        ),
        account_export=AccountExport(
            lists=lists,
            opt_in_requests=wishes,
            subscriptions=subscriptions,
            suppressions=suppressions,
            deliveries=deliveries,
        ),
        probes=NewsletterProbes(
            subscriptions=subscriptions, suppressions=suppressions, campaigns=campaigns, deliveries=deliveries
        ),
    )


def compose(chassis: Chassis, settings: Settings) -> ServiceSpec:
    """Wire newsletter."""
    does = wire(chassis, settings)
    api = NewsletterApi(
        subscribe_service=does.subscribe_service,
        unsubscribe_service=does.unsubscribe_service,
        campaign_sender=does.campaign_sender,
        account_export=does.account_export,
        paginator=Paginator(chassis.token_sealer),
        public_url=settings.common.public_url,
        opt_in_requests_per_minute=settings.opt_in_requests_per_minute,
    )
    events = NewsletterEvents(
        unsubscribe_service=does.unsubscribe_service,
        account_export=does.account_export,
        outbox=chassis.outbox,
        clock=chassis.clock,
        suppression_retention=timedelta(days=SUPPRESSION_RETENTION_DAYS),
    )

    async def wanted(row: QueuedMailDocument) -> bool:
        return await does.campaign_sender.should_send(row.id, row.owner, at=chassis.clock())

    async def settled(mail_id: str, state: DeliveryStatus) -> None:
        await does.campaign_sender.record_outcome(mail_id, state, at=chassis.clock())

    async def send() -> None:
        while True:
            if not await does.campaign_sender.advance(at=chassis.clock()):
                await asyncio.sleep(settings.poll_interval.total_seconds())

    async def forget() -> None:
        while True:
            await does.subscribe_service.delete_expired(at=chassis.clock())
            await asyncio.sleep(PURGE_INTERVAL)

    chassis.mail_queue.on(CAMPAIGN_EMAIL, before_send=wanted, on_completed=settled)
    return ServiceSpec(
        routes=api.build_routes(),
        documents=DOCUMENTS,
        subscriptions=events.build_subscriptions(),
        rpc_handlers=events.build_rpc_handlers(),
        workers={"send-campaigns": send, "forget-wishes": forget},
        probes=does.probes.build_probes(),
        sends_mail=True,
    )
