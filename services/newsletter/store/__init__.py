"""The collections of newsletter. Addresses are sealed and found by blind index; a suppression has the index only."""

from services.newsletter.store.campaigns.campaigns import Campaigns
from services.newsletter.store.campaigns.deliveries import CampaignDeliveries
from services.newsletter.store.campaigns.documents import CampaignDeliveryDocument, CampaignDocument
from services.newsletter.store.subscriptions.documents import (
    SUPPRESSION_RETENTION_DAYS,
    MailingListDocument,
    OptInRequestDocument,
    SubscriptionDocument,
    SuppressionDocument,
)
from services.newsletter.store.subscriptions.lists import MailingLists
from services.newsletter.store.subscriptions.opt_in_requests import OptInRequests
from services.newsletter.store.subscriptions.subscriptions import Subscriptions
from services.newsletter.store.subscriptions.suppressions import Suppressions

DOCUMENTS = (
    MailingListDocument,
    OptInRequestDocument,
    SubscriptionDocument,
    SuppressionDocument,
    CampaignDocument,
    CampaignDeliveryDocument,
)

__all__ = [
    "DOCUMENTS",
    "SUPPRESSION_RETENTION_DAYS",
    "CampaignDeliveries",
    "Campaigns",
    "MailingLists",
    "OptInRequests",
    "Subscriptions",
    "Suppressions",
]
