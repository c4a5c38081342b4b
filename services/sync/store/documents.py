"""What sync stores, with the declarations of personal data."""

from datetime import datetime
from typing import Annotated, ClassVar

from services.sync.domain.backups import BackupState
from services.sync.domain.restores import RestoreState
from services.sync.domain.tree import DETACHED, NodeKind
from shared.mongo import Document, EmbeddedValue, GridFsChunkDocument, GridFsFileDocument, Index
from shared.personal import UNTIL_ERASED, Category, Personal, retain_for
from shared.policy.purposes import Purpose

_OWNER_PURPOSES = {Purpose.SYNC, Purpose.EXPORT, Purpose.ERASURE}
_Account = Annotated[
    str, Personal(Category.PSEUDONYM, _OWNER_PURPOSES | {Purpose.STATISTICS, Purpose.OPERATIONS}, UNTIL_ERASED)
]
_Content = Annotated[bytes | None, Personal(Category.CONTENT, _OWNER_PURPOSES, UNTIL_ERASED)]
_Device = Annotated[str, Personal(Category.DEVICE, {Purpose.SYNC, Purpose.ERASURE}, UNTIL_ERASED)]
# Inspections may open names, never contents (C12): only names carry the purpose OPERATIONS.
_Name = Annotated[bytes, Personal(Category.CONTENT, _OWNER_PURPOSES | {Purpose.OPERATIONS}, UNTIL_ERASED)]
_Size = Annotated[int, Personal(Category.USAGE, _OWNER_PURPOSES | {Purpose.STATISTICS}, UNTIL_ERASED)]

_TWO_YEARS = retain_for(730, since="requested_at")
_FOUR_WEEKS = retain_for(28, since="requested_at")


class AccountUsageDocument(Document):
    """The usage counters of one account, whose id it has; see ``domain.account_usage``."""

    collection: ClassVar[str] = "account_usage"
    subject: ClassVar[str | None] = "_id"

    id: _Account
    rev: int
    used_bytes: _Size
    reserved_bytes: int
    files: _Size
    locks: int
    tracked_since_rev: int | None = None
    created_at: datetime


class AccountKeyDocument(Document):
    """The key of one account's names and contents, sealed by the vault. No backup contains this collection."""

    collection: ClassVar[str] = "account_keys"
    subject: ClassVar[str | None] = "_id"

    id: _Account
    sealed: bytes


class NodeDocument(Document):
    """A file or folder; see ``domain.tree.Node``. *name_key* is a blind index of the name in its folder."""

    collection: ClassVar[str] = "nodes"
    subject: ClassVar[str | None] = "account"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("account", "parent", "name_key", unique=True),
        Index("account", "_id"),
        Index("account", "rev", "_id"),
        Index("parent", partial={"parent": DETACHED}),
    )

    account: _Account
    parent: str
    name_key: str
    name: _Name
    kind: NodeKind
    rev: int
    tag: int
    created_at: datetime
    modified_at: datetime
    size: _Size
    content: str
    properties: _Content


class TombstoneDocument(Document):
    """A location that a node left; see ``domain.sync_tokens.Tombstone``. Deleted once its revision is pruned."""

    collection: ClassVar[str] = "tombstones"
    subject: ClassVar[str | None] = "account"
    indexes: ClassVar[tuple[Index, ...]] = (Index("account", "rev"),)

    account: _Account
    rev: int
    node: str
    parent: str
    name: _Name
    name_key: str
    is_folder: bool
    removed_at: Annotated[datetime, Personal(Category.USAGE, {Purpose.SYNC}, retain_for(60, since="removed_at"))]


class ContentDocument(Document):
    """A content: its reference count, and when it may be deleted unless it is used again.

    A small content is stored here, sealed (*inline*); a larger one is a blob of the same id. During its upload it has
    no *refs* and reserves *reserved_bytes* of the account's quota. This document decides whether it exists, in the
    transaction that changes the nodes; the blob follows. ``refs`` of -1 mean that it is being deleted for good.
    """

    collection: ClassVar[str] = "contents"
    subject: ClassVar[str | None] = "account"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("account", "digest"),
        Index("delete_after", partial={"delete_after": {"$type": "date"}}),
    )

    account: _Account
    refs: int
    size: int
    reserved_bytes: int
    digest: str
    """A keyed digest of the bytes of a blob: equal blobs of one account are stored once."""
    inline: _Content
    delete_after: datetime | None


class BlobDocument(GridFsFileDocument):
    """A sealed blob in the database (SYNC_BLOB_STORE=gridfs); its ContentDocument has the account."""

    collection: ClassVar[str] = "blobs.files"


class BlobChunkDocument(GridFsChunkDocument):
    """A sealed frame of a blob."""

    collection: ClassVar[str] = "blobs.chunks"


class BackupFileDocument(GridFsFileDocument):
    """The sealed stream of a backup in the database (SYNC_BLOB_STORE=gridfs); see ``BackupDocument``."""

    collection: ClassVar[str] = "backups.files"


class BackupChunkDocument(GridFsChunkDocument):
    """A sealed frame of a backup."""

    collection: ClassVar[str] = "backups.chunks"


