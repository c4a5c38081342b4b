"""The closed list of purposes for which personal data may be used (C06, C07)."""

from enum import StrEnum


class Purpose(StrEnum):
    """Why a piece of personal data is read.

    There is no purpose for sale, rent, barter or advertising, and an architecture test forbids one (C07).
    """

    ACCOUNT = "account"
    """Provide the account; show its owner the stored data."""
    SECURITY = "security"
    """Protect the account: log-in, warnings, revocation."""
    CRITICAL_NOTICE = "critical_notice"
    """Notify the owner of an affected product of a critical problem (C05)."""
    LEGAL_DISCLOSURE = "legal_disclosure"
    """Notify the owner of a disclosure required by law, rights or an emergency (C16)."""
    SUPPORT = "support"
    """Answer a support question, and nothing else (C30)."""
    NEWSLETTER = "newsletter"
    """Send a newsletter with a confirmed subscription, until it is cancelled (C10)."""
    SYNC = "sync"
    """Store and return the customer's own files."""
    BILLING = "billing"
    """Charge a payment that the customer ordered."""
    BILLING_QUESTION = "billing_question"
    """Answer a question about a payment (C18)."""
    REFUND = "refund"
    """Refund a payment (C18)."""
    CREDIT = "credit"
    """Grant a credit (C18)."""
    STATISTICS = "statistics"
    """Aggregate into anonymous statistics (C08, C11, C15)."""
    PARTNER_SERVICE = "partner_service"
    """Let a contracted partner perform its function, limited to agreed fields (C13)."""
    OPERATIONS = "operations"
    """Keep the service running: industry-standard logs, break-glass metadata (C04, C12)."""
    EXPORT = "export"
    """Give the owner a copy of all stored data (C26)."""
    ERASURE = "erasure"
    """Find the data to erase (C31)."""
    PUBLICATION = "publication"
    """Publish with the express permission of the person (C09)."""
