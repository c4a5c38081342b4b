"""Puts the access ledger into a transparency log: what is in it can no longer be changed or left out unseen (C16, C21).

Entries are appended within a second. A checkpoint is published each hour and when a proof asks for it, and a proof is
always one against a published checkpoint.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.disclosure.errors import EntryNotFoundError, EntryNotLoggedError, LogFileNotFoundError
from services.disclosure.store import LedgerLogStore
from shared.tlog.checkpoints import Checkpoint, open_checkpoint
from shared.tlog.notes import SignedNote, SignerKey, VerifierKey
from shared.tlog.proofs import InclusionProof
from shared.tlog.tiles import Tile, TileError
from shared.tlog.writer import LogEntry, LogWriter, build_proof

BATCH_SIZE = 2_000
"""Entries in a batch: some 200 KiB of tiles and bundles."""


@dataclass(slots=True, kw_only=True)
class LedgerLogWriter:
    """Appends entries and publishes checkpoints; one process does at a time, under a lease."""

    store: LedgerLogStore
    key: SignerKey
    checkpoint_interval: timedelta
    _writer: LogWriter | None = None
    _published_at: datetime | None = None

    async def append_pending(self) -> int:
        """Append the next entries; return how many. LogConflictError where the stored log contradicts itself."""
        pending = await self.store.list_pending(limit=BATCH_SIZE)
        await self._get_writer().append_entries([LogEntry(each.entry.entry_id, each.leaf) for each in pending])
        return len(pending)

    async def publish_due_checkpoint(self, *, at: datetime) -> bool:
        """Publish a checkpoint when the last one is old or one was asked for; return whether it was done."""
        is_due = self._published_at is None or at - self._published_at >= self.checkpoint_interval
        if not is_due and not await self.store.is_checkpoint_requested():
            return False
        await self._get_writer().publish_checkpoint()
        self._published_at = at
        return True

    def _get_writer(self) -> LogWriter:
        if self._writer is None:
            self._writer = LogWriter(self.store, self.key)
        return self._writer


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerLog:
    """What everyone can read of the log, and the proofs of one's own entries."""

    store: LedgerLogStore
    key: VerifierKey

    async def read_checkpoint(self) -> bytes:
        """Return the public checkpoint; LogFileNotFoundError before the first one."""
        checkpoint = await self.store.read_checkpoint()
        if checkpoint is None:
            raise LogFileNotFoundError
        return checkpoint

    async def read_file(self, path: str) -> bytes:
        """Return the tile or bundle at *path*; LogFileNotFoundError."""
        try:
            tile = Tile.parse(path)
        except TileError:
            raise LogFileNotFoundError from None
        files = await self.store.read_files([tile])
        if tile not in files:
            raise LogFileNotFoundError
        return files[tile]

    async def prove_entry(self, account_id: str, entry_id: str, *, at: datetime) -> InclusionProof:
        """Return the proof that an entry of *account_id* is in the log; its extra data is the salt, then the entry.

        EntryNotFoundError; EntryNotLoggedError for an entry newer than the checkpoint, which is asked for.
        """
        logged = await self.store.get_entry(account_id, entry_id)
        if logged is None:
            raise EntryNotFoundError
        checkpoint, note = await self._open_checkpoint()
        if logged.index is None or checkpoint is None or note is None or logged.index >= checkpoint.size:
            await self.store.request_checkpoint(at=at)
            raise EntryNotLoggedError(retry_after=2)
        extra = logged.salt + logged.entry.to_json().encode()
        proof = await build_proof(self.store, note, logged.index, extra=extra)
        proof.verify(logged.leaf, self.key)  # a proof that does not verify is never handed out
        return proof

    async def _open_checkpoint(self) -> tuple[Checkpoint | None, SignedNote | None]:
        content = await self.store.read_checkpoint()
        return open_checkpoint(content, self.key) if content else (None, None)
