"""The closed list of purposes for which personal data may be used (C06, C07)."""

from enum import StrEnum


class Purpose(StrEnum):
    """Why a piece of personal data is read.

    There is no purpose for sale, rent, barter or advertising, and an architecture test refuses one (C07).
    """

    ACCOUNT = "account"
    """Give the owner the account that was asked for; show the owner what is held."""
    SECURITY = "security"
    """Protect the account: log-in, warnings, revocation."""
    CRITICAL_NOTICE = "critical_notice"
    """Notify the owner of an affected product of something important (C05)."""
    LEGAL_DISCLOSURE = "legal_disclosure"
    """Notify the owner of a disclosure under law, rights or emergency (C16)."""
    SUPPORT = "support"
    """Answer the question that was asked, and nothing else (C30)."""
    NEWSLETTER = "newsletter"
    """Send the list that was confirmed, until it is ended (C10)."""
    SYNC = "sync"
    """Store and return the customer's own files."""
    BILLING = "billing"
    """Take a payment that the customer ordered."""
    BILLING_QUESTION = "billing_question"
    """Answer a question about a payment (C18)."""
    REFUND = "refund"
    """Give money back (C18)."""
    CREDIT = "credit"
    """Give credit (C18)."""
    STATISTICS = "statistics"
    """Aggregate into anonymous statistics (C08, C11, C15)."""
    PARTNER_SERVICE = "partner_service"
    """Let a contracted partner perform its function, field by field (C13)."""
    OPERATIONS = "operations"
    """Keep the service running: industry-standard logs, break-glass metadata (C04, C12)."""
    EXPORT = "export"
    """Give the owner everything that is held (C26)."""
    ERASURE = "erasure"
    """Find what must be erased (C31)."""
    PUBLICATION = "publication"
    """Publish with the express permission of the person (C09)."""
