"""The stored documents of imports and the declarations of their personal data."""

from datetime import datetime
from typing import Annotated, ClassVar

from services.newsletter.domain.imports.imports import ImportAction, ImportState
from shared.mongo import Document, EmbeddedValue, Index
from shared.personal import Category, Personal, retain_for
from shared.policy import Purpose

UNPROCESSED_RETENTION_DAYS = 14
INVITATION_RETENTION_DAYS = 3 * 365


class RefusedRowValue(EmbeddedValue):
    """A refused row: file, line and reason, never its text."""

    file: str
    line: int
    code: str


class ContactCountsValue(EmbeddedValue):
    """The number of contacts with each outcome."""

    invited: int = 0
    suppressed: int = 0
    subscribed_before: int = 0
    suppressed_before: int = 0
    invited_before: int = 0
    refused: int = 0


class ImportDocument(Document):
    """An import without its contacts; it stays as the record of why people were invited."""

    collection: ClassVar[str] = "imports"
    indexes: ClassVar[tuple[Index, ...]] = (Index("state", "created_at"),)

    list_id: str
    state: ImportState
    contact_count: int = 0
    suppressed_count: int = 0
    refused_count: int = 0
    refused_rows: tuple[RefusedRowValue, ...] = ()
    action: ImportAction | None = None
    reason: str = ""
    origin: str = ""
    uploaded_by_id: str
    decided_by_id: str = ""
    counts: ContactCountsValue = ContactCountsValue()
    created_at: datetime
    decided_at: datetime | None = None
    finished_at: datetime | None = None


class ImportBatchDocument(Document):
    """Contacts that are not processed yet, sealed under a key of their import; deleted as they are processed."""

    collection: ClassVar[str] = "import_batches"
    subject: ClassVar[str | None] = "import_id"
    indexes: ClassVar[tuple[Index, ...]] = (Index("import_id", "_id"), Index("created_at"))

    import_id: str
    contacts: Annotated[bytes, Personal(Category.CONTACT, {Purpose.NEWSLETTER}, retain_for(UNPROCESSED_RETENTION_DAYS))]
    created_at: datetime


class InvitationDocument(Document):
    """That an address was invited to a list: its id is a keyed hash of both. No second file invites it again."""

    collection: ClassVar[str] = "invitations"
    subject: ClassVar[str | None] = "id"
    indexes: ClassVar[tuple[Index, ...]] = (Index("created_at"),)

    id: Annotated[str, Personal(Category.PSEUDONYM, {Purpose.NEWSLETTER}, retain_for(INVITATION_RETENTION_DAYS))]
    import_id: str
    created_at: datetime
