"""What payments hears and answers."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from services.payments.domain import position
from services.payments.service import BOOKS_KEPT, OwnData
from shared.bus import Answer, Asked, Delivery, Outbox, Subscription, on
from shared.clock import Clock, rfc3339
from shared.contracts import common_v1, identity_v1

ROWS = 500
"""A row is below 2 KiB (a description has 200 characters at most), so a page stays below 1 MiB."""
PARTS = ("cards", "charges", "refunds")


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentsEvents:
    """Erases and hands over what payments holds of an account."""

    own: OwnData
    forget: Callable[[str], Awaitable[dict[str, int]]]
    outbox: Outbox
    clock: Clock

    def subscriptions(self) -> tuple[Subscription, ...]:
        """Return what payments consumes."""
        erasure = on(identity_v1.ErasureRequested, "identity", self.on_erasure_requested)
        return (Subscription(queue="payments.erasure", handles=(erasure,)),)

    def answers(self) -> tuple[Answer, ...]:
        """Return the questions that payments answers."""
        return (Answer("payments.export.page", common_v1.ExportPageRequest, self.export_page),)

    async def on_erasure_requested(self, fact: identity_v1.ErasureRequested, _delivery: Delivery) -> None:
        """Delete the cards and cut the charges loose from the account; the books keep amounts only (C31)."""
        erased, charges = await self.own.erase(fact.account_id)
        erased |= await self.forget(fact.account_id)
        receipt = common_v1.ErasureCompleted(
            erasure_id=fact.erasure_id, erased={name: count for name, count in erased.items() if count}
        )
        receipt.completed_at.FromDatetime(self.clock())
        if charges:
            kept = receipt.kept.add(what=f"{charges} charges without your name", why="bookkeeping duties")
            kept.until.FromDatetime(self.clock() + BOOKS_KEPT)
        await self.outbox.put(receipt)

    async def export_page(self, request: common_v1.ExportPageRequest, _asked: Asked) -> common_v1.ExportPageReply:
        """Hand over one page of cards, then charges, then refunds; each page is a file of its own (C26)."""
        name, number, after = _cursor(request.cursor)
        rows = await self._rows(name, request.account_id, after or None)
        content = json.dumps({name: rows}, indent=2, default=_text).encode()
        page = common_v1.ExportItem(path=f"{name}.json" if number == 1 else f"{name}-{number}.json", content=content)
        if len(rows) == ROWS:
            last = position(rows[-1]["created_at"], next(iter(rows[-1].values())))
            return common_v1.ExportPageReply(items=[page], next_cursor=f"{name} {number + 1} {last}")
        following = PARTS[PARTS.index(name) + 1 :]
        return common_v1.ExportPageReply(items=[page], next_cursor=f"{following[0]} 1 " if following else "")

    async def _rows(self, name: str, account_id: str, after: str | None) -> list[dict[str, Any]]:
        match name:
            case "cards":
                return [asdict(row) for row in await self.own.cards_of(account_id, after=after, most=ROWS)]
            case "charges":
                return [asdict(row) for row in await self.own.charges_of(account_id, after=after, most=ROWS)]
            case _:
                return [asdict(row) for row in await self.own.refunds_of(account_id, after=after, most=ROWS)]


def _cursor(text: str) -> tuple[str, int, str]:
    name, _, rest = (text or f"{PARTS[0]} 1 ").partition(" ")
    number, _, after = rest.partition(" ")
    return name, int(number), after


def _text(value: object) -> str:
    return rfc3339(value) if isinstance(value, datetime) else str(value)
