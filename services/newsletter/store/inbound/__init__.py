"""Mail that came in: the verdicts, the mails kept for staff, the scores of addresses, the counts of campaigns."""

from services.newsletter.store.inbound.bounce_scores import BounceScores, CampaignReports
from services.newsletter.store.inbound.documents import (
    BounceScoreDocument,
    CampaignReportsDocument,
    KeptMailDocument,
    ReceivedMailDocument,
)
from services.newsletter.store.inbound.kept_mails import KeptMails
from services.newsletter.store.inbound.letters import Letters
from services.newsletter.store.inbound.received_mails import ReceivedMails

INBOUND_DOCUMENTS = (ReceivedMailDocument, KeptMailDocument, BounceScoreDocument, CampaignReportsDocument)

__all__ = ["INBOUND_DOCUMENTS", "BounceScores", "CampaignReports", "KeptMails", "Letters", "ReceivedMails"]
