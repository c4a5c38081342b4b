"""What all modules share: the collections and the links of emails."""

from dataclasses import dataclass

from services.newsletter.emails.links import EmailLinks
from services.newsletter.settings import Settings
from services.newsletter.store import (
    CampaignBatches,
    CampaignDeliveries,
    CampaignMailLog,
    Campaigns,
    ConfirmedRequests,
    ContactImports,
    Invitations,
    MailingLists,
    OptInRequests,
    Recipients,
    Segments,
    SendingBudgets,
    Subscriptions,
    SuppressedAddresses,
    Suppressions,
    UnsubscribeLinkRequests,
)
from shared.chassis import Chassis


@dataclass(frozen=True, kw_only=True)
class Stores:
    """The collections and the links of emails. Wiring passes it on; a service gets only what it uses."""

    lists: MailingLists
    opt_in_requests: OptInRequests
    confirmed_requests: ConfirmedRequests
    link_requests: UnsubscribeLinkRequests
    subscriptions: Subscriptions
    suppressions: Suppressions
    suppressed_addresses: SuppressedAddresses
    campaigns: Campaigns
    deliveries: CampaignDeliveries
    imports: ContactImports
    invitations: Invitations
    segments: Segments
    batches: CampaignBatches
    recipients: Recipients
    budgets: SendingBudgets
    campaign_mail_log: CampaignMailLog
    links: EmailLinks


def build_stores(chassis: Chassis, settings: Settings) -> Stores:
    """Return the collections."""
    db, vault = chassis.db, chassis.vault
    batches = CampaignBatches(db)
    return Stores(
        lists=MailingLists(db),
        opt_in_requests=OptInRequests(db, vault),
        confirmed_requests=ConfirmedRequests(db, vault),
        link_requests=UnsubscribeLinkRequests(db, vault),
        subscriptions=Subscriptions(db, vault),
        suppressions=Suppressions(db, vault),
        suppressed_addresses=SuppressedAddresses(db, vault),
        campaigns=Campaigns(db),
        deliveries=CampaignDeliveries(db),
        imports=ContactImports(db, vault),
        invitations=Invitations(db, vault),
        segments=Segments(db),
        batches=batches,
        recipients=Recipients(db, vault),
        budgets=SendingBudgets(db),
        campaign_mail_log=CampaignMailLog(db, vault, batches, chassis.clock),
        links=EmailLinks(
            token_sealer=chassis.token_sealer,
            public_url=settings.common.public_url,
            inbound_domain=settings.common.inbound_domain,
        ),
    )
