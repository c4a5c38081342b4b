"""Consumes the accesses and denied accesses that services publish (C06, C13, C21)."""

from dataclasses import dataclass
from datetime import UTC

from services.disclosure.domain import AccessEntry, DeniedAccess
from services.disclosure.service import AccessLedger
from shared.bus import EventDelivery, EventSubscription, on
from shared.contracts import common_v1
from shared.registry import get_registry

ACCESS_PUBLISHERS = get_registry().publishers_of("personal_data.accessed.v1")
"""Publishers of accesses; disclosure writes its own entries in the transaction of the access."""
DENIAL_PUBLISHERS = get_registry().publishers_of("purpose.denied.v1")
"""Publishers of denied accesses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEvents:
    """Records accesses in the ledger."""

    ledger: AccessLedger

    def build_subscriptions(self) -> tuple[EventSubscription, ...]:
        """Return the subscriptions."""
        accessed = tuple(
            on(common_v1.PersonalDataAccessed, service, self.on_personal_data_accessed) for service in ACCESS_PUBLISHERS
        )
        denied = tuple(on(common_v1.PurposeDenied, service, self.on_purpose_denied) for service in DENIAL_PUBLISHERS)
        return (EventSubscription(queue="disclosure.ledger", handlers=(*accessed, *denied)),)

    async def on_personal_data_accessed(self, event: common_v1.PersonalDataAccessed, delivery: EventDelivery) -> None:
        """Record an access."""
        await self.ledger.record_access(
            AccessEntry(
                entry_id=event.entry_id or delivery.message_id,
                account_id=event.account_id,
                recipient_kind=event.recipient_kind,
                recipient_id=event.recipient_id,
                fields=tuple(event.fields),
                purpose=event.purpose,
                basis=event.basis,
                accessed_at=event.accessed_at.ToDatetime(UTC),
            )
        )

    async def on_purpose_denied(self, event: common_v1.PurposeDenied, delivery: EventDelivery) -> None:
        """Record a denied access."""
        await self.ledger.record_denial(
            DeniedAccess(
                denial_id=delivery.message_id,
                account_id=event.account_id,
                recipient_kind=event.recipient_kind,
                recipient_id=event.recipient_id,
                fields=tuple(event.fields),
                purpose=event.purpose,
                denied_at=event.denied_at.ToDatetime(UTC),
            )
        )
