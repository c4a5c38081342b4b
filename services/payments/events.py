"""What payments hears and answers."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from services.payments.domain import encode_position
from services.payments.service import BOOKS_RETENTION, AccountEraser, AccountExport
from shared.bus import EventDelivery, EventSubscription, Outbox, RpcContext, RpcHandler, on
from shared.clock import Clock, rfc3339
from shared.contracts import common_v1, identity_v1

EXPORT_PAGE_SIZE = 500
"""A row is below 2 KiB (a description has 200 characters at most), so a page stays below 1 MiB."""
EXPORT_PARTS = ("cards", "charges", "refunds")


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentsEvents:
    """Erases and hands over what payments holds of an account."""

    account_eraser: AccountEraser
    account_export: AccountExport
    erase_subject: Callable[[str], Awaitable[dict[str, int]]]
    outbox: Outbox
    clock: Clock

    def build_subscriptions(self) -> tuple[EventSubscription, ...]:
        """Return what payments consumes."""
        erasure = on(identity_v1.ErasureRequested, "identity", self.on_erasure_requested)
        return (EventSubscription(queue="payments.erasure", handlers=(erasure,)),)

    def build_rpc_handlers(self) -> tuple[RpcHandler, ...]:
        """Return the questions that payments answers."""
        return (RpcHandler("payments.export.page", common_v1.ExportPageRequest, self.export_page),)

    async def on_erasure_requested(self, event: identity_v1.ErasureRequested, _delivery: EventDelivery) -> None:
        """Delete the cards and cut the charges loose from the account; the books keep amounts only (C31)."""
        erased, charges = await self.account_eraser.erase(event.account_id)
        erased |= await self.erase_subject(event.account_id)
        receipt = common_v1.ErasureCompleted(
            erasure_id=event.erasure_id, erased_counts={name: count for name, count in erased.items() if count}
        )
        receipt.completed_at.FromDatetime(self.clock())
        if charges:
            retained = receipt.retained_items.add(
                description=f"{charges} charges without your name", reason="bookkeeping duties"
            )
            retained.retained_until.FromDatetime(self.clock() + BOOKS_RETENTION)
        await self.outbox.put(receipt)

    async def export_page(
        self, request: common_v1.ExportPageRequest, _context: RpcContext
    ) -> common_v1.ExportPageReply:
        """Hand over one page of cards, then charges, then refunds; each page is a file of its own (C26)."""
        name, number, after = _parse_cursor(request.cursor)
        rows = await self._list_rows(name, request.account_id, after or None)
        content = json.dumps({name: rows}, indent=2, default=_json_default).encode()
        page = common_v1.ExportItem(path=f"{name}.json" if number == 1 else f"{name}-{number}.json", content=content)
        if len(rows) == EXPORT_PAGE_SIZE:
            last = encode_position(rows[-1]["created_at"], next(iter(rows[-1].values())))
            return common_v1.ExportPageReply(items=[page], next_cursor=f"{name} {number + 1} {last}")
        following = EXPORT_PARTS[EXPORT_PARTS.index(name) + 1 :]
        return common_v1.ExportPageReply(items=[page], next_cursor=f"{following[0]} 1 " if following else "")

    async def _list_rows(self, name: str, account_id: str, after: str | None) -> list[dict[str, Any]]:
        match name:
            case "cards":
                return [
                    asdict(row)
                    for row in await self.account_export.list_cards(account_id, after=after, limit=EXPORT_PAGE_SIZE)
                ]
            case "charges":
                return [
                    asdict(row)
                    for row in await self.account_export.list_charges(account_id, after=after, limit=EXPORT_PAGE_SIZE)
                ]
            case _:
                return [
                    asdict(row)
                    for row in await self.account_export.list_refunds(account_id, after=after, limit=EXPORT_PAGE_SIZE)
                ]


def _parse_cursor(text: str) -> tuple[str, int, str]:
    name, _, rest = (text or f"{EXPORT_PARTS[0]} 1 ").partition(" ")
    number, _, after = rest.partition(" ")
    return name, int(number), after


def _json_default(value: object) -> str:
    return rfc3339(value) if isinstance(value, datetime) else str(value)
