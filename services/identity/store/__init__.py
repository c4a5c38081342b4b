"""The MongoDB collections of identity: documents with their declarations of personal data, indexes, queries."""

from services.identity.store.accounts import Account, Accounts, Credential, Credentials, SignUp, SignUps
from services.identity.store.acts import Act, Acts
from services.identity.store.address_changes import AddressChange, AddressChanges
from services.identity.store.agreements import KnownAgreement, KnownAgreements
from services.identity.store.app_passwords import AppPassword, AppPasswords
from services.identity.store.bounds import Guesses, GuessRow, MailGap, MailGaps
from services.identity.store.challenges import Challenge, Challenges
from services.identity.store.code_uses import CodeUse, CodeUses
from services.identity.store.erased import ErasedAccount, ErasureLedger, PurgedChild, Remains
from services.identity.store.erasures import Erasure, Erasures, Receipt
from services.identity.store.exports import Export, ExportChunk, ExportPart, Exports
from services.identity.store.factors import Passkey, Passkeys, RecoveryCode, RecoveryCodes, Totp, Totps
from services.identity.store.farewells import Farewell, Farewells
from services.identity.store.holds import Hold, Holds
from services.identity.store.partners import PartnerClient, Partners
from services.identity.store.reads import Read, Reads
from services.identity.store.reports import Report, Reports
from services.identity.store.resets import PasswordReset, Resets, ResetWish
from services.identity.store.security_events import SecurityEvent, SecurityEvents
from services.identity.store.sessions import EndedSession, EndedSessions, Session, Sessions

DOCUMENTS = (
    Account,
    Credential,
    SignUp,
    MailGap,
    GuessRow,
    Session,
    EndedSession,
    AppPassword,
    PartnerClient,
    KnownAgreement,
    CodeUse,
    Read,
    Export,
    ExportPart,
    ExportChunk,
    Erasure,
    Receipt,
    Totp,
    RecoveryCode,
    Passkey,
    Challenge,
    SecurityEvent,
    ResetWish,
    PasswordReset,
    AddressChange,
    Farewell,
    Act,
    Hold,
    Report,
    ErasedAccount,
    PurgedChild,
)

NOT_OF_AN_ACCOUNT = (MailGap, GuessRow, ResetWish, ErasedAccount, PurgedChild, Act, Erasure)
"""Found by other things than the id of an account, or kept, without it, as a record."""

__all__ = [
    "DOCUMENTS",
    "NOT_OF_AN_ACCOUNT",
    "Account",
    "Accounts",
    "Act",
    "Acts",
    "AddressChange",
    "AddressChanges",
    "AppPassword",
    "AppPasswords",
    "Challenge",
    "Challenges",
    "CodeUse",
    "CodeUses",
    "Credential",
    "Credentials",
    "EndedSession",
    "EndedSessions",
    "ErasedAccount",
    "Erasure",
    "ErasureLedger",
    "Erasures",
    "Export",
    "ExportChunk",
    "ExportPart",
    "Exports",
    "Farewell",
    "Farewells",
    "GuessRow",
    "Guesses",
    "Hold",
    "Holds",
    "KnownAgreement",
    "KnownAgreements",
    "MailGap",
    "MailGaps",
    "PartnerClient",
    "Partners",
    "Passkey",
    "Passkeys",
    "PasswordReset",
    "PurgedChild",
    "Read",
    "Reads",
    "Receipt",
    "RecoveryCode",
    "RecoveryCodes",
    "Remains",
    "Report",
    "Reports",
    "ResetWish",
    "Resets",
    "SecurityEvent",
    "SecurityEvents",
    "Session",
    "Sessions",
    "SignUp",
    "SignUps",
    "Totp",
    "Totps",
]
