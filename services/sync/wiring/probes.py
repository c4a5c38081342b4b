"""The promise probes."""

from services.sync.promises import SyncProbes
from services.sync.wiring.stores import Stores
from shared.clock import Clock


def build_probes(stores: Stores, clock: Clock) -> SyncProbes:
    """Return the probes of the promises that sync keeps."""
    return SyncProbes(
        statistics=stores.statistics,
        inspections=stores.inspections,
        backups=stores.backups,
        backup_keys=stores.backup_keys,
        samples=stores.samples,
        contents=stores.trees.contents,
        blobs=stores.blobs,
        clock=clock,
    )
