"""The collections of sync: what is stored, how it is sealed, how it is found."""

from services.sync.store.account_keys import AccountKeys
from services.sync.store.account_usage import AccountUsages
from services.sync.store.backups import BackupKeys, Backups
from services.sync.store.ciphers import AccountCipher, ContentHash
from services.sync.store.contents import Content, Contents
from services.sync.store.documents import (
    DOCUMENTS,
    BackupChunkDocument,
    BackupFileDocument,
    BlobChunkDocument,
    BlobDocument,
)
from services.sync.store.erased_accounts import ErasedAccounts
from services.sync.store.inspections import Inspections, RestrictedView
from services.sync.store.locks import Locks
from services.sync.store.nodes import Nodes
from services.sync.store.restores import Restores
from services.sync.store.samples import Samples
from services.sync.store.statistics import Statistics
from services.sync.store.tombstones import Tombstones
from services.sync.store.tree_cache import TreeCache, TreeCaches
from services.sync.store.trees import ChangeSet, TreeStore

__all__ = [
    "DOCUMENTS",
    "AccountCipher",
    "AccountKeys",
    "AccountUsages",
    "BackupChunkDocument",
    "BackupFileDocument",
    "BackupKeys",
    "Backups",
    "BlobChunkDocument",
    "BlobDocument",
    "ChangeSet",
    "Content",
    "ContentHash",
    "Contents",
    "ErasedAccounts",
    "Inspections",
    "Locks",
    "Nodes",
    "Restores",
    "RestrictedView",
    "Samples",
    "Statistics",
    "Tombstones",
    "TreeCache",
    "TreeCaches",
    "TreeStore",
]
