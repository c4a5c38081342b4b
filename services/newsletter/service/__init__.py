"""What newsletter does: joining, leaving, sending, and handing over what is held."""

from services.newsletter.emails.messages import CAMPAIGN_EMAIL, CONFIRMATION_EMAIL, NewsletterEmails
from services.newsletter.service.campaigns import CampaignSender
from services.newsletter.service.export import AccountExport
from services.newsletter.service.subscribe import SubscribeService
from services.newsletter.service.unsubscribe import UnsubscribeService

__all__ = [
    "CAMPAIGN_EMAIL",
    "CONFIRMATION_EMAIL",
    "AccountExport",
    "CampaignSender",
    "NewsletterEmails",
    "SubscribeService",
    "UnsubscribeService",
]
