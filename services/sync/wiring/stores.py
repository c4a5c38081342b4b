"""The repositories and the blob stores, each once."""

from dataclasses import dataclass

from services.sync.domain.frames import SEALED_FRAME_SIZE
from services.sync.ports import Blobs, FolderBlobs, GridFsBlobs
from services.sync.settings import Settings
from services.sync.store import (
    AccountKeys,
    AccountUsages,
    BackupChunkDocument,
    BackupFileDocument,
    BackupKeys,
    Backups,
    BlobChunkDocument,
    BlobDocument,
    Contents,
    ErasedAccounts,
    Inspections,
    Locks,
    Nodes,
    Restores,
    RestrictedView,
    Samples,
    Statistics,
    Tombstones,
    TreeCaches,
    TreeStore,
)
from shared.chassis import Chassis
from shared.mongo import GridFs, GridFsChunkDocument, GridFsFileDocument


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """Everything that reads or writes the database or the blobs."""

    trees: TreeStore
    blobs: Blobs
    backups: Backups
    backup_keys: BackupKeys
    backup_blobs: Blobs
    restores: Restores
    inspections: Inspections
    restricted_view: RestrictedView
    statistics: Statistics
    samples: Samples


def build_stores(chassis: Chassis, settings: Settings) -> Stores:
    """Return the repositories and the blob stores; nothing is read yet."""
    db = chassis.db
    blobs, backup_blobs = _build_blob_stores(chassis, settings)
    trees = TreeStore(
        usages=AccountUsages(db, quota_bytes=settings.quota_bytes),
        keys=AccountKeys(db, chassis.vault),
        nodes=Nodes(db),
        tombstones=Tombstones(db),
        contents=Contents(db),
        locks=Locks(db),
        erased_accounts=ErasedAccounts(db),
        caches=TreeCaches(),
    )
    return Stores(
        trees=trees,
        blobs=blobs,
        backups=Backups(db),
        backup_keys=BackupKeys(db, chassis.vault),
        backup_blobs=backup_blobs,
        restores=Restores(db),
        inspections=Inspections(db),
        restricted_view=RestrictedView(db, trees.keys),
        statistics=Statistics(db),
        samples=Samples(db, trees.keys),
    )


def _build_blob_stores(chassis: Chassis, settings: Settings) -> tuple[Blobs, Blobs]:
    """Return the blob stores of contents and of backups."""
    if settings.blob_store == "folder":
        data = settings.common.data_dir
        return FolderBlobs(data / "blobs"), FolderBlobs(data / "backups")

    def open_bucket(file: type[GridFsFileDocument], chunk: type[GridFsChunkDocument]) -> Blobs:
        # A chunk is one sealed frame, so a range read fetches no more than the frames it opens.
        return GridFsBlobs(GridFs(chassis.db, file, chunk, chunk_size=SEALED_FRAME_SIZE, clock=chassis.clock))

    return open_bucket(BlobDocument, BlobChunkDocument), open_bucket(BackupFileDocument, BackupChunkDocument)