class LockDocument(Document):
    """A lock; see ``domain.locks.Lock``. Its owner and path are sealed together in *sealed_details*."""

    collection: ClassVar[str] = "locks"
    subject: ClassVar[str | None] = "account"
    indexes: ClassVar[tuple[Index, ...]] = (Index("account"),)

    account: _Account
    ids: tuple[str, ...]
    sealed_details: _Name
    exclusive: bool
    deep: bool
    device: _Device
    seconds: int
    expires_at: Annotated[datetime, Personal(Category.USAGE, {Purpose.SYNC}, retain_for(1, since="expires_at"))]


class BackupDocument(Document):
    """A backup; see ``domain.backups.Backup``. It belongs to no single account."""

    collection: ClassVar[str] = "backups"
    indexes: ClassVar[tuple[Index, ...]] = (Index("state", "expires_at"),)

    state: BackupState
    requested_at: datetime
    expires_at: datetime
    created_at: datetime | None
    destroyed_at: datetime | None
    accounts: int
    nodes: int
    bytes: int
    sha256: str = ""
    drilled_at: datetime | None = None
    drill_failed: bool = False


class BackupKeyDocument(Document):
    """The key of one backup, sealed by the vault under a subject of its own; destroyed before the backup's bytes."""

    collection: ClassVar[str] = "backup_keys"

    sealed: bytes


class RestoreFailureValue(EmbeddedValue):
    """Why a restore failed; see ``domain.restores.RestoreFailure``. It holds no personal data."""

    code: str
    detail: str
    remedy: str


class RestoreDocument(Document):
    """A restore; see ``domain.restores.Restore``. *path* and *destination* are names, so they are sealed."""

    collection: ClassVar[str] = "restores"
    subject: ClassVar[str | None] = "account"
    indexes: ClassVar[tuple[Index, ...]] = (Index("account", "requested_at"), Index("state", "requested_at"))

    account: _Account
    backup: str
    path: Annotated[bytes, Personal(Category.CONTENT, _OWNER_PURPOSES, _FOUR_WEEKS)]
    destination: Annotated[bytes | None, Personal(Category.CONTENT, _OWNER_PURPOSES, _FOUR_WEEKS)]
    requested_at: Annotated[datetime, Personal(Category.USAGE, _OWNER_PURPOSES, _FOUR_WEEKS)]
    state: RestoreState
    started_at: datetime | None
    finished_at: datetime | None
    fencing_token: int
    attempts_without_progress: int
    uploading: str
    files: int
    folders: int
    bytes: int
    missing: int
    files_total: int
    bytes_total: int
    failure: RestoreFailureValue | None


class InspectionDocument(Document):
    """An inspection; see ``domain.inspections.Inspection``."""

    collection: ClassVar[str] = "inspections"
    subject: ClassVar[str | None] = "account"
    indexes: ClassVar[tuple[Index, ...]] = (Index("account"), Index("ended_at", "expires_at"))

    account: _Account
    reason: Annotated[str, Personal(Category.CONTENT, {Purpose.OPERATIONS, Purpose.ERASURE}, _TWO_YEARS)]
    requested_by: str
    requested_at: datetime
    expires_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    ended_at: datetime | None
    access_count: int


class InspectionAccessDocument(Document):
    """One access of an inspection; see ``domain.inspections.InspectionAccess``."""

    collection: ClassVar[str] = "inspection_accesses"
    subject: ClassVar[str | None] = "account"
    indexes: ClassVar[tuple[Index, ...]] = (Index("inspection"), Index("account"))

    inspection: str
    account: _Account
    by: str
    at: Annotated[
        datetime, Personal(Category.USAGE, {Purpose.OPERATIONS, Purpose.ERASURE}, retain_for(720, since="at"))
    ]
    scope: str
    node: str


class InspectionCountDocument(Document):
    """The number of inspections opened in a month, which is the id. Public, kept forever, anonymous."""

    collection: ClassVar[str] = "inspection_counts"

    opened: int


class ClientDayDocument(Document):
    """A sum of groups; see ``domain.statistics.ClientDay``. It is anonymous."""

    collection: ClassVar[str] = "client_days"
    indexes: ClassVar[tuple[Index, ...]] = (Index("day"),)

    day: str
    family: str
    accounts: int
    reads: int
    writes: int
    lists: int


class StorageDayDocument(Document):
    """The storage on a day, which is the id; see ``domain.statistics.StorageDay``. It is anonymous."""

    collection: ClassVar[str] = "storage_days"

    accounts: int
    bytes: int
    sizes: dict[str, int]


class ErasedAccountDocument(Document):
    """An erased account, kept while a backup may hold its sealed data: it is never restored (C31)."""

    collection: ClassVar[str] = "erased_accounts"
    subject: ClassVar[str | None] = "_id"

    id: Annotated[str, Personal(Category.PSEUDONYM, {Purpose.ERASURE}, retain_for(200, since="erased_at"))]
    erasure_id: str
    erased_at: datetime
    erased_counts: dict[str, int]
    completed: bool


DOCUMENTS: tuple[type[Document], ...] = (
    AccountUsageDocument,
    AccountKeyDocument,
    NodeDocument,
    TombstoneDocument,
    ContentDocument,
    BlobDocument,
    BlobChunkDocument,
    BackupFileDocument,
    BackupChunkDocument,
    LockDocument,
    BackupDocument,
    BackupKeyDocument,
    RestoreDocument,
    InspectionDocument,
    InspectionAccessDocument,
    InspectionCountDocument,
    ClientDayDocument,
    StorageDayDocument,
    ErasedAccountDocument,
)
