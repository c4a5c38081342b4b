"""What an agreement with a partner allows, and until when (C13)."""

from dataclasses import dataclass
from datetime import datetime

PARTNER_SERVICE = "partner_service"
"""What a partner's token is for, and the only purpose under which it is shown anything."""
CONTACT_READ = "contact.read"
"""The scope of the contact data of an account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementTerms:
    """The terms of one agreement."""

    id: str
    in_force: bool
    purposes: frozenset[str]
    scopes: frozenset[str]
    fields: frozenset[str]
    ends_at: datetime

    def allows(self, at: datetime) -> bool:
        """Tell whether a partner may do anything under it *at* that time."""
        return self.in_force and at < self.ends_at and PARTNER_SERVICE in self.purposes
