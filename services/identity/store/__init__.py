"""The MongoDB collections of identity: documents with their declarations of personal data, indexes and queries."""

from services.identity.store.accounts.accounts import AccountDocument, Accounts
from services.identity.store.accounts.email_changes import EmailChangeDocument, EmailChanges
from services.identity.store.accounts.security_events import SecurityEventDocument, SecurityEvents
from services.identity.store.accounts.sign_ups import SignUpDocument, SignUps
from services.identity.store.authentication.challenges import ChallengeDocument, Challenges
from services.identity.store.authentication.credentials import CredentialDocument, Credentials
from services.identity.store.authentication.password_resets import (
    PasswordResetDocument,
    PasswordResetRequestDocument,
    PasswordResets,
)
from services.identity.store.authentication.second_factors import (
    PasskeyDocument,
    Passkeys,
    RecoveryCodeDocument,
    RecoveryCodes,
    TotpDocument,
    Totps,
)
from services.identity.store.authentication.throttles import (
    LoginThrottle,
    LoginThrottleDocument,
    MailCooldownDocument,
    MailCooldowns,
)
from services.identity.store.oauth.known_agreements import KnownAgreementDocument, KnownAgreements
from services.identity.store.oauth.partner_clients import PartnerClientDocument, PartnerClients
from services.identity.store.oauth.used_authorization_codes import UsedAuthorizationCodeDocument, UsedAuthorizationCodes
from services.identity.store.privacy_requests.erasure_ledger import (
    ErasureLedger,
    ErasureLedgerEntryDocument,
    PurgedChildDocument,
    ResidualData,
)
from services.identity.store.privacy_requests.erasure_requests import (
    ErasureReceiptDocument,
    ErasureRequestDocument,
    ErasureRequests,
)
from services.identity.store.privacy_requests.exports import (
    ExportChunkDocument,
    ExportDocument,
    ExportPartDocument,
    Exports,
)
from services.identity.store.privacy_requests.legal_holds import LegalHoldDocument, LegalHolds
from services.identity.store.privacy_requests.scheduled_erasures import ScheduledErasureDocument, ScheduledErasures
from services.identity.store.sessions.app_passwords import AppPasswordDocument, AppPasswords
from services.identity.store.sessions.sessions import RevokedSessionDocument, RevokedSessions, SessionDocument, Sessions
from services.identity.store.staff.abuse_reports import AbuseReportDocument, AbuseReports
from services.identity.store.staff.admin_actions import AdminActionDocument, AdminActions
from services.identity.store.staff.data_access import DataAccessDocument, DataAccessLog
from services.identity.store.staff.questions import QuestionDocument, Questions

DOCUMENTS = (
    AccountDocument,
    CredentialDocument,
    SignUpDocument,
    MailCooldownDocument,
    LoginThrottleDocument,
    SessionDocument,
    RevokedSessionDocument,
    AppPasswordDocument,
    PartnerClientDocument,
    KnownAgreementDocument,
    UsedAuthorizationCodeDocument,
    DataAccessDocument,
    ExportDocument,
    ExportPartDocument,
    ExportChunkDocument,
    ErasureRequestDocument,
    ErasureReceiptDocument,
    TotpDocument,
    RecoveryCodeDocument,
    PasskeyDocument,
    ChallengeDocument,
    SecurityEventDocument,
    PasswordResetRequestDocument,
    PasswordResetDocument,
    EmailChangeDocument,
    ScheduledErasureDocument,
    AdminActionDocument,
    LegalHoldDocument,
    AbuseReportDocument,
    QuestionDocument,
    ErasureLedgerEntryDocument,
    PurgedChildDocument,
)

NON_ACCOUNT_DOCUMENTS = (
    MailCooldownDocument,
    LoginThrottleDocument,
    PasswordResetRequestDocument,
    ErasureLedgerEntryDocument,
    PurgedChildDocument,
    AdminActionDocument,
    ErasureRequestDocument,
)
"""Documents whose subject is not an account id, or which stay, without the account id, as a record."""

__all__ = [
    "DOCUMENTS",
    "NON_ACCOUNT_DOCUMENTS",
    "AbuseReportDocument",
    "AbuseReports",
    "AccountDocument",
    "Accounts",
    "AdminActionDocument",
    "AdminActions",
    "AppPasswordDocument",
    "AppPasswords",
    "ChallengeDocument",
    "Challenges",
    "CredentialDocument",
    "Credentials",
    "DataAccessDocument",
    "DataAccessLog",
    "EmailChangeDocument",
    "EmailChanges",
    "ErasureLedger",
    "ErasureLedgerEntryDocument",
    "ErasureReceiptDocument",
    "ErasureRequestDocument",
    "ErasureRequests",
    "ExportChunkDocument",
    "ExportDocument",
    "ExportPartDocument",
    "Exports",
    "KnownAgreementDocument",
    "KnownAgreements",
    "LegalHoldDocument",
    "LegalHolds",
    "LoginThrottle",
    "LoginThrottleDocument",
    "MailCooldownDocument",
    "MailCooldowns",
    "PartnerClientDocument",
    "PartnerClients",
    "PasskeyDocument",
    "Passkeys",
    "PasswordResetDocument",
    "PasswordResetRequestDocument",
    "PasswordResets",
    "PurgedChildDocument",
    "QuestionDocument",
    "Questions",
    "RecoveryCodeDocument",
    "RecoveryCodes",
    "ResidualData",
    "RevokedSessionDocument",
    "RevokedSessions",
    "ScheduledErasureDocument",
    "ScheduledErasures",
    "SecurityEventDocument",
    "SecurityEvents",
    "SessionDocument",
    "Sessions",
    "SignUpDocument",
    "SignUps",
    "TotpDocument",
    "Totps",
    "UsedAuthorizationCodeDocument",
    "UsedAuthorizationCodes",
]
