"""Hands over what disclosure holds of an account, page by page (C26)."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from services.disclosure.domain import Notice, Refusal, Shown, position
from services.disclosure.service import Seen
from shared.bus import Answer, Asked
from shared.clock import rfc3339
from shared.contracts import common_v1

ROWS = 100
"""A row is below 8 KiB (50 names of fields at most), so a page stays below 1 MiB."""

Rows = Callable[[str, str], Awaitable[tuple[list[dict[str, Any]], str]]]
"""Return some rows of an account behind a position, and the position of the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportAnswer:
    """Answers ``disclosure.export.page``: a cursor is ``<part> <number> <position>``, a page is a file of its own."""

    seen: Seen

    def answers(self) -> tuple[Answer, ...]:
        """Return what is answered."""
        return (Answer("disclosure.export.page", common_v1.ExportPageRequest, self.export_page),)

    async def export_page(self, request: common_v1.ExportPageRequest, _asked: Asked) -> common_v1.ExportPageReply:
        """Return one page of one part: the ledger, then the refusals, then the notices."""
        parts: dict[str, Rows] = {"ledger": self._ledger, "refusals": self._refusals, "notices": self._notices}
        names = list(parts)
        name, number, after = _cursor(request.cursor, names[0])
        rows, last = await parts[name](request.account_id, after)
        content = json.dumps({name: rows}, indent=2, default=_text).encode()
        page = common_v1.ExportItem(path=f"{name}.json" if number == 1 else f"{name}-{number}.json", content=content)
        if len(rows) == ROWS:
            return common_v1.ExportPageReply(items=[page], next_cursor=f"{name} {number + 1} {last}")
        following = names[names.index(name) + 1 :]
        return common_v1.ExportPageReply(items=[page], next_cursor=f"{following[0]} 1 " if following else "")

    async def _ledger(self, account_id: str, after: str) -> tuple[list[dict[str, Any]], str]:
        rows: list[Shown] = await self.seen.of(account_id, after=after or None, most=ROWS)
        return [asdict(row) for row in rows], position(rows[-1].shown_at, rows[-1].entry_id) if rows else ""

    async def _refusals(self, account_id: str, after: str) -> tuple[list[dict[str, Any]], str]:
        rows: list[Refusal] = await self.seen.refusals_of(account_id, after=after, most=ROWS)
        return [asdict(row) for row in rows], rows[-1].refusal_id if rows else ""

    async def _notices(self, account_id: str, after: str) -> tuple[list[dict[str, Any]], str]:
        rows: list[Notice] = await self.seen.notices_to(account_id, after=after, most=ROWS)
        return [asdict(row) for row in rows], rows[-1].case_id if rows else ""


def _cursor(text: str, first: str) -> tuple[str, int, str]:
    name, _, rest = (text or f"{first} 1 ").partition(" ")
    number, _, after = rest.partition(" ")
    return name, int(number), after


def _text(value: object) -> str:
    return rfc3339(value) if isinstance(value, datetime) else str(value)
