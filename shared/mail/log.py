"""The mail log: each attempt to send an email and each email received, without addresses, for operators (C04)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Protocol

from shared.crypto import Vault
from shared.ids import new_id
from shared.mongo import Database, Document, Index, encode_position, filter_after, sort_newest_first
from shared.personal import Category, Personal, retain_for
from shared.policy.purposes import Purpose

MAIL_LOG_RETENTION = timedelta(days=90)
_HASHED = Personal(
    Category.PSEUDONYM,
    {Purpose.OPERATIONS, Purpose.SUPPORT},
    retain_for(MAIL_LOG_RETENTION / timedelta(days=1), since="at"),
)


class DeliveryStatus(StrEnum):
    """The delivery status of an email; all but DEFERRED are final."""

    DEFERRED = "deferred"
    """A temporary failure: it is retried."""
    RELAYED = "relayed"
    """The relay accepted it."""
    FAILED = "failed"
    """The relay rejected it permanently, or its contents were erased before it was sent."""
    EXPIRED = "expired"
    """No relay accepted it before it expired."""
    SUPPRESSED = "suppressed"
    """The service withdrew it just before it was sent (after an unsubscribe, for example)."""
    REPORTED = "reported"
    """A report about it came in; *verdict* says what it means. In the log only."""
    RECEIVED = "received"
    """It came in itself; *verdict* says what it was. In the log only."""


class MailDirection(StrEnum):
    """Whether an email was sent or received."""

    SENT = "sent"
    RECEIVED = "received"


class MailLogDocument(Document):
    """A delivery attempt and its result, or an email received. Its address is a keyed hash, to be asked for."""

    collection: ClassVar[str] = "mail_log"
    subject: ClassVar[str | None] = "owner"
    indexes: ClassVar[tuple[Index, ...]] = (
        Index("at", expire_after=MAIL_LOG_RETENTION),
        Index("mail_id"),
        Index("owner"),
        Index("address_index", "at"),
    )

    at: datetime
    direction: MailDirection = MailDirection.SENT
    kind: str
    mail_id: str
    status: DeliveryStatus
    code: int
    """The SMTP reply; 0 when there was none."""
    enhanced_code: str = ""
    """The enhanced status code of the reply (RFC 3463), such as 5.1.1."""
    verdict: str = ""
    """What a received email was, such as hard or complaint."""
    reason: str = ""
    """Why, as a word."""
    owner: Annotated[str, _HASHED] = ""
    """The account, or the subject under whose key the email was sealed; empty without one, and after an erasure."""
    address_index: Annotated[str, _HASHED] = ""
    """The keyed hash of the recipient, or of the sender of a received email; empty after an erasure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMail:
    """An attempt to send an email, as it is recorded."""

    kind: str
    mail_id: str
    status: DeliveryStatus
    at: datetime
    code: int = 0
    enhanced_code: str = ""
    owner: str = ""
    address_index: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedMail:
    """An email that came in, as it is recorded."""

    kind: str
    verdict: str
    at: datetime
    reason: str = ""
    mail_id: str = ""
    """The email of ours that it is about."""
    code: int = 0
    enhanced_code: str = ""
    sender: str = ""
    """Its address; only the keyed hash is stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailLogFilter:
    """What an operator asks for; empty fields do not restrict."""

    address: str = ""
    mail_id: str = ""
    kind: str = ""
    direction: MailDirection | None = None
    status: DeliveryStatus | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MailLogSummary:
    """What the probe of C04 needs: how many rows there are, the oldest, and how many are overdue."""

    row_count: int
    overdue_count: int
    newest_at: datetime | None


class MailLogSource(Protocol):
    """Where entries of the mail log are stored."""

    async def search_entries(self, wanted: MailLogFilter, *, after: str | None, limit: int) -> list[MailLogDocument]:
        """Return up to *limit* entries that match, the newest first, after the position *after*."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedMailLog:
    """Several sources as one mail log: an entry stands where its time and its id place it."""

    sources: Sequence[MailLogSource]

    async def search_entries(self, wanted: MailLogFilter, *, after: str | None, limit: int) -> list[MailLogDocument]:
        """Return up to *limit* entries that match, the newest first, after the position *after*."""
        pages = [await source.search_entries(wanted, after=after, limit=limit) for source in self.sources]
        found = sorted((row for page in pages for row in page), key=lambda row: (row.at, row.id), reverse=True)
        return found[:limit]


