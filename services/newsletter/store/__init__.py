"""The collections of newsletter. Addresses are sealed and found by blind index; a suppression has the index only."""

from services.newsletter.store.campaigns.batches import CampaignBatches
from services.newsletter.store.campaigns.budgets import SendingBudgets
from services.newsletter.store.campaigns.campaigns import Campaigns
from services.newsletter.store.campaigns.deliveries import CampaignDeliveries
from services.newsletter.store.campaigns.documents import (
    CampaignBatchDocument,
    CampaignDeliveryDocument,
    CampaignDocument,
    DispatcherDocument,
    SendingBudgetDocument,
)
from services.newsletter.store.campaigns.mail_log import CampaignMailLog
from services.newsletter.store.campaigns.recipients import Recipients
from services.newsletter.store.imports.documents import ImportBatchDocument, ImportDocument, InvitationDocument
from services.newsletter.store.imports.imports import ContactImports, Invitations
from services.newsletter.store.inbound import INBOUND_DOCUMENTS
from services.newsletter.store.segments.segments import SegmentDocument, Segments
from services.newsletter.store.subscriptions.documents import (
    SUPPRESSION_RETENTION_DAYS,
    ConfirmedRequestDocument,
    MailingListDocument,
    OptInRequestDocument,
    SubscriptionDocument,
    SuppressedAddressDocument,
    SuppressionDocument,
    UnsubscribeLinkRequestDocument,
)
from services.newsletter.store.subscriptions.link_requests import UnsubscribeLinkRequests
from services.newsletter.store.subscriptions.lists import MailingLists
from services.newsletter.store.subscriptions.opt_in_requests import ConfirmedRequests, OptInRequests
from services.newsletter.store.subscriptions.subscriptions import Subscriptions
from services.newsletter.store.subscriptions.suppressions import (
    IndexedSuppression,
    SuppressedAddresses,
    Suppressions,
)

DOCUMENTS = (
    MailingListDocument,
    OptInRequestDocument,
    ConfirmedRequestDocument,
    SubscriptionDocument,
    SuppressionDocument,
    SuppressedAddressDocument,
    UnsubscribeLinkRequestDocument,
    CampaignDocument,
    CampaignBatchDocument,
    CampaignDeliveryDocument,
    ImportDocument,
    ImportBatchDocument,
    InvitationDocument,
    SegmentDocument,
    SendingBudgetDocument,
    DispatcherDocument,
    *INBOUND_DOCUMENTS,
)

__all__ = [
    "DOCUMENTS",
    "SUPPRESSION_RETENTION_DAYS",
    "CampaignBatches",
    "CampaignDeliveries",
    "CampaignMailLog",
    "Campaigns",
    "ConfirmedRequests",
    "ContactImports",
    "IndexedSuppression",
    "Invitations",
    "MailingLists",
    "OptInRequests",
    "Recipients",
    "Segments",
    "SendingBudgets",
    "Subscriptions",
    "SuppressedAddresses",
    "Suppressions",
    "UnsubscribeLinkRequests",
]
