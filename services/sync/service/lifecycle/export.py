"""Exports everything stored of an account: the list of its files, its restores, then the files, page by page."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.sync.domain.frames import FRAME_SIZE, MAX_INLINE_SIZE, ByteRange
from services.sync.domain.properties import parse_properties
from services.sync.domain.restores import Restore
from services.sync.domain.tree import DETACHED, Node, root_id
from services.sync.errors import CorruptContentError
from services.sync.service.tree.reader import TreeReader
from services.sync.service.tree.view import TreeView
from services.sync.service.tree.write_queue import TreeAccess
from services.sync.store import AccountCipher, AccountUsages, Nodes, Restores
from shared.clock import rfc3339
from shared.crypto import DecryptionError
from shared.errors import InvalidCursorError
from shared.privacy import ExportPage

MAX_PAGE_BYTES = 1 << 20
_BATCH_SIZE = 200
_MAX_RESTORES = 1000
_LISTING, _FILES, _PART = "listed", "sent", "part"
ExportEntry = tuple[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class _PathResolver:
    """Finds the paths of nodes; reads each folder once."""

    nodes: Nodes
    cipher: AccountCipher
    known: dict[str, str | None]

    async def find_path(self, node: Node) -> str | None:
        """Return the path of *node*; None when it was deleted."""
        if node.parent == DETACHED:
            return None
        if node.id not in self.known:
            parent = await self._find_path_by_id(node.parent)
            self.known[node.id] = None if parent is None else f"{parent}/{node.name}"
        return self.known[node.id]

    async def _find_path_by_id(self, node: str) -> str | None:
        if node not in self.known:
            found = await self.nodes.get(self.cipher, node)
            return None if found is None else await self.find_path(found)
        return self.known[node]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountExport:
    """Exports accounts (C26). The cursor is sealed, since the position in the export contains names of files."""

    tree_access: TreeAccess
    reader: TreeReader
    nodes: Nodes
    usages: AccountUsages
    restores: Restores

    async def export_page(self, account: str, cursor: str) -> ExportPage:
        """Return the page at *cursor*."""
        if await self.usages.get(account) is None:
            return ExportPage([("data.json", json.dumps({"files": 0, "used_bytes": 0}).encode())])
        cipher = await self.tree_access.read(account, _get_cipher)
        position: list[Any] = _open_cursor(cipher, cursor) if cursor else [_LISTING, ""]
        paths = _PathResolver(nodes=self.nodes, cipher=cipher, known={root_id(account): "files"})
        kind, *rest = position
        if kind == _LISTING:
            page, reached = await self._list_nodes(cipher, paths, rest[0])
            if not cursor:
                page.items += await self._list_restores(cipher)
        elif kind == _FILES:
            page, reached = await self._send_files(cipher, paths, rest[0])
        else:
            page, reached = await self._send_piece(cipher, _PartPosition(*rest))
        page.next_cursor = _seal_cursor(cipher, reached) if reached else ""
        return page

    async def _list_nodes(
        self, cipher: AccountCipher, paths: _PathResolver, after: str
    ) -> tuple[ExportPage, list[object]]:
        """Return the next nodes with their dead properties, one JSON object a line."""
        nodes = await self.nodes.list_page(cipher, after=after, limit=_BATCH_SIZE)
        lines, size, reached = [], 0, after
        for node in nodes:
            path = await paths.find_path(node)
            if path is not None:
                lines.append(_node_to_json_line(node, path))
                size += len(lines[-1])
            reached = node.id
            if size > MAX_PAGE_BYTES // 2:
                break
        page = ExportPage([("listing.jsonl", b"".join(lines))] if lines else [])
        return page, [_LISTING, reached] if nodes else [_FILES, ""]

    async def _list_restores(self, cipher: AccountCipher) -> list[ExportEntry]:
        """Return the restores of the last weeks."""
        found = await self.restores.list_page(cipher, after=None, limit=_MAX_RESTORES)
        return (
            [("restores.json", json.dumps([_restore_to_json(one) for one in found], ensure_ascii=False).encode())]
            if found
            else []
        )

    async def _send_files(
        self, cipher: AccountCipher, paths: _PathResolver, after: str
    ) -> tuple[ExportPage, list[object]]:
        """Return the next files: as many small ones as fit, or the first piece of a larger one."""
        nodes = await self.nodes.list_page(cipher, after=after, limit=_BATCH_SIZE)
        page = ExportPage()
        for node in nodes:
            path = None if node.is_folder else await paths.find_path(node)
            if path is not None:
                if page.size + min(node.size, MAX_PAGE_BYTES) > MAX_PAGE_BYTES:
                    return page, [_FILES, after]
                if node.size > MAX_INLINE_SIZE:
                    if page.items:
                        return page, [_FILES, after]
                    return await self._send_piece(cipher, _PartPosition(node.id, node.content, node.size, 0, path))
                await self._add_small(page, cipher, node, path)
            after = node.id
        return page, [_FILES, after] if nodes else []

    async def _add_small(self, page: ExportPage, cipher: AccountCipher, node: Node, path: str) -> None:
        sealed = await self.reader.contents.get_inline(cipher.account, node.content)
        if sealed is not None:
            page.items.append((path, cipher.content_cipher(node.content).open(0, sealed, last=True)))

    async def _send_piece(self, cipher: AccountCipher, part: "_PartPosition") -> tuple[ExportPage, list[object]]:
        """Return a piece of a file in the version of its first piece."""
        span = ByteRange(part.offset, min(part.offset + FRAME_SIZE, part.size))
        pieces = self.reader.iter_blob(cipher, part.content, part.size, span)
        try:
            content = b"".join([piece async for piece in pieces])
        except CorruptContentError:
            return ExportPage(), [_FILES, part.node]  # replaced or deleted since, and collected
        more = span.stop < part.size
        rest: list[object] = [_PART, part.node, part.content, part.size, span.stop, part.path]
        return ExportPage([(part.path, content)]), rest if more else [_FILES, part.node]


@dataclass(frozen=True, slots=True)
class _PartPosition:
    """The position in a large file."""

    node: str
    content: str
    size: int
    offset: int
    path: str


async def _get_cipher(view: TreeView) -> AccountCipher:
    return view.cipher


def _restore_to_json(restore: Restore) -> dict[str, Any]:
    return {
        "restore_id": restore.id,
        "backup_id": restore.backup,
        "path": "/".join(restore.path),
        "restored_to": "/".join(restore.destination),
        "state": restore.state.value,
        "requested_at": rfc3339(restore.requested_at),
        "finished_at": rfc3339(restore.finished_at) if restore.finished_at else None,
        "files": restore.files,
        "folders": restore.folders,
        "bytes": restore.bytes,
        "missing": restore.missing,
    }


def _node_to_json_line(node: Node, path: str) -> bytes:
    fields = {
        "path": path,
        "kind": node.kind,
        "size": node.size,
        "created_at": rfc3339(node.created_at),
        "modified_at": rfc3339(node.modified_at),
        "properties": parse_properties(node.properties),
    }
    return json.dumps(fields, ensure_ascii=False).encode() + b"\n"


def _seal_cursor(cipher: AccountCipher, position: Sequence[object]) -> str:
    return base64.urlsafe_b64encode(cipher.seal_name("export", json.dumps(position))).decode()


def _open_cursor(cipher: AccountCipher, cursor: str) -> list[Any]:
    try:
        position: list[Any] = json.loads(cipher.open_name("export", base64.urlsafe_b64decode(cursor)))
    except (DecryptionError, binascii.Error, ValueError) as fault:
        raise InvalidCursorError from fault
    return position
