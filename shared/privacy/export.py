"""Export of an account (C26): identity requests the data of each service page by page and writes one archive."""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Protocol

from shared.bus import RpcContext, RpcHandler
from shared.clock import rfc3339
from shared.contracts import common_v1
from shared.errors import InvalidCursorError

Rows = Sequence[Any]
"""Dataclasses, which become JSON objects by ``asdict``."""


@dataclass(slots=True)
class ExportPage:
    """One page of an export: at most about 1 MiB of content."""

    items: list[tuple[str, bytes]] = field(default_factory=list)
    """Paths in the archive and their content; pieces of one path arrive in order."""
    next_cursor: str = ""
    """Empty on the last page."""

    @property
    def size(self) -> int:
        """Bytes of content."""
        return sum(len(content) for _, content in self.items)


class AccountExport(Protocol):
    """Exports what one service stores of an account."""

    async def export_page(self, account_id: str, cursor: str) -> ExportPage:
        """Return the page at *cursor*, the first one for an empty cursor; InvalidCursorError for an unknown one."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportServer:
    """Serves ``<service>.export.page`` to identity."""

    service: str
    account_export: AccountExport

    def build_rpc_handler(self) -> RpcHandler:
        """Return the handler of the RPC."""
        return RpcHandler(f"{self.service}.export.page", common_v1.ExportPageRequest, self.export_page)

    async def export_page(
        self, request: common_v1.ExportPageRequest, _context: RpcContext
    ) -> common_v1.ExportPageReply:
        """Return one page of the account's data (C26)."""
        page = await self.account_export.export_page(request.account_id, request.cursor)
        items = [common_v1.ExportItem(path=path, content=content) for path, content in page.items]
        return common_v1.ExportPageReply(items=items, next_cursor=page.next_cursor)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportPart:
    """One kind of rows in an export, in files of its own."""

    name: str
    read: Callable[[str, str | None, int], Awaitable[Rows]]
    """Returns up to *limit* rows of an account after a position: ``read(account_id, after, limit)``."""
    position: Callable[[Any], str]
    """Returns the position of a row, for the next call of ``read``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PagedExport:
    """Exports parts one after the other; each page is a file: ``cards.json``, ``cards-2.json``, ``charges.json``.

    A cursor is ``<part> <number> <position>``: the part, the page number, and the position after which the page starts.
    """

    parts: Sequence[ExportPart]
    page_size: int
    """Rows on a page; chosen so that a page stays below 1 MiB."""

    async def export_page(self, account_id: str, cursor: str) -> ExportPage:
        """Return the page at *cursor*; InvalidCursorError when no page of this export has it."""
        index, number, after = self._parse_cursor(cursor)
        part = self.parts[index]
        rows = await part.read(account_id, after or None, self.page_size)
        content = json.dumps({part.name: [asdict(row) for row in rows]}, indent=2, default=_to_json).encode()
        path = f"{part.name}.json" if number == 1 else f"{part.name}-{number}.json"
        return ExportPage([(path, content)], self._next_cursor(index, number, rows))

    def _next_cursor(self, index: int, number: int, rows: Rows) -> str:
        if len(rows) == self.page_size:
            part = self.parts[index]
            return f"{part.name} {number + 1} {part.position(rows[-1])}"
        following = self.parts[index + 1 : index + 2]
        return f"{following[0].name} 1 " if following else ""

    def _parse_cursor(self, cursor: str) -> tuple[int, int, str]:
        if not cursor:
            return 0, 1, ""
        name, _, rest = cursor.partition(" ")
        number, _, after = rest.partition(" ")
        names = [part.name for part in self.parts]
        if name not in names or not number.isascii() or not number.isdigit():
            raise InvalidCursorError
        return names.index(name), int(number), after


def _to_json(value: object) -> str:
    return rfc3339(value) if isinstance(value, datetime) else str(value)
