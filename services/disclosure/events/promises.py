"""Consumes the probe results of every service."""

from dataclasses import dataclass
from datetime import UTC

from services.disclosure.domain import ProbeResult
from services.disclosure.service import PromiseBoard
from shared.bus import EventDelivery, EventSubscription, on
from shared.contracts import common_v1
from shared.registry import get_registry

PROBED_SERVICES = get_registry().publishers_of("promise.checked.v1")


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseEvents:
    """Stores the latest result of each service."""

    board: PromiseBoard

    def build_subscriptions(self) -> tuple[EventSubscription, ...]:
        """Return the subscriptions."""
        checked = tuple(on(common_v1.PromiseChecked, service, self.on_promise_checked) for service in PROBED_SERVICES)
        return (EventSubscription(queue="disclosure.promises", handlers=checked),)

    async def on_promise_checked(self, event: common_v1.PromiseChecked, delivery: EventDelivery) -> None:
        """Record a probe result."""
        await self.board.record(
            ProbeResult(
                promise_id=event.promise_id,
                service=delivery.type.partition(".")[0],
                state=event.state,
                sample_size=event.sample_size,
                evidence=event.evidence,
                checked_at=event.checked_at.ToDatetime(UTC),
            )
        )
