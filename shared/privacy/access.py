"""Access records: the ledger gets one entry each time personal data is shown to anyone but its owner (C21)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from shared.bus import Outbox
from shared.contracts import common_v1
from shared.policy import Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class DataAccess:
    """One access to personal data of *account_id* by a recipient."""

    entry_id: str
    """``led_…``; the ledger stores an id once, so a repeated event makes one entry."""
    account_id: str
    recipient_kind: Literal["service", "staff", "partner"]
    recipient_id: str
    fields: Sequence[str]
    """The data map's names: ``<service>.<collection>.<field>``."""
    purpose: Purpose
    basis: str
    """The legal basis: the id of a case, an agreement, an inspection or a request."""
    accessed_at: datetime


async def record_access(outbox: Outbox, access: DataAccess) -> None:
    """Publish *access* to the ledger, in the ambient transaction: data is not shown unless the entry is stored."""
    event = common_v1.PersonalDataAccessed(
        entry_id=access.entry_id,
        account_id=access.account_id,
        recipient_kind=access.recipient_kind,
        recipient_id=access.recipient_id,
        fields=access.fields,
        purpose=access.purpose,
        basis=access.basis,
    )
    event.accessed_at.FromDatetime(access.accessed_at)
    await outbox.put(event, subject=access.account_id)
