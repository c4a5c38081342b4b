"""The terms of an agreement with a partner (C13)."""

from dataclasses import dataclass
from datetime import datetime

PARTNER_SERVICE = "partner_service"
"""The purpose of every partner token, and the only one under which data is disclosed to partners."""
CONTACT_READ = "contact.read"
"""The scope for the contact data of an account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementTerms:
    """The terms of an agreement."""

    id: str
    in_force: bool
    purposes: frozenset[str]
    scopes: frozenset[str]
    fields: frozenset[str]
    ends_at: datetime

    def allows(self, at: datetime) -> bool:
        """Return whether the agreement is active at *at*."""
        return self.in_force and at < self.ends_at and PARTNER_SERVICE in self.purposes
