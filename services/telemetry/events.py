"""What telemetry hears and answers; it knows no account, so there is nothing to erase or hand over."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from google.protobuf.message import Message

from shared.bus import EventDelivery, EventSubscription, Outbox, RpcContext, RpcHandler, on
from shared.clock import Clock
from shared.contracts import common_v1, identity_v1

EXPORT_NOTE = "Telemetry knows installations, not accounts: nothing that it holds leads to you or to anybody."


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetryEvents:
    """Answers for telemetry when an account is erased or exported."""

    erase_subject: Callable[[str], Awaitable[dict[str, int]]]
    outbox: Outbox
    clock: Clock

    def build_subscriptions(self) -> tuple[EventSubscription, ...]:
        """Return what telemetry consumes."""
        erasure = on(identity_v1.ErasureRequested, "identity", self.on_erasure_requested)
        return (EventSubscription(queue="telemetry.erasure", handlers=(erasure,)),)

    def build_rpc_handlers(self) -> tuple[RpcHandler, ...]:
        """Return the questions that telemetry answers."""
        return (RpcHandler("telemetry.export.page", common_v1.ExportPageRequest, self.export_page),)

    async def on_erasure_requested(self, event: identity_v1.ErasureRequested, _delivery: EventDelivery) -> None:
        """Give the receipt: nothing is held of any account but the replies kept for a member of staff (C31)."""
        erased = await self.erase_subject(event.account_id)
        receipt = common_v1.ErasureCompleted(erasure_id=event.erasure_id, erased_counts=erased)
        receipt.completed_at.FromDatetime(self.clock())
        await self.outbox.put(receipt)

    async def export_page(self, _request: Message, _context: RpcContext) -> common_v1.ExportPageReply:
        """Say that there is nothing to hand over, and why (C26)."""
        content = json.dumps({"note": EXPORT_NOTE, "records": []}, indent=2).encode()
        return common_v1.ExportPageReply(items=[common_v1.ExportItem(path="data.json", content=content)])
