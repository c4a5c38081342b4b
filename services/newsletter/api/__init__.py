"""Newsletter over HTTP: parse, one call, render."""

from services.newsletter.api.campaigns.archive import CampaignArchiveApi
from services.newsletter.api.campaigns.campaigns import CampaignsApi
from services.newsletter.api.inbound.received_mails import ReceivedMailsApi
from services.newsletter.api.subscriptions.lists import MailingListsApi
from services.newsletter.api.subscriptions.subscriptions import SubscriptionsApi
from services.newsletter.api.subscriptions.unsubscriptions import UnsubscriptionsApi

__all__ = [
    "CampaignArchiveApi",
    "CampaignsApi",
    "MailingListsApi",
    "ReceivedMailsApi",
    "SubscriptionsApi",
    "UnsubscriptionsApi",
]
