"""The composition root of sync: wires everything, from top to bottom."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from services.sync.api import BackupsApi, UsageApi, WebDav
from services.sync.api.auth import DavAuthenticator
from services.sync.api.hrefs import HrefBuilder
from services.sync.api.inspections import InspectionsApi
from services.sync.api.restores import RestoresApi
from services.sync.api.statistics import StatisticsApi
from services.sync.domain.frames import SEALED_FRAME_SIZE
from services.sync.events import SyncEvents
from services.sync.ports import Blobs, FolderBlobs, GridFsBlobs
from services.sync.promises import SyncProbes
from services.sync.service.access.devices import DeviceAuthenticator, VerifyCredential
from services.sync.service.access.identity_client import IdentityClient
from services.sync.service.backup.backups import BackupService
from services.sync.service.backup.restore_drill import RestoreDrill
from services.sync.service.lifecycle.erasure import AccountEraser
from services.sync.service.lifecycle.export import AccountExport
from services.sync.service.lifecycle.garbage_collector import GarbageCollector
from services.sync.service.oversight.inspections import InspectionService
from services.sync.service.oversight.statistics import UsageStatistics
from services.sync.service.restore.executor import RestoreExecutor
from services.sync.service.restore.service import RestoreService
from services.sync.service.restore.worker import RestoreWorker
from services.sync.service.tree.reader import TreeReader
from services.sync.service.tree.transfers import TreeTransfers
from services.sync.service.tree.write_queue import TreeAccess
from services.sync.service.tree.writer import TreeWriter
from services.sync.service.webdav.locks import LockService
from services.sync.service.webdav.sync_collection import SyncCollectionReport
from services.sync.service.webdav.uploads import UploadService
from services.sync.settings import Settings
from services.sync.store import (
    DOCUMENTS,
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
from shared import ids
from shared.chassis import Chassis, ServiceSpec
from shared.mongo import GridFs, GridFsChunkDocument, GridFsFileDocument
from shared.web import Paginator

WORKER_LEASE_TTL = timedelta(seconds=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncModule:
    """The wired parts of sync."""

    trees: TreeStore
    tree_access: TreeAccess
    devices: DeviceAuthenticator
    reader: TreeReader
    sync_collection: SyncCollectionReport
    garbage_collector: GarbageCollector
    account_eraser: AccountEraser
    backups: BackupService
    restore_drill: RestoreDrill
    restores: RestoreService
    restore_worker: RestoreWorker
    inspections: InspectionService
    statistics: UsageStatistics
    webdav: WebDav
    events: SyncEvents
    probes: SyncProbes


def compose(chassis: Chassis, settings: Settings) -> ServiceSpec:
    """Wire sync and return the specification that the chassis runs."""
    return build_spec(chassis, wire(chassis, settings, verify=IdentityClient(chassis.rpc_client)))


def build_spec(chassis: Chassis, sync: SyncModule) -> ServiceSpec:
    """Return the specification of *sync* for the chassis."""
    run_exclusive = chassis.leases.run_exclusive
    # One replica at a time does each of these; the name of the worker is that of its lease.
    exclusive = {
        "collect-garbage": sync.garbage_collector.run,
        "prune-tombstones": sync.sync_collection.run,
        "expire-inspections": sync.inspections.run,
        "measure-storage": sync.statistics.run_storage_measurement,
        "finish-erasures": sync.account_eraser.run,
        "run-backups": sync.backups.run,
        "run-restores": sync.restore_worker.run,
        "restore-drill": sync.restore_drill.run,
    }
    return ServiceSpec(
        routes=(
            *UsageApi(reader=sync.reader).build_routes(),
            *BackupsApi(backups=sync.backups).build_routes(),
            *InspectionsApi(inspections=sync.inspections).build_routes(),
            *RestoresApi(restores=sync.restores, paginator=Paginator(chassis.token_sealer)).build_routes(),
            *StatisticsApi(statistics=sync.statistics).build_routes(),
        ),
        documents=DOCUMENTS,
        subscriptions=sync.events.build_subscriptions(),
        rpc_handlers=sync.events.build_rpc_handlers(),
        workers={
            **{name: partial(run_exclusive, name, work, ttl=WORKER_LEASE_TTL) for name, work in exclusive.items()},
            "flush-statistics": sync.statistics.run,
            "export-backup-metrics": sync.backups.export_metrics,
        },
        probes=sync.probes.build_probes(),
        extra_routes=sync.webdav.add_routes,
    )


def wire(chassis: Chassis, settings: Settings, *, verify: VerifyCredential) -> SyncModule:
    """Wire sync; *verify* checks app passwords."""
    db, new_id, clock = chassis.db, chassis.new_id, chassis.clock
    blobs, backup_blobs = _open_blob_stores(chassis, settings)
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
    tree_access = TreeAccess(db, trees, clock)
    devices = DeviceAuthenticator(verify, clock)
    reader = TreeReader(tree_access=tree_access, contents=trees.contents, usages=trees.usages, blobs=blobs)
    in_order = ids.ulid_factory(clock)  # of nodes and contents: ids in order of time keep index pages in use dense
    writer = TreeWriter(tree_access=tree_access, contents=trees.contents, new_id=in_order, clock=clock)
    transfers = TreeTransfers(tree_access=tree_access, new_id=in_order)
    uploads = UploadService(writer=writer, blobs=blobs, new_id=in_order)
    garbage_collector = GarbageCollector(
        tree_access=tree_access, nodes=trees.nodes, contents=trees.contents, blobs=blobs, clock=clock
    )
    inspection_repository, restore_repository = Inspections(db), Restores(db)
    inspections = InspectionService(
        db=db,
        repository=inspection_repository,
        restricted_view=RestrictedView(db, trees.keys),
        outbox=chassis.outbox,
        new_id=new_id,
        clock=clock,
    )
    account_eraser = AccountEraser(
        db=db,
        trees=trees,
        inspections=inspection_repository,
        restores=restore_repository,
        garbage_collector=garbage_collector,
        devices=devices,
        outbox=chassis.outbox,
        erase_subject=chassis.erase_subject,
        clock=clock,
        wakeup=asyncio.Event(),
    )
    backup_repository, backup_keys = Backups(db), BackupKeys(db, chassis.vault)
    backups = BackupService(
        db=db,
        repository=backup_repository,
        keys=backup_keys,
        usages=trees.usages,
        nodes=trees.nodes,
        contents=trees.contents,
        blobs=blobs,
        backup_blobs=backup_blobs,
        outbox=chassis.outbox,
        new_id=new_id,
        clock=clock,
        interval=settings.backup_interval,
        retention=settings.backup_retention,
        wakeup=asyncio.Event(),
    )
    restore_wakeup = asyncio.Event()
    restores = RestoreService(
        backups=backups, trees=trees, tree_access=tree_access, repository=restore_repository, wakeup=restore_wakeup
    )
    restore_executor = RestoreExecutor(
        backups=backups,
        trees=trees,
        writer=writer,
        transfers=transfers,
        uploads=uploads,
        repository=restore_repository,
        clock=clock,
    )
    sync_collection = SyncCollectionReport(tree_access=tree_access, tombstones=trees.tombstones, clock=clock)
    statistics = Statistics(db)
    usage_statistics = UsageStatistics(statistics, trees.usages, clock)
    hrefs = HrefBuilder.from_public_url(settings.common.public_url)
    webdav = WebDav(
        authenticator=DavAuthenticator(devices=devices, hrefs=hrefs),
        hrefs=hrefs,
        reader=reader,
        writer=writer,
        transfers=transfers,
        uploads=uploads,
        locks=LockService(tree_access=tree_access, new_id=in_order),
        sync_collection=sync_collection,
        statistics=usage_statistics,
    )
    account_export = AccountExport(
        tree_access=tree_access, reader=reader, nodes=trees.nodes, usages=trees.usages, restores=restore_repository
    )
    return SyncModule(
        trees=trees,
        tree_access=tree_access,
        devices=devices,
        reader=reader,
        sync_collection=sync_collection,
        garbage_collector=garbage_collector,
        account_eraser=account_eraser,
        backups=backups,
        restore_drill=RestoreDrill(backups=backups, keys=trees.keys),
        restores=restores,
        restore_worker=RestoreWorker(
            repository=restore_repository, trees=trees, executor=restore_executor, clock=clock, wakeup=restore_wakeup
        ),
        inspections=inspections,
        statistics=usage_statistics,
        webdav=webdav,
        events=SyncEvents(account_eraser=account_eraser, account_export=account_export, devices=devices, clock=clock),
        probes=SyncProbes(
            statistics=statistics,
            inspections=inspection_repository,
            backups=backup_repository,
            backup_keys=backup_keys,
            samples=Samples(db, trees.keys),
            contents=trees.contents,
            blobs=blobs,
            clock=clock,
        ),
    )


def _open_blob_stores(chassis: Chassis, settings: Settings) -> tuple[Blobs, Blobs]:
    """Return the blob stores of contents and of backups."""
    if settings.blob_store == "folder":
        data = settings.common.data_dir
        return FolderBlobs(data / "blobs"), FolderBlobs(data / "backups")

    def open_bucket(file: type[GridFsFileDocument], chunk: type[GridFsChunkDocument]) -> Blobs:
        # A chunk is one sealed frame, so a range read fetches no more than the frames it opens.
        return GridFsBlobs(GridFs(chassis.db, file, chunk, chunk_size=SEALED_FRAME_SIZE, clock=chassis.clock))

    return open_bucket(BlobDocument, BlobChunkDocument), open_bucket(BackupFileDocument, BackupChunkDocument)
