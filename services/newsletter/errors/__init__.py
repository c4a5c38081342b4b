"""The errors of newsletter by feature: class, stable code, status."""

from services.newsletter.errors.campaigns import CampaignNotFoundError
from services.newsletter.errors.subscriptions import (
    ListNotFoundError,
    OwnAddressError,
    SubscriptionNotFoundError,
)

__all__ = ["CampaignNotFoundError", "ListNotFoundError", "OwnAddressError", "SubscriptionNotFoundError"]
