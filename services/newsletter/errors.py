"""Every refusal that newsletter can give; a link that is not valid is ``link.refused``, from ``shared.crypto``."""

from shared.errors import NotFoundError


class ListNotFoundError(NotFoundError):
    """There is no such list."""

    code = "newsletter.list_not_found"


class SubscriptionNotFoundError(NotFoundError):
    """There is no such subscription on this account."""

    code = "newsletter.subscription_not_found"


class CampaignNotFoundError(NotFoundError):
    """There is no such campaign."""

    code = "newsletter.campaign_not_found"
