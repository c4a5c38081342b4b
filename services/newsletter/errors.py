"""The errors of newsletter; an invalid link is ``auth.token.invalid``, from ``shared.crypto``."""

from shared.errors import NotFoundError


class ListNotFoundError(NotFoundError):
    """There is no such list."""

    code = "newsletter.list.not_found"


class SubscriptionNotFoundError(NotFoundError):
    """There is no such subscription on this account."""

    code = "newsletter.subscription.not_found"


class CampaignNotFoundError(NotFoundError):
    """There is no such campaign."""

    code = "newsletter.campaign.not_found"
