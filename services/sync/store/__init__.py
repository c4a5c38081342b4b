"""The collections of sync: what is stored, how it is sealed, how it is found."""

from services.sync.store.backups import BackupKeys, BackupRows
from services.sync.store.contents import Content, Contents
from services.sync.store.documents import DOCUMENTS, BackupChunkRow, BackupFileRow, BlobChunkRow, BlobRow
from services.sync.store.erasures import Erasures
from services.sync.store.inspections import Glimpses, InspectionRows
from services.sync.store.keys import Keys
from services.sync.store.locks import LockRows
from services.sync.store.nodes import Nodes
from services.sync.store.restores import RestoreRows
from services.sync.store.samples import Samples
from services.sync.store.seal import Seal, Sum
from services.sync.store.shelf import Shelf, Shelves
from services.sync.store.spaces import Spaces
from services.sync.store.statistics import Statistics
from services.sync.store.tombstones import Tombstones
from services.sync.store.trees import Changes, Trees

__all__ = [
    "DOCUMENTS",
    "BackupChunkRow",
    "BackupFileRow",
    "BackupKeys",
    "BackupRows",
    "BlobChunkRow",
    "BlobRow",
    "Changes",
    "Content",
    "Contents",
    "Erasures",
    "Glimpses",
    "InspectionRows",
    "Keys",
    "LockRows",
    "Nodes",
    "RestoreRows",
    "Samples",
    "Seal",
    "Shelf",
    "Shelves",
    "Spaces",
    "Statistics",
    "Sum",
    "Tombstones",
    "Trees",
]
