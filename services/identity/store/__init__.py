"""The MongoDB collections of identity: documents with their declarations of personal data, indexes, queries."""

from services.identity.store.accounts import Account, Accounts, Credential, Credentials, SignUp, SignUps
from services.identity.store.app_passwords import AppPassword, AppPasswords
from services.identity.store.bounds import Guesses, GuessRow, MailGap, MailGaps
from services.identity.store.erasures import Erasure, Erasures, Receipt
from services.identity.store.exports import Export, ExportChunk, ExportPart, Exports
from services.identity.store.partners import PartnerClient, Partners
from services.identity.store.reads import Read, Reads
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
    Read,
    Export,
    ExportPart,
    ExportChunk,
    Erasure,
    Receipt,
)

__all__ = [
    "DOCUMENTS",
    "Account",
    "Accounts",
    "AppPassword",
    "AppPasswords",
    "Credential",
    "Credentials",
    "EndedSession",
    "EndedSessions",
    "Erasure",
    "Erasures",
    "Export",
    "ExportChunk",
    "ExportPart",
    "Exports",
    "GuessRow",
    "Guesses",
    "MailGap",
    "MailGaps",
    "PartnerClient",
    "Partners",
    "Read",
    "Reads",
    "Receipt",
    "Session",
    "Sessions",
    "SignUp",
    "SignUps",
]
