"""The errors of newsletter by feature: class, stable code, status."""

from services.newsletter.errors.campaigns import (
    CampaignNotFoundError,
    CampaignStateError,
    EmptyCampaignError,
    ForeignImageError,
    InvalidScheduleError,
    PersonalImageError,
    PersonalLinkError,
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
    "EmptyCampaignError",
    "ForeignImageError",
    "InvalidScheduleError",
    "ListNotFoundError",
    "OwnAddressError",
    "PersonalImageError",
    "PersonalLinkError",
    "SubscriptionNotFoundError",
    "UnknownPlaceholderError",
]
