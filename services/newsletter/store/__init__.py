"""The collections of newsletter. Addresses are sealed and found by blind index; a suppression has the index only."""

from services.newsletter.store.campaigns import CampaignDeliveries, Campaigns
from services.newsletter.store.documents import DOCUMENTS, SUPPRESSION_RETENTION_DAYS
from services.newsletter.store.lists import MailingLists
from services.newsletter.store.opt_in_requests import OptInRequests
from services.newsletter.store.subscriptions import Subscriptions
from services.newsletter.store.suppressions import Suppressions

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
