"""Hears from every service what it has shown to whom, and what it has refused (C06, C13, C21)."""

from dataclasses import dataclass
from datetime import UTC

from services.disclosure.domain import Refusal, Shown
from services.disclosure.service import Seen
from shared.bus import Delivery, Subscription, on
from shared.contracts import common_v1

TELLERS = ("identity", "newsletter", "sync", "payments", "telemetry", "portal")
"""Who may show personal data; disclosure itself writes its entries in the transaction that shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEvents:
    """Writes what is told into the ledger."""

    seen: Seen

    def subscriptions(self) -> tuple[Subscription, ...]:
        """Return what is consumed."""
        shown = tuple(on(common_v1.DataShown, teller, self.on_shown) for teller in TELLERS)
        refused = tuple(on(common_v1.PurposeRefused, teller, self.on_refused) for teller in TELLERS)
        return (Subscription(queue="disclosure.ledger", handles=(*shown, *refused)),)

    async def on_shown(self, fact: common_v1.DataShown, delivery: Delivery) -> None:
        """Enter that data was shown."""
        await self.seen.shown(
            Shown(
                entry_id=fact.entry_id or delivery.message_id,
                account_id=fact.account_id,
                reader_kind=fact.reader_kind,
                reader_id=fact.reader_id,
                fields=tuple(fact.fields),
                purpose=fact.purpose,
                basis=fact.basis,
                shown_at=fact.shown_at.ToDatetime(UTC),
            )
        )

    async def on_refused(self, fact: common_v1.PurposeRefused, delivery: Delivery) -> None:
        """Enter that a read was refused."""
        await self.seen.refused(
            Refusal(
                refusal_id=delivery.message_id,
                account_id=fact.account_id,
                reader_kind=fact.reader_kind,
                reader_id=fact.reader_id,
                fields=tuple(fact.fields),
                purpose=fact.purpose,
                refused_at=fact.refused_at.ToDatetime(UTC),
            )
        )
