"""Who receives a campaign."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignRecipient:
    """A subscription with its address in clear text, in memory only."""

    subscription_id: str
    subscriber_id: str
    """New with each subscription: a person who left and came back is another recipient."""
    addr_spec: str
    """The address for SMTP, with the domain in ASCII."""
    subscribed_at: datetime

    @property
    def domain(self) -> str:
        """The domain, in ASCII."""
        return self.addr_spec.rpartition("@")[2]

    @property
    def needs_smtputf8(self) -> bool:
        """Whether the local part needs a relay with SMTPUTF8 (RFC 6531)."""
        return not self.addr_spec.isascii()
