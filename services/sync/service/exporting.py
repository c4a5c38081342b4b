"""Hands an account everything that is held of it: a list of all, then the files themselves, page by page."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from services.sync.domain.frames import FRAME, INLINE, Span
from services.sync.domain.properties import read
from services.sync.domain.restores import Restore
from services.sync.domain.tree import DETACHED, Node, root_of
from services.sync.errors import ContentDamagedError, CursorRefusedError
from services.sync.service.draft import Draft
from services.sync.service.reading import Reading
from services.sync.service.turns import Turns
from services.sync.store import Nodes, RestoreRows, Seal, Spaces
from shared.clock import rfc3339
from shared.crypto import SealBrokenError

MOST_BYTES = 1 << 20
_AT_ONCE = 200
_MOST_RESTORES = 1000
_LISTED, _SENT, _PART = "listed", "sent", "part"
Item = tuple[str, bytes]


@dataclass(slots=True)
class Page:
    """What goes out at once; *next* is where the next page begins, empty after the last."""

    items: list[Item] = field(default_factory=list)
    next: str = ""

    @property
    def size(self) -> int:
        """How many bytes of content it holds."""
        return sum(len(content) for _, content in self.items)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Paths:
    """Finds the paths of nodes, asking for each folder once."""

    nodes: Nodes
    seal: Seal
    known: dict[str, str | None]

    async def of(self, node: Node) -> str | None:
        """Return the path of *node*; None when it was deleted."""
        if node.parent == DETACHED:
            return None
        if node.id not in self.known:
            parent = await self._of_id(node.parent)
            self.known[node.id] = None if parent is None else f"{parent}/{node.name}"
        return self.known[node.id]

    async def _of_id(self, node: str) -> str | None:
        if node not in self.known:
            found = await self.nodes.get(self.seal, node)
            return None if found is None else await self.of(found)
        return self.known[node]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exporting:
    """Exports (C26). A cursor is sealed: where one is in the export says what one's files are called."""

    turns: Turns
    reading: Reading
    nodes: Nodes
    spaces: Spaces
    restores: RestoreRows

    async def page(self, account: str, cursor: str) -> Page:
        """Return the page that begins at *cursor*."""
        if await self.spaces.get(account) is None:
            return Page([("data.json", json.dumps({"files": 0, "used_bytes": 0}).encode())])
        seal = await self.turns.look(account, _seal_of)
        where: list[Any] = _opened(seal, cursor) if cursor else [_LISTED, ""]
        paths = _Paths(nodes=self.nodes, seal=seal, known={root_of(account): "files"})
        kind, *rest = where
        if kind == _LISTED:
            page, reached = await self._listed(seal, paths, rest[0])
            if not cursor:
                page.items += await self._restored(seal)
        elif kind == _SENT:
            page, reached = await self._sent(seal, paths, rest[0])
        else:
            page, reached = await self._piece(seal, _Part(*rest))
        page.next = _sealed(seal, reached) if reached else ""
        return page

    async def _listed(self, seal: Seal, paths: _Paths, after: str) -> tuple[Page, list[object]]:
        """Describe the next nodes, one JSON text a line, with their dead properties."""
        nodes = await self.nodes.page(seal, after=after, limit=_AT_ONCE)
        lines, size, reached = [], 0, after
        for node in nodes:
            path = await paths.of(node)
            if path is not None:
                lines.append(_line(node, path))
                size += len(lines[-1])
            reached = node.id
            if size > MOST_BYTES // 2:
                break
        page = Page([("listing.jsonl", b"".join(lines))] if lines else [])
        return page, [_LISTED, reached] if nodes else [_SENT, ""]

    async def _restored(self, seal: Seal) -> list[Item]:
        """Tell of the restores of the last weeks."""
        found = await self.restores.page(seal, after=None, limit=_MOST_RESTORES)
        return (
            [("restores.json", json.dumps([_told(one) for one in found], ensure_ascii=False).encode())] if found else []
        )

    async def _sent(self, seal: Seal, paths: _Paths, after: str) -> tuple[Page, list[object]]:
        """Send the next files: as many small ones as fit, or the first piece of a larger one."""
        nodes = await self.nodes.page(seal, after=after, limit=_AT_ONCE)
        page = Page()
        for node in nodes:
            path = None if node.is_folder else await paths.of(node)
            if path is not None:
                if page.size + min(node.size, MOST_BYTES) > MOST_BYTES:
                    return page, [_SENT, after]
                if node.size > INLINE:
                    if page.items:
                        return page, [_SENT, after]
                    return await self._piece(seal, _Part(node.id, node.content, node.size, 0, path))
                await self._add_small(page, seal, node, path)
            after = node.id
        return page, [_SENT, after] if nodes else []

    async def _add_small(self, page: Page, seal: Seal, node: Node, path: str) -> None:
        sealed = await self.reading.contents.inline(seal.account, node.content)
        if sealed is not None:
            page.items.append((path, seal.content(node.content).open(0, sealed, last=True)))

    async def _piece(self, seal: Seal, part: "_Part") -> tuple[Page, list[object]]:
        """Send a piece of a file as it was when its first piece was sent."""
        span = Span(part.offset, min(part.offset + FRAME, part.size))
        pieces = self.reading.blob(seal, part.content, part.size, span)
        try:
            content = b"".join([piece async for piece in pieces])
        except ContentDamagedError:
            return Page(), [_SENT, part.node]  # replaced or deleted since, and cleared away
        more = span.stop < part.size
        rest: list[object] = [_PART, part.node, part.content, part.size, span.stop, part.path]
        return Page([(part.path, content)]), rest if more else [_SENT, part.node]


@dataclass(frozen=True, slots=True)
class _Part:
    """Where one is in a large file."""

    node: str
    content: str
    size: int
    offset: int
    path: str


async def _seal_of(draft: Draft) -> Seal:
    return draft.seal


def _told(restore: Restore) -> dict[str, Any]:
    return {
        "restore_id": restore.id,
        "backup_id": restore.backup,
        "path": "/".join(restore.path),
        "restored_to": "/".join(restore.place),
        "state": restore.state.value,
        "asked_at": rfc3339(restore.asked_at),
        "finished_at": rfc3339(restore.finished_at) if restore.finished_at else None,
        "files": restore.files,
        "folders": restore.folders,
        "bytes": restore.bytes,
        "missing": restore.missing,
    }


def _line(node: Node, path: str) -> bytes:
    told = {
        "path": path,
        "kind": node.kind,
        "size": node.size,
        "created_at": rfc3339(node.created_at),
        "modified_at": rfc3339(node.modified_at),
        "properties": read(node.properties),
    }
    return json.dumps(told, ensure_ascii=False).encode() + b"\n"


def _sealed(seal: Seal, where: Sequence[object]) -> str:
    return base64.urlsafe_b64encode(seal.seal_name("export", json.dumps(where))).decode()


def _opened(seal: Seal, cursor: str) -> list[Any]:
    try:
        where: list[Any] = json.loads(seal.open_name("export", base64.urlsafe_b64decode(cursor)))
    except (SealBrokenError, binascii.Error, ValueError) as fault:
        raise CursorRefusedError from fault
    return where
