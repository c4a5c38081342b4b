"""Backups, and the restores from them."""

import asyncio
from dataclasses import dataclass

from services.sync.service.backup.backups import BackupService
from services.sync.service.backup.restore_drill import RestoreDrill
from services.sync.service.restore.executor import RestoreExecutor
from services.sync.service.restore.service import RestoreService
from services.sync.service.restore.worker import RestoreWorker
from services.sync.settings import Settings
from services.sync.wiring.stores import Stores
from services.sync.wiring.tree import TreeModule
from shared.chassis import Chassis


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupModule:
    """The services of backups and restores."""

    backups: BackupService
    restore_drill: RestoreDrill
    restores: RestoreService
    restore_worker: RestoreWorker


def build_backup_module(chassis: Chassis, stores: Stores, tree: TreeModule, settings: Settings) -> BackupModule:
    """Return the services of backups and restores."""
    backups = _build_backup_service(chassis, stores, settings)
    # The service wakes the worker: a restore starts as soon as it is requested.
    restore_wakeup = asyncio.Event()
    executor = RestoreExecutor(
        backups=backups,
        trees=stores.trees,
        writer=tree.writer,
        transfers=tree.transfers,
        uploads=tree.uploads,
        repository=stores.restores,
        clock=chassis.clock,
    )
    return BackupModule(
        backups=backups,
        restore_drill=RestoreDrill(backups=backups, keys=stores.trees.keys),
        restores=RestoreService(
            backups=backups,
            trees=stores.trees,
            tree_access=tree.tree_access,
            repository=stores.restores,
            wakeup=restore_wakeup,
        ),
        restore_worker=RestoreWorker(
            repository=stores.restores,
            trees=stores.trees,
            executor=executor,
            clock=chassis.clock,
            wakeup=restore_wakeup,
        ),
    )


def _build_backup_service(chassis: Chassis, stores: Stores, settings: Settings) -> BackupService:
    return BackupService(
        db=chassis.db,
        repository=stores.backups,
        keys=stores.backup_keys,
        usages=stores.trees.usages,
        nodes=stores.trees.nodes,
        contents=stores.trees.contents,
        blobs=stores.blobs,
        backup_blobs=stores.backup_blobs,
        outbox=chassis.outbox,
        new_id=chassis.new_id,
        clock=chassis.clock,
        interval=settings.backup_interval,
        retention=settings.backup_retention,
        wakeup=asyncio.Event(),
    )
