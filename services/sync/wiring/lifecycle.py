"""The erasure and the export of an account."""

import asyncio
from dataclasses import dataclass

from services.sync.service.access.devices import DeviceAuthenticator
from services.sync.service.lifecycle.erasure import AccountEraser
from services.sync.service.lifecycle.export import AccountExport
from services.sync.wiring.stores import Stores
from services.sync.wiring.tree import TreeModule
from shared.chassis import Chassis


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecycleModule:
    """The services that erase and export an account."""

    account_eraser: AccountEraser
    account_export: AccountExport


def build_lifecycle_module(
    chassis: Chassis, stores: Stores, tree: TreeModule, devices: DeviceAuthenticator
) -> LifecycleModule:
    """Return the services of erasure and export; an erasure drops what *devices* caches."""
    return LifecycleModule(
        account_eraser=AccountEraser(
            db=chassis.db,
            trees=stores.trees,
            inspections=stores.inspections,
            restores=stores.restores,
            garbage_collector=tree.garbage_collector,
            devices=devices,
            outbox=chassis.outbox,
            erase_subject=chassis.erase_subject,
            clock=chassis.clock,
            wakeup=asyncio.Event(),
        ),
        account_export=AccountExport(
            tree_access=tree.tree_access,
            reader=tree.reader,
            nodes=stores.trees.nodes,
            usages=stores.trees.usages,
            restores=stores.restores,
        ),
    )
