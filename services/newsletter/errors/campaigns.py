"""The errors of campaigns."""

from shared.errors import NotFoundError


class CampaignNotFoundError(NotFoundError):
    """The campaign does not exist."""

    code = "newsletter.campaign.not_found"
