"""The trees of files: reads, writes, uploads, locks and the garbage that they leave."""

from dataclasses import dataclass

from services.sync.service.lifecycle.garbage_collector import GarbageCollector
from services.sync.service.tree.reader import TreeReader
from services.sync.service.tree.transfers import TreeTransfers
from services.sync.service.tree.write_queue import TreeAccess
from services.sync.service.tree.writer import TreeWriter
from services.sync.service.webdav.locks import LockService
from services.sync.service.webdav.sync_collection import SyncCollectionReport
from services.sync.service.webdav.uploads import UploadService
from services.sync.wiring.stores import Stores
from shared import ids
from shared.chassis import Chassis


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeModule:
    """The services that read and write trees."""

    tree_access: TreeAccess
    reader: TreeReader
    writer: TreeWriter
    transfers: TreeTransfers
    uploads: UploadService
    locks: LockService
    sync_collection: SyncCollectionReport
    garbage_collector: GarbageCollector


def build_tree_module(chassis: Chassis, stores: Stores) -> TreeModule:
    """Return the services of trees."""
    trees, blobs, clock = stores.trees, stores.blobs, chassis.clock
    tree_access = TreeAccess(chassis.db, trees, clock)
    in_order = ids.ulid_factory(clock)  # of nodes and contents: ids in order of time keep index pages in use dense
    writer = TreeWriter(tree_access=tree_access, contents=trees.contents, new_id=in_order, clock=clock)
    return TreeModule(
        tree_access=tree_access,
        reader=TreeReader(tree_access=tree_access, contents=trees.contents, usages=trees.usages, blobs=blobs),
        writer=writer,
        transfers=TreeTransfers(tree_access=tree_access, new_id=in_order),
        uploads=UploadService(writer=writer, blobs=blobs, new_id=in_order),
        locks=LockService(tree_access=tree_access, new_id=in_order),
        sync_collection=SyncCollectionReport(tree_access=tree_access, tombstones=trees.tombstones, clock=clock),
        garbage_collector=GarbageCollector(
            tree_access=tree_access, nodes=trees.nodes, contents=trees.contents, blobs=blobs, clock=clock
        ),
    )
