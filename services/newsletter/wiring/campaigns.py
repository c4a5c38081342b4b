"""Campaigns and the sending of their emails."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from services.newsletter.api import CampaignsApi
from services.newsletter.emails.campaigns import CAMPAIGN_EMAIL, CampaignEmails
from services.newsletter.service.campaigns.sender import CampaignSender
from services.newsletter.settings import Settings
from services.newsletter.wiring.stores import Stores
from shared.chassis import Chassis
from shared.mail import DeliveryStatus, FromAddress, QueuedMailDocument
from shared.web import Route


@dataclass(frozen=True, kw_only=True)
class CampaignModule:
    """The services of campaigns."""

    campaign_sender: CampaignSender


def build_campaign_module(chassis: Chassis, stores: Stores, settings: Settings) -> CampaignModule:
    """Return the services of campaigns."""
    return CampaignModule(
        campaign_sender=CampaignSender(
            lists=stores.lists,
            subscriptions=stores.subscriptions,
            campaigns=stores.campaigns,
            deliveries=stores.deliveries,
            emails=CampaignEmails(
                links=stores.links, domain=FromAddress.parse(settings.common.mail_from).address.domain
            ),
            mail_queue=chassis.mail_queue,
            outbox=chassis.outbox,
            transact=chassis.db.with_transaction,
            new_id=chassis.new_id,
            batch_size=settings.batch_size,
            max_queued=settings.max_queued,
        )
    )


def build_campaign_routes(module: CampaignModule) -> tuple[Route, ...]:
    """Return the routes of campaigns."""
    return CampaignsApi(campaign_sender=module.campaign_sender).build_routes()


def connect_mail_queue(chassis: Chassis, module: CampaignModule) -> None:
    """Ask before each email of a campaign whether it may be sent, and record its outcome."""

    async def should_send(row: QueuedMailDocument) -> bool:
        return await module.campaign_sender.should_send(row.id, row.owner, at=chassis.clock())

    async def record_outcome(mail_id: str, state: DeliveryStatus) -> None:
        await module.campaign_sender.record_outcome(mail_id, state, at=chassis.clock())

    chassis.mail_queue.on(CAMPAIGN_EMAIL, before_send=should_send, on_completed=record_outcome)


def build_campaign_workers(
    chassis: Chassis, module: CampaignModule, settings: Settings
) -> Mapping[str, Callable[[], Awaitable[None]]]:
    """Return the workers by name."""

    async def send_campaigns() -> None:
        while True:
            if not await module.campaign_sender.advance(at=chassis.clock()):
                await asyncio.sleep(settings.poll_interval.total_seconds())

    return {"send-campaigns": send_campaigns}
