"""Newsletter's collections in MongoDB. Addresses are sealed and found by blind index; who has left leaves only that."""

from services.newsletter.store.campaigns import Campaigns, Deliveries
from services.newsletter.store.documents import DOCUMENTS, SUPPRESSION_DAYS
from services.newsletter.store.lists import Lists
from services.newsletter.store.subscriptions import Subscriptions
from services.newsletter.store.suppressions import Suppressions
from services.newsletter.store.wishes import Wishes

__all__ = [
    "DOCUMENTS",
    "SUPPRESSION_DAYS",
    "Campaigns",
    "Deliveries",
    "Lists",
    "Subscriptions",
    "Suppressions",
    "Wishes",
]
