"""The composition root of sync: builds the modules of ``wiring`` and opens nothing itself."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from services.sync.api import BackupsApi, UsageApi, WebDav
from services.sync.api.inspections import InspectionsApi
from services.sync.api.restores import RestoresApi
from services.sync.api.statistics import StatisticsApi
from services.sync.events import SyncEvents
from services.sync.promises import SyncProbes
from services.sync.service.access.devices import DeviceAuthenticator, VerifyCredential
from services.sync.service.access.identity_client import IdentityClient
from services.sync.service.backup.backups import BackupService
from services.sync.service.backup.restore_drill import RestoreDrill
from services.sync.service.lifecycle.erasure import AccountEraser
from services.sync.service.lifecycle.garbage_collector import GarbageCollector
from services.sync.service.oversight.inspections import InspectionService
from services.sync.service.oversight.statistics import UsageStatistics
from services.sync.service.restore.service import RestoreService
from services.sync.service.restore.worker import RestoreWorker
from services.sync.service.tree.reader import TreeReader
from services.sync.service.tree.write_queue import TreeAccess
from services.sync.service.webdav.sync_collection import SyncCollectionReport
from services.sync.settings import Settings
from services.sync.store import DOCUMENTS, TreeStore
from services.sync.wiring.backups import build_backup_module
from services.sync.wiring.lifecycle import build_lifecycle_module
from services.sync.wiring.oversight import build_oversight_module
from services.sync.wiring.probes import build_probes
from services.sync.wiring.stores import build_stores
from services.sync.wiring.tree import build_tree_module
from services.sync.wiring.webdav import build_webdav
from shared.chassis import Chassis, ServiceSpec
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
    stores = build_stores(chassis, settings)
    devices = DeviceAuthenticator(verify, chassis.clock)
    tree = build_tree_module(chassis, stores)
    oversight = build_oversight_module(chassis, stores)
    lifecycle = build_lifecycle_module(chassis, stores, tree, devices)
    backup = build_backup_module(chassis, stores, tree, settings)
    return SyncModule(
        trees=stores.trees,
        tree_access=tree.tree_access,
        devices=devices,
        reader=tree.reader,
        sync_collection=tree.sync_collection,
        garbage_collector=tree.garbage_collector,
        account_eraser=lifecycle.account_eraser,
        backups=backup.backups,
        restore_drill=backup.restore_drill,
        restores=backup.restores,
        restore_worker=backup.restore_worker,
        inspections=oversight.inspections,
        statistics=oversight.statistics,
        webdav=build_webdav(
            tree, devices=devices, statistics=oversight.statistics, public_url=settings.common.public_url
        ),
        events=SyncEvents(
            account_eraser=lifecycle.account_eraser,
            account_export=lifecycle.account_export,
            devices=devices,
            clock=chassis.clock,
        ),
        probes=build_probes(stores, chassis.clock),
    )
