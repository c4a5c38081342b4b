"""One attempt at a restore: creates what is missing, beside existing files; nothing is ever replaced.

The id of every restored node is derived from the restore and the node in the backup. So a later attempt finds what
exists, wherever the customer has moved it, and two concurrent attempts cannot create anything twice.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Final

from services.sync.domain.backups import BackupState
from services.sync.domain.devices import Device
from services.sync.domain.frames import MAX_INLINE_SIZE
from services.sync.domain.operation import DavOperation, Destination
from services.sync.domain.restores import Restore, RestoreProgress
from services.sync.domain.tree import NodeKind, TreePath
from services.sync.errors import (
    BackupNotFoundError,
    CorruptBackupFileError,
    QuotaExceededError,
    ResourceNotFoundError,
    RestoreTargetDeletedError,
    UploadReservationExpiredError,
)
from services.sync.service.backup.backups import BackupService
from services.sync.service.backup.reader import BackupContent, BackupNode, BackupTree, read_contents, skip_to_account
from services.sync.service.restore.placement import CreateAt, Placement, TargetDeletedError
from services.sync.service.restore.run import RestoreRun, find_in_backup
from services.sync.service.tree.transfers import TreeTransfers
from services.sync.service.tree.writer import TreeWriter
from services.sync.service.webdav.uploads import UploadBody, UploadService
from services.sync.store import AccountCipher, Restores, TreeStore
from services.sync.store.restores import destination_update, progress_update
from shared.clock import Clock
from shared.errors import ServiceError

_BATCH_SIZE: Final = 500
_MAX_SMALL_FILES: Final = 32
PROGRESS_INTERVAL: Final = timedelta(seconds=1)


class RestoreSupersededError(Exception):
    """Another worker has claimed the restore, or the account was erased: this one may write nothing more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreExecutor:
    """Restores files from backups."""

    backups: BackupService
    trees: TreeStore
    writer: TreeWriter
    transfers: TreeTransfers
    uploads: UploadService
    repository: Restores
    clock: Clock

    @property
    def _placement(self) -> Placement:
        return Placement(self.trees.nodes)

    async def execute(self, restore: Restore, cipher: AccountCipher) -> RestoreProgress:
        """Restore what is missing. A ServiceError ends the attempt early: what was restored stays and is recorded."""
        backup = await self.backups.repository.get(restore.backup)
        if backup is None or backup.state is not BackupState.AVAILABLE:
            raise BackupNotFoundError
        if restore.uploading:
            await self.writer.abort_upload(restore.account, restore.uploading)
        tree = BackupTree()
        async with aclosing(self.backups.read(backup)) as records:
            if await skip_to_account(records, restore.account.__eq__) is None:
                raise BackupNotFoundError
            async with aclosing(read_contents(records, cipher, tree)) as contents:
                first = await anext(contents, None)  # all nodes are read before the first content
                run = self._start_run(restore, cipher, tree)
                try:
                    await self._restore_all(run, _prepend_content(first, contents))
                except ServiceError:
                    await self._report_progress(run)
                    raise
        await self._report_progress(run)
        return run.progress

    def _start_run(self, restore: Restore, cipher: AccountCipher, tree: BackupTree) -> RestoreRun:
        now, top = self.clock(), find_in_backup(tree, restore.account, restore.path)
        nodes = [top]
        for node in nodes:
            nodes += tree.members[node.id] if node.kind is NodeKind.FOLDER else ()
        device = Device(
            account=restore.account, username="", id="restore", can_write=True, expires_at=now + timedelta(days=365)
        )
        return RestoreRun(restore=restore, cipher=cipher, device=device, top=top, nodes=nodes, reported_at=now)

    async def _restore_all(self, run: RestoreRun, contents: AsyncIterator[BackupContent]) -> None:
        await self._find_restored(run)
        await self._check_quota(run)
        files = await self._restore_folders(run)
        if files:
            await self._restore_contents(run, contents, files)
        run.progress.missing += sum(map(len, files.values()))

    async def _restore_contents(
        self, run: RestoreRun, contents: AsyncIterator[BackupContent], files: dict[str, list[BackupNode]]
    ) -> None:
        """Restore the *files* of each content; small ones in batches that are written in one transaction."""
        together: list[Callable[[], Awaitable[None]]] = []
        async for content in contents:
            nodes = files.pop(content.id, [])
            if nodes and nodes[0].size > MAX_INLINE_SIZE:
                await self._restore_files(run, nodes, partial(self._large_file_creator, run, content))
            elif nodes and (data := await self._read_content(run, content, nodes)) is not None:
                together.append(partial(self._restore_files, run, nodes, partial(self._small_file_creator, run, data)))
            if len(together) == _MAX_SMALL_FILES or not files:
                await _run_all(together)
                together.clear()
            if not files:
                return
        await _run_all(together)

    async def _read_content(self, run: RestoreRun, content: BackupContent, nodes: list[BackupNode]) -> bytes | None:
        try:
            return b"".join([piece async for piece in content.pieces])
        except CorruptBackupFileError:
            run.progress.missing += len(nodes)
            return None

    async def _find_restored(self, run: RestoreRun) -> None:
        """Find what an earlier attempt restored, and record the totals."""
        if run.restore.fencing_token > 1:
            backup_nodes = {run.restored_id(node): node for node in run.nodes}
            ids = list(backup_nodes)
            for start in range(0, len(ids), _BATCH_SIZE):
                back = await self.trees.nodes.get_many(run.cipher, ids[start : start + _BATCH_SIZE])
                run.restored_ids |= {backup_nodes[node.id].id for node in back}
        destination: TreePath | None = None
        if run.restore.destination or run.top.id in run.restored_ids:
            destination = await self._placement.find_path(run, run.top.id)
            if destination is None:
                raise RestoreTargetDeletedError
        for node in run.nodes:
            if node.id in run.restored_ids:
                run.record_restored(node)
                run.progress.bytes += node.size
        files = [node for node in run.nodes if node.kind is NodeKind.FILE]
        totals = {"files_total": len(files), "bytes_total": sum(node.size for node in files)}
        run.initial_progress.files, run.initial_progress.bytes = run.progress.files, run.progress.bytes
        await self._report_progress(
            run, **totals, **(destination_update(run.cipher, run.restore, destination) if destination else {})
        )

    async def _check_quota(self, run: RestoreRun) -> None:
        """Raise QuotaExceededError before anything is written when not everything fits."""
        needed = sum(node.size for node in run.nodes if node.id not in run.restored_ids)
        usage = await self.trees.usages.get(run.restore.account)
        if usage is not None and needed > usage.available_bytes:
            available = usage.available_bytes
            message = f"The restore needs {needed:,} bytes, and there is room for {available:,}."
            raise QuotaExceededError(message)

    async def _restore_folders(self, run: RestoreRun) -> dict[str, list[BackupNode]]:
        """Create the folders; return the files of each content."""
        files: dict[str, list[BackupNode]] = defaultdict(list)
        for node in run.nodes:
            if node.kind is NodeKind.FILE:
                if node.id not in run.restored_ids:
                    files[node.content].append(node)
            elif node.id in run.restored_ids:
                path = await self._placement.find_path(run, node.id)
                if path is not None:
                    run.folder_paths[node.id] = path
            else:
                await self._restore_folder(run, node)
        return files

    async def _restore_folder(self, run: RestoreRun, node: BackupNode) -> None:
        def make(path: TreePath) -> Awaitable[object]:
            return self.writer.create_folder(run.build_operation(path), new_node=run.build_new_node(node))

        try:
            run.folder_paths[node.id] = await self._placement.place_node(run, node, make)
        except TargetDeletedError:
            return
        await self._record_restored(run, node)

    async def _restore_files(
        self, run: RestoreRun, nodes: list[BackupNode], create: Callable[[BackupNode], CreateAt]
    ) -> None:
        """Put the first of *nodes*, which have the same content, and copy it for the others."""
        source: TreePath | None = None
        for node in nodes:
            try:
                if source is None:
                    source = await self._placement.place_node(run, node, create(node))
                else:
                    await self._placement.place_node(run, node, self._file_copier(run, source, node))
                    run.progress.bytes += node.size
            except TargetDeletedError:
                continue
            except CorruptBackupFileError:
                run.progress.missing += len(nodes)
                return
            await self._record_restored(run, node)

    def _small_file_creator(self, run: RestoreRun, data: bytes, node: BackupNode) -> CreateAt:
        async def put(path: TreePath) -> None:
            await self.writer.put_inline(run.build_operation(path), data, run.build_new_node(node))
            run.progress.bytes += node.size

        return put

    def _large_file_creator(self, run: RestoreRun, content: BackupContent, node: BackupNode) -> CreateAt:
        async def put(path: TreePath) -> None:
            # A name that is taken is refused before the first byte is read.
            new, before = run.build_new_node(node, self.uploads.new_id("cnt")), run.progress.bytes
            await self._report_progress(run, uploading=new.content)
            body = UploadBody(
                chunks=self._count_bytes(run, content.pieces),
                size=node.size,
                expects_continue=False,
                reauthorize=_always_authorized,
            )
            try:
                await self.uploads.put(run.build_operation(path), body, new)
            except BaseException:
                run.progress.bytes = before
                raise

        return put

    def _file_copier(self, run: RestoreRun, source: TreePath, node: BackupNode) -> CreateAt:
        async def copy(path: TreePath) -> None:
            to = Destination(path=path, overwrite=False)
            try:
                await self.transfers.copy(DavOperation(device=run.device, path=source), to, run.build_new_node(node))
            except ResourceNotFoundError as fault:
                # The source was moved or deleted just now: the next attempt reads the backup again.
                raise UploadReservationExpiredError from fault

        return copy

    async def _count_bytes(self, run: RestoreRun, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for piece in pieces:
            yield piece
            run.progress.bytes += len(piece)
            await self._report_if_due(run)

    async def _record_restored(self, run: RestoreRun, node: BackupNode) -> None:
        run.record_restored(node)
        if node is run.top:
            destination = await self._placement.find_path(run, node.id)
            await self._report_progress(
                run, **(destination_update(run.cipher, run.restore, destination) if destination else {})
            )
        await self._report_if_due(run)

    async def _report_if_due(self, run: RestoreRun) -> None:
        if self.clock() - run.reported_at >= PROGRESS_INTERVAL:
            await self._report_progress(run)

    async def _report_progress(self, run: RestoreRun, **more: Any) -> None:
        """Record the progress."""
        run.reported_at = self.clock()
        has_progress = (run.progress.files, run.progress.bytes) > (
            run.initial_progress.files,
            run.initial_progress.bytes,
        )
        change = progress_update(run.progress) | ({"attempts_without_progress": 0} if has_progress else {}) | more
        if not await self.repository.update_claimed(run.restore, change):
            raise RestoreSupersededError


async def _run_all(works: list[Callable[[], Awaitable[None]]]) -> None:
    """Run *works* concurrently, wait for all, then raise the first error."""
    for outcome in await asyncio.gather(*(work() for work in works), return_exceptions=True):
        if outcome is not None:
            raise outcome


async def _prepend_content(
    first: BackupContent | None, rest: AsyncIterator[BackupContent]
) -> AsyncIterator[BackupContent]:
    if first is not None:
        yield first
        async for each in rest:
            yield each


async def _always_authorized() -> None:
    """A customer's own restore needs no app password."""
