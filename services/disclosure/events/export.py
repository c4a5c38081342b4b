"""Hands over what disclosure holds of an account, page by page (C26)."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from services.disclosure.domain import AccessEntry, CaseNotice, DeniedAccess, encode_position
from services.disclosure.service import AccessLedger
from shared.bus import RpcContext, RpcHandler
from shared.clock import rfc3339
from shared.contracts import common_v1

PAGE_SIZE = 100
"""A row is below 8 KiB (50 names of fields at most), so a page stays below 1 MiB."""

PageReader = Callable[[str, str], Awaitable[tuple[list[dict[str, Any]], str]]]
"""Return some rows of an account behind a position, and the position of the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRpc:
    """Answers ``disclosure.export.page``: a cursor is ``<part> <number> <position>``, a page is a file of its own."""

    ledger: AccessLedger

    def build_rpc_handlers(self) -> tuple[RpcHandler, ...]:
        """Return what is answered."""
        return (RpcHandler("disclosure.export.page", common_v1.ExportPageRequest, self.export_page),)

    async def export_page(
        self, request: common_v1.ExportPageRequest, _context: RpcContext
    ) -> common_v1.ExportPageReply:
        """Return one page of one part: the ledger, then the refusals, then the notices."""
        parts: dict[str, PageReader] = {
            "access_entries": self._read_entries,
            "denied_accesses": self._read_denials,
            "notices": self._read_notices,
        }
        names = list(parts)
        name, number, after = _parse_cursor(request.cursor, names[0])
        rows, last = await parts[name](request.account_id, after)
        content = json.dumps({name: rows}, indent=2, default=_to_json).encode()
        page = common_v1.ExportItem(path=f"{name}.json" if number == 1 else f"{name}-{number}.json", content=content)
        if len(rows) == PAGE_SIZE:
            return common_v1.ExportPageReply(items=[page], next_cursor=f"{name} {number + 1} {last}")
        following = names[names.index(name) + 1 :]
        return common_v1.ExportPageReply(items=[page], next_cursor=f"{following[0]} 1 " if following else "")

    async def _read_entries(self, account_id: str, after: str) -> tuple[list[dict[str, Any]], str]:
        rows: list[AccessEntry] = await self.ledger.list_by_account(account_id, after=after or None, limit=PAGE_SIZE)
        return [asdict(row) for row in rows], encode_position(rows[-1].accessed_at, rows[-1].entry_id) if rows else ""

    async def _read_denials(self, account_id: str, after: str) -> tuple[list[dict[str, Any]], str]:
        rows: list[DeniedAccess] = await self.ledger.list_denials(account_id, after=after, limit=PAGE_SIZE)
        return [asdict(row) for row in rows], rows[-1].denial_id if rows else ""

    async def _read_notices(self, account_id: str, after: str) -> tuple[list[dict[str, Any]], str]:
        rows: list[CaseNotice] = await self.ledger.list_notices(account_id, after=after, limit=PAGE_SIZE)
        return [asdict(row) for row in rows], rows[-1].case_id if rows else ""


def _parse_cursor(text: str, first: str) -> tuple[str, int, str]:
    name, _, rest = (text or f"{first} 1 ").partition(" ")
    number, _, after = rest.partition(" ")
    return name, int(number), after


def _to_json(value: object) -> str:
    return rfc3339(value) if isinstance(value, datetime) else str(value)
