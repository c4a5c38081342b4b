"""Hears from every service what its probes saw."""

from dataclasses import dataclass
from datetime import UTC

from services.disclosure.domain import Result
from services.disclosure.service import Board
from shared.bus import Delivery, Subscription, on
from shared.contracts import common_v1

PROBED = ("identity", "newsletter", "sync", "payments", "telemetry", "disclosure", "portal")


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseEvents:
    """Keeps the last look of each."""

    board: Board

    def subscriptions(self) -> tuple[Subscription, ...]:
        """Return what is consumed."""
        checked = tuple(on(common_v1.PromiseChecked, service, self.on_checked) for service in PROBED)
        return (Subscription(queue="disclosure.promises", handles=checked),)

    async def on_checked(self, fact: common_v1.PromiseChecked, delivery: Delivery) -> None:
        """Put the look on the board."""
        await self.board.hear(
            Result(
                promise_id=fact.promise_id,
                service=delivery.type.partition(".")[0],
                state=fact.state,
                looked_at=fact.looked_at,
                evidence=fact.evidence,
                checked_at=fact.checked_at.ToDatetime(UTC),
            )
        )
