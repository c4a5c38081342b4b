"""What newsletter does: subscribe, unsubscribe, send campaigns, export."""

from services.newsletter.service.campaigns import CampaignSender
from services.newsletter.service.erasure import AccountEraser
from services.newsletter.service.export import AccountExport
from services.newsletter.service.subscribe import SubscribeService
from services.newsletter.service.unsubscribe import UnsubscribeService

__all__ = ["AccountEraser", "AccountExport", "CampaignSender", "SubscribeService", "UnsubscribeService"]
