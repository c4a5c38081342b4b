"""The errors of newsletter by feature: class, stable code, status."""

from services.newsletter.errors.campaigns import (
    CampaignNotFoundError,
    CampaignStateError,
    ForeignImageError,
    InvalidScheduleError,
    PersonalImageError,
    UnknownPlaceholderError,
)
from services.newsletter.errors.subscriptions import (
    ListNotFoundError,
    OwnAddressError,
    SubscriptionNotFoundError,
)

__all__ = [
    "CampaignNotFoundError",
    "CampaignStateError",
    "ForeignImageError",
    "InvalidScheduleError",
    "ListNotFoundError",
    "OwnAddressError",
    "PersonalImageError",
    "SubscriptionNotFoundError",
    "UnknownPlaceholderError",
]
