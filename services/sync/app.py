"""The composition root of sync: opens nothing itself, wires everything, reads from top to bottom."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from services.sync.api import SyncApi, WebDav
from services.sync.api.addresses import Addresses
from services.sync.api.inspections import InspectionsApi
from services.sync.api.requests import Door
from services.sync.api.restores import RestoresApi
from services.sync.api.statistics import StatisticsApi
from services.sync.domain.frames import SEALED_FRAME
from services.sync.events import SyncEvents
from services.sync.ports import Blobs, FolderBlobs, GridFsBlobs
from services.sync.promises import SyncProbes
from services.sync.service.backups import Backups
from services.sync.service.clearing import Clearing
from services.sync.service.drilling import Drilling
from services.sync.service.erasing import Erasing
from services.sync.service.exporting import Exporting
from services.sync.service.following import Following
from services.sync.service.identity import AskIdentity
from services.sync.service.inspections import Inspections
from services.sync.service.locking import Locking
from services.sync.service.reading import Reading
from services.sync.service.restore_jobs import RestoreJobs
from services.sync.service.restoring import Restoring
from services.sync.service.returning import Returning
from services.sync.service.statistics import Counting
from services.sync.service.turns import Turns
from services.sync.service.uploads import Uploads
from services.sync.service.visitors import Verify, Visitors
from services.sync.service.writing import Writing
from services.sync.settings import Settings
from services.sync.store import (
    DOCUMENTS,
    BackupChunkRow,
    BackupFileRow,
    BackupKeys,
    BackupRows,
    BlobChunkRow,
    BlobRow,
    Contents,
    Erasures,
    Glimpses,
    InspectionRows,
    Keys,
    LockRows,
    Nodes,
    RestoreRows,
    Samples,
    Shelves,
    Spaces,
    Statistics,
    Tombstones,
    Trees,
)
from shared import ids
from shared.chassis import Chassis, Parts
from shared.mongo import ChunkRow, FileRow, Files
from shared.web import Pages

LEASE = timedelta(seconds=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync:
    """What sync consists of, wired."""

    trees: Trees
    turns: Turns
    visitors: Visitors
    reading: Reading
    following: Following
    clearing: Clearing
    erasing: Erasing
    backups: Backups
    drilling: Drilling
    restoring: Restoring
    restore_jobs: RestoreJobs
    inspections: Inspections
    counting: Counting
    webdav: WebDav
    api: SyncApi
    events: SyncEvents
    probes: SyncProbes


def compose(chassis: Chassis, settings: Settings) -> Parts:
    """Wire sync and return what the chassis runs."""
    return parts_of(chassis, wire(chassis, settings, verify=AskIdentity(chassis.asker)))


def parts_of(chassis: Chassis, sync: Sync) -> Parts:
    """Return what the chassis runs of *sync*."""
    alone = chassis.leases.alone
    return Parts(
        routes=(
            *sync.api.routes(),
            *InspectionsApi(inspections=sync.inspections).routes(),
            *RestoresApi(restoring=sync.restoring, pages=Pages(chassis.links)).routes(),
            *StatisticsApi(counting=sync.counting).routes(),
        ),
        documents=DOCUMENTS,
        subscriptions=sync.events.subscriptions(),
        answers=sync.events.answers(),
        workers={
            "clear": partial(alone, "clear", sync.clearing.run, ttl=LEASE),
            "forget": partial(alone, "forget", sync.following.run, ttl=LEASE),
            "inspections": partial(alone, "inspections", sync.inspections.run, ttl=LEASE),
            "count": sync.counting.run,
            "measure": partial(alone, "measure", sync.counting.measure, ttl=LEASE),
            "erase": partial(alone, "erase", sync.erasing.run, ttl=LEASE),
            "backups": partial(alone, "backups", sync.backups.run, ttl=LEASE),
            "restore": partial(alone, "restore", sync.restore_jobs.run, ttl=LEASE),
            "drill": partial(alone, "drill", sync.drilling.run, ttl=LEASE),
            "watch-backups": sync.backups.watch,
        },
        probes=sync.probes.all(),
        raw=sync.webdav.add_to,
    )


def wire(chassis: Chassis, settings: Settings, *, verify: Verify) -> Sync:
    """Wire sync; *verify* knows the app passwords."""
    db, new_id, clock = chassis.db, chassis.new_id, chassis.clock
    blobs, vaulted = _blobs(chassis, settings)
    trees = Trees(
        spaces=Spaces(db, quota_bytes=settings.quota_bytes),
        keys=Keys(db, chassis.vault),
        nodes=Nodes(db),
        tombstones=Tombstones(db),
        contents=Contents(db),
        locks=LockRows(db),
        erasures=Erasures(db),
        shelves=Shelves(),
    )
    turns = Turns(db, trees, clock)
    visitors = Visitors(verify, clock)
    reading = Reading(turns=turns, contents=trees.contents, spaces=trees.spaces, blobs=blobs)
    in_order = ids.in_order(clock)  # of nodes and contents: an account may have a million
    writing = Writing(turns=turns, new_id=in_order)
    uploads = Uploads(turns=turns, writing=writing, contents=trees.contents, blobs=blobs, new_id=in_order, clock=clock)
    clearing = Clearing(turns=turns, nodes=trees.nodes, contents=trees.contents, blobs=blobs, clock=clock)
    inspection_rows, restore_rows = InspectionRows(db), RestoreRows(db)
    inspections = Inspections(
        db=db,
        rows=inspection_rows,
        glimpses=Glimpses(db, trees.keys),
        outbox=chassis.outbox,
        new_id=new_id,
        clock=clock,
    )
    erasing = Erasing(
        db=db,
        trees=trees,
        inspections=inspection_rows,
        restores=restore_rows,
        clearing=clearing,
        visitors=visitors,
        outbox=chassis.outbox,
        forget=chassis.forget,
        clock=clock,
        begun=asyncio.Event(),
    )
    backup_rows, backup_keys = BackupRows(db), BackupKeys(db, chassis.vault)
    backups = Backups(
        db=db,
        rows=backup_rows,
        keys=backup_keys,
        spaces=trees.spaces,
        nodes=trees.nodes,
        contents=trees.contents,
        blobs=blobs,
        vaulted=vaulted,
        outbox=chassis.outbox,
        new_id=new_id,
        clock=clock,
        every=settings.backup_every,
        kept_for=settings.backup_kept,
        called=asyncio.Event(),
    )
    to_restore = asyncio.Event()
    restoring = Restoring(backups=backups, trees=trees, turns=turns, rows=restore_rows, called=to_restore)
    returning = Returning(backups=backups, trees=trees, uploads=uploads, rows=restore_rows, clock=clock)
    following = Following(turns=turns, tombstones=trees.tombstones, clock=clock)
    statistics = Statistics(db)
    counting = Counting(statistics, trees.spaces, clock)
    addresses = Addresses.at(settings.platform.public_url)
    webdav = WebDav(
        door=Door(visitors=visitors, addresses=addresses),
        addresses=addresses,
        reading=reading,
        writing=writing,
        uploads=uploads,
        locking=Locking(turns=turns, new_id=in_order),
        following=following,
        counting=counting,
    )
    exporting = Exporting(turns=turns, reading=reading, nodes=trees.nodes, spaces=trees.spaces, restores=restore_rows)
    return Sync(
        trees=trees,
        turns=turns,
        visitors=visitors,
        reading=reading,
        following=following,
        clearing=clearing,
        erasing=erasing,
        backups=backups,
        drilling=Drilling(backups=backups, keys=trees.keys),
        restoring=restoring,
        restore_jobs=RestoreJobs(rows=restore_rows, trees=trees, returning=returning, clock=clock, called=to_restore),
        inspections=inspections,
        counting=counting,
        webdav=webdav,
        api=SyncApi(reading=reading, backups=backups),
        events=SyncEvents(erasing=erasing, exporting=exporting, visitors=visitors, clock=clock),
        probes=SyncProbes(
            statistics=statistics,
            inspections=inspection_rows,
            backups=backup_rows,
            keys=backup_keys,
            samples=Samples(db, trees.keys),
            contents=trees.contents,
            blobs=blobs,
            clock=clock,
        ),
    )


def _blobs(chassis: Chassis, settings: Settings) -> tuple[Blobs, Blobs]:
    """Return where the contents of files are kept, and where backups are."""
    if settings.blobs == "folder":
        data = settings.platform.data_dir
        return FolderBlobs(data / "blobs"), FolderBlobs(data / "backups")

    def bucket(file: type[FileRow], chunk: type[ChunkRow]) -> Blobs:
        # A chunk is a sealed frame: whatever range is read, no byte is fetched that is not needed to open it.
        return GridFsBlobs(Files(chassis.db, file, chunk, chunk_bytes=SEALED_FRAME, clock=chassis.clock))

    return bucket(BlobRow, BlobChunkRow), bucket(BackupFileRow, BackupChunkRow)