class MailLog:
    """Records and searches the mail log of one service."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._rows = db.get_collection(MailLogDocument)
        self._vault = vault

    def hash_address(self, email: str) -> str:
        """Return the keyed hash of an address, the same in any letter case."""
        return self._vault.blind_index("mail.address", email.lower())

    async def record_sent(self, mail: SentMail) -> None:
        """Record an attempt to send an email, in the ambient transaction."""
        await self._rows.insert_one(
            MailLogDocument(
                id=new_id("log"),
                at=mail.at,
                kind=mail.kind,
                mail_id=mail.mail_id,
                status=mail.status,
                code=mail.code,
                enhanced_code=mail.enhanced_code,
                owner=mail.owner,
                address_index=mail.address_index,
            )
        )

    async def record_received(self, mail: ReceivedMail) -> None:
        """Record an email that came in, in the ambient transaction."""
        await self._rows.insert_one(
            MailLogDocument(
                id=new_id("log"),
                at=mail.at,
                direction=MailDirection.RECEIVED,
                kind=mail.kind,
                mail_id=mail.mail_id,
                status=DeliveryStatus.RECEIVED,
                code=mail.code,
                enhanced_code=mail.enhanced_code,
                verdict=mail.verdict,
                reason=mail.reason,
                address_index=self.hash_address(mail.sender) if mail.sender else "",
            )
        )

    async def search_entries(self, wanted: MailLogFilter, *, after: str | None, limit: int) -> list[MailLogDocument]:
        """Return up to *limit* rows that match, the newest first, after the position *after*."""
        where: list[dict[str, Any]] = [*self._conditions(wanted), filter_after("at", after)]
        return await self._rows.list({"$and": where}, sort=sort_newest_first("at"), limit=limit)

    async def anonymize(self, owner: str) -> int:
        """Cut the tie between the log and an account that is erased; return how many rows."""
        return await self._rows.update_many({"owner": owner}, {"$set": {"owner": "", "address_index": ""}})

    async def assign_owner(self, owner: str, new_owner: str) -> int:
        """Let the rows of *owner* belong to *new_owner*, whose erasure then cuts their tie; return how many."""
        return await self._rows.update_many({"owner": owner}, {"$set": {"owner": new_owner}})

    async def list_findable_owners(self, owners: Sequence[str]) -> set[str]:
        """Return those of the owners with a row that a search for its address finds."""
        where = {"owner": {"$in": list(owners)}, "address_index": {"$gt": ""}}
        return {row.owner for row in await self._rows.list(where)}

    async def get_summary(self, *, overdue_before: datetime) -> MailLogSummary:
        """Return what the probe of C04 needs."""
        newest = await self._rows.list({}, sort=[("at", -1)], limit=1)
        return MailLogSummary(
            row_count=await self._rows.count_documents({}),
            overdue_count=await self._rows.count_documents({"at": {"$lt": overdue_before}}),
            newest_at=newest[0].at if newest else None,
        )

    async def find_missing(self, mail_ids: Sequence[str]) -> set[str]:
        """Return those of the emails without any row in the log."""
        found = await self._rows.list({"mail_id": {"$in": list(mail_ids)}})
        return set(mail_ids) - {row.mail_id for row in found}

    def _conditions(self, wanted: MailLogFilter) -> list[dict[str, Any]]:
        pairs = {
            "mail_id": wanted.mail_id,
            "kind": wanted.kind,
            "direction": wanted.direction,
            "status": wanted.status,
            "address_index": self.hash_address(wanted.address) if wanted.address else "",
        }
        conditions: list[dict[str, Any]] = [{name: value} for name, value in pairs.items() if value]
        times = {"$gte": wanted.since, "$lt": wanted.until}
        window = {operator: at for operator, at in times.items() if at is not None}
        return [*conditions, {"at": window}] if window else conditions


@dataclass(frozen=True, slots=True, kw_only=True)
class MailLogCheck:
    """What a service found in the part of the mail log that it stores itself."""

    entry_count: int
    faults: tuple[str, ...]


def log_position(row: MailLogDocument) -> str:
    """Return the position of a row in a search."""
    return encode_position(row.at, row.id)
