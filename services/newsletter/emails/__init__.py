"""The emails of newsletter: the confirmation of a subscription, and campaigns."""

from services.newsletter.emails.messages import (
    CAMPAIGN_EMAIL,
    CONFIRMATION_EMAIL,
    CompiledCampaign,
    NewsletterEmails,
)

__all__ = ["CAMPAIGN_EMAIL", "CONFIRMATION_EMAIL", "CompiledCampaign", "NewsletterEmails"]
