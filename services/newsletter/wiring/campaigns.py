"""Campaigns: editing them, moving them on, and sending their emails."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.newsletter.api import CampaignArchiveApi, CampaignsApi
from services.newsletter.domain.campaigns.campaigns import CAMPAIGN_EMAIL, CampaignDelivery
from services.newsletter.domain.campaigns.limits import SendingLimits, WarmUpPlan
from services.newsletter.domain.campaigns.restores import RestoreWatch
from services.newsletter.domain.subscriptions.addresses import AddressPolicy
from services.newsletter.emails.campaigns import CampaignEmails
from services.newsletter.events.campaign_batches import CampaignBatchEvents
from services.newsletter.service.campaigns.audience import AudienceBuilder
from services.newsletter.service.campaigns.dispatcher import CampaignDispatcher, HoldWatch
from services.newsletter.service.campaigns.editor import CampaignEditor
from services.newsletter.service.campaigns.preview import CampaignPreviews
from services.newsletter.service.campaigns.sending.answers import AnswerRecorder
from services.newsletter.service.campaigns.sending.journal import SendingJournal
from services.newsletter.service.campaigns.sending.lane import LaneParts, SubscriptionGate
from services.newsletter.service.campaigns.sending.relay import RelayPool
from services.newsletter.service.campaigns.sending.throttle import SendingThrottle
from services.newsletter.service.campaigns.sending.worker import CampaignWorker
from services.newsletter.service.inbound.replies import ReplyRecorder
from services.newsletter.settings import Settings
from services.newsletter.wiring.stores import Stores
from shared import observe
from shared.backoff import Backoff
from shared.bus import EventSubscription
from shared.chassis import Chassis
from shared.mail import (
    DeliveryStatus,
    DkimSigner,
    EmailAddress,
    FromAddress,
    ReturnPathSigner,
    SentMail,
    SmtpClient,
    SmtpUrl,
)
from shared.web import Paginator, Route

_LEASE_TTL = timedelta(seconds=10)
_RECONNECT_BACKOFF = Backoff(0.5, 30.0)
_RETRY_DELAY_MAX = timedelta(hours=1)
BATCHES_PER_STEP = 4


@dataclass(frozen=True, kw_only=True)
class CampaignModule:
    """The services of campaigns."""

    campaign_editor: CampaignEditor
    campaign_previews: CampaignPreviews
    campaign_dispatcher: CampaignDispatcher
    campaign_worker: CampaignWorker


def build_campaign_module(
    chassis: Chassis,
    stores: Stores,
    settings: Settings,
    *,
    replies: ReplyRecorder,
    address_policy: AddressPolicy,
) -> CampaignModule:
    """Return the services of campaigns."""
    sender = FromAddress.parse(settings.common.mail_from, settings.common.mail_reply_to)
    emails = CampaignEmails(
        links=stores.links,
        sender=sender,
        dkim=DkimSigner.from_keyring(chassis.keyring, sender.address.domain),
        earlier_dkim=DkimSigner.list_from_keyring(chassis.keyring, sender.address.domain),
        return_path=ReturnPathSigner.from_settings(settings.common.inbound_domain, settings.common.return_path_key),
    )
    watch = RestoreWatch(longest_gap=settings.longest_gap, data_epoch=settings.data_epoch)
    return CampaignModule(
        campaign_editor=CampaignEditor(
            lists=stores.lists,
            segments=stores.segments,
            campaigns=stores.campaigns,
            batches=stores.batches,
            emails=emails,
            new_id=chassis.new_id,
        ),
        campaign_previews=CampaignPreviews(
            lists=stores.lists,
            campaigns=stores.campaigns,
            emails=emails,
            mail_queue=chassis.mail_queue,
            address_policy=address_policy,
        ),
        campaign_dispatcher=_build_dispatcher(chassis, stores, settings, watch),
        campaign_worker=_build_worker(chassis, stores, settings, watch, emails=emails, replies=replies),
    )


def _build_dispatcher(chassis: Chassis, stores: Stores, settings: Settings, watch: RestoreWatch) -> CampaignDispatcher:
    return CampaignDispatcher(
        campaigns=stores.campaigns,
        batches=stores.batches,
        audience=AudienceBuilder(
            recipients=stores.recipients,
            segments=stores.segments,
            campaigns=stores.campaigns,
            deliveries=stores.deliveries,
            batches=stores.batches,
            transact=chassis.db.with_transaction,
            new_id=chassis.new_id,
            batch_size=settings.batch_size,
            batches_per_step=BATCHES_PER_STEP,
        ),
        outbox=chassis.outbox,
        transact=chassis.db.with_transaction,
        hold_watch=HoldWatch(settings.hold_ttl.total_seconds()),
        restore_watch=watch,
    )


def _build_worker(
    chassis: Chassis,
    stores: Stores,
    settings: Settings,
    watch: RestoreWatch,
    *,
    emails: CampaignEmails,
    replies: ReplyRecorder,
) -> CampaignWorker:
    relay_up = observe.gauge("candor_newsletter_relay_up", "0 after a failed use of the relay by campaigns, else 1")
    relay_up.set(True)  # up until an attempt fails
    url = SmtpUrl.parse(settings.common.smtp_url)

    async def record_refusal(delivery: CampaignDelivery, at: datetime) -> None:
        await replies.record_hard_reply(
            mail_id=delivery.delivery_id,
            campaign_id=delivery.campaign_id,
            subscription_id=delivery.subscription_id,
            at=at,
        )

    return CampaignWorker(
        lists=stores.lists,
        campaigns=stores.campaigns,
        batches=stores.batches,
        deliveries=stores.deliveries,
        recipients=stores.recipients,
        emails=emails,
        parts=LaneParts(
            gate=SubscriptionGate(stores.recipients),
            journal=SendingJournal(stores.deliveries, chassis.clock),
            relay=RelayPool(
                [SmtpClient(url) for _ in range(settings.connections)],
                backoff=_RECONNECT_BACKOFF,
                on_state=relay_up.set,
            ),
            throttle=SendingThrottle(
                budgets=stores.budgets,
                limits=_build_limits(settings),
                index_domain=lambda domain: chassis.vault.blind_index("newsletter.domain", domain),
                clock=chassis.clock,
            ),
            answers=AnswerRecorder(stores.campaigns),
            clock=chassis.clock,
            retry_backoff=Backoff.from_durations(settings.retry_delay_min, _RETRY_DELAY_MAX),
            on_hard_refusal=record_refusal,
            on_soft_refusal=_build_refusal_log(chassis),
        ),
        new_id=chassis.new_id,
        hold_ttl=settings.hold_ttl.total_seconds(),
        restore_watch=watch,
    )


def _build_refusal_log(chassis: Chassis) -> Callable[[CampaignDelivery, str, datetime], Awaitable[None]]:
    async def log_refusal(delivery: CampaignDelivery, addr_spec: str, at: datetime) -> None:
        await chassis.mail_log.record_sent(
            SentMail(
                kind=CAMPAIGN_EMAIL,
                mail_id=delivery.delivery_id,
                status=DeliveryStatus.DEFERRED,
                at=at,
                code=delivery.code,
                enhanced_code=delivery.enhanced_code,
                owner=delivery.subscription_id,
                address_index=chassis.mail_log.hash_address(EmailAddress(addr_spec).email),
            )
        )

    return log_refusal


def _build_limits(settings: Settings) -> SendingLimits:
    plan = settings.warm_up
    return SendingLimits(
        per_second=settings.emails_per_second,
        per_domain_minute=settings.domain_emails_per_minute,
        warm_up=WarmUpPlan(started_on=plan.started_on, daily_limits=plan.daily_limits) if plan else None,
    )


def build_campaign_routes(module: CampaignModule, paginator: Paginator) -> tuple[Route, ...]:
    """Return the routes of campaigns."""
    campaigns = CampaignsApi(
        campaign_editor=module.campaign_editor, campaign_previews=module.campaign_previews, paginator=paginator
    )
    archive = CampaignArchiveApi(campaign_previews=module.campaign_previews)
    return (*campaigns.build_routes(), *archive.build_routes())


def build_campaign_subscription(module: CampaignModule) -> EventSubscription:
    """Return the subscription to batches that are due."""
    return CampaignBatchEvents(worker=module.campaign_worker).build_subscription()


def build_campaign_workers(
    chassis: Chassis, module: CampaignModule, settings: Settings
) -> Mapping[str, Callable[[], Awaitable[None]]]:
    """Return the workers by name."""

    async def dispatch_campaigns() -> None:
        while True:
            if not await module.campaign_dispatcher.advance(at=chassis.clock()):
                await asyncio.sleep(settings.poll_interval.total_seconds())

    async def dispatch_in_one_process() -> None:
        await chassis.leases.run_exclusive("dispatch-campaigns", dispatch_campaigns, ttl=_LEASE_TTL)

    return {"dispatch-campaigns": dispatch_in_one_process, "send-campaigns": module.campaign_worker.run}
