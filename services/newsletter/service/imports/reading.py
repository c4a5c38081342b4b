"""Reads an uploaded file as a stream and stores its contacts; nothing else happens until staff decide."""

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from services.newsletter.domain.imports.archive import ZIP_START, open_archive
from services.newsletter.domain.imports.columns import Contact, ContactState
from services.newsletter.domain.imports.files import ContactFile, RefusedRows, read_all
from services.newsletter.domain.imports.imports import ContactImport
from services.newsletter.domain.subscriptions.addresses import AddressPolicy
from services.newsletter.errors import ListNotFoundError, OwnAddressError
from services.newsletter.errors.imports import ContactFileError, ImportNotFoundError
from services.newsletter.store import MailingLists
from services.newsletter.store.imports.imports import ContactImports
from shared.errors import FieldProblem, TooLargeError
from shared.ids import NewId
from shared.mail import EmailAddress, InvalidEmailAddressError
from shared.privacy import EraseSubject

_COMMON_ADDRESS = re.compile(
    r"[A-Za-z0-9_%+-]{1,32}(?:\.[A-Za-z0-9_%+-]{1,15}){0,2}@(?:[a-z0-9]{1,40}\.){1,3}[a-z]{2,12}"
)
"""Most addresses are of this form, which is always valid; the others take a hundred times longer to validate."""
_MAX_NAMED_ROWS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportLimits:
    """How much one upload may hold."""

    max_rows: int = 2_000_000
    max_archive_bytes: int = 64 * 2**20
    max_unpacked_bytes: int = 512 * 2**20
    batch_size: int = 100


@dataclass(slots=True, kw_only=True)
class _Intake:
    """The contacts of one upload on their way into batches."""

    batch_size: int
    address_policy: AddressPolicy
    refused: RefusedRows = field(default_factory=RefusedRows)
    counts: dict[bool, int] = field(default_factory=lambda: {True: 0, False: 0})
    batch_count: int = 0
    _waiting: dict[bool, list[Contact]] = field(default_factory=lambda: {True: [], False: []})

    @property
    def contact_count(self) -> int:
        """How many contacts were taken."""
        return sum(self.counts.values())

    def add(self, file: str, contact: Contact) -> list[Contact]:
        """Take a contact; return a full batch when it completes one."""
        code = self._find_fault(contact.email)
        if code:
            self.refused.add(file, contact.line, code)
            return []
        is_active = contact.state is ContactState.ACTIVE
        self.counts[is_active] += 1
        waiting = self._waiting[is_active]
        waiting.append(contact)
        if len(waiting) < self.batch_size:
            return []
        self._waiting[is_active] = []
        return waiting

    def drain_rest(self) -> Iterator[list[Contact]]:
        """Yield the batches that are not full."""
        yield from (waiting for waiting in self._waiting.values() if waiting)

    def _find_fault(self, email: str) -> str:
        domain = email.rpartition("@")[2]
        try:
            if not _COMMON_ADDRESS.fullmatch(email):
                domain = EmailAddress(email).domain
            self.address_policy.reject_own_address(email, domain)
        except InvalidEmailAddressError:
            return "email_invalid"
        except OwnAddressError:
            return "email_is_ours"
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactFileReader:
    """Reads files; a file that cannot be read as a whole leaves nothing."""

    lists: MailingLists
    imports: ContactImports
    erase_subject: EraseSubject
    new_id: NewId
    address_policy: AddressPolicy
    limits: ImportLimits = field(default_factory=ImportLimits)

    async def read_file(
        self, list_id: str, chunks: AsyncIterator[bytes], *, file_name: str, staff_id: str, at: datetime
    ) -> ContactImport:
        """Store the contacts of a file; raises ContactFileError with the line that is wrong."""
        if await self.lists.get(list_id) is None:
            raise ListNotFoundError
        import_id = self.new_id("imp")
        await self.imports.add(import_id, list_id, staff_id=staff_id, at=at)
        try:
            await self._read(import_id, chunks, file_name, at)
        except BaseException:
            await self.discard_upload(import_id)
            raise
        found = await self.imports.get(import_id)
        if found is None:
            raise ImportNotFoundError  # cancelled while it was read
        return found

    async def discard_upload(self, import_id: str) -> None:
        """Delete an import and its contacts, with their key."""
        await self.imports.delete_contacts(import_id)
        await self.imports.delete(import_id)
        await self.erase_subject(import_id)

    async def _read(self, import_id: str, chunks: AsyncIterator[bytes], file_name: str, at: datetime) -> None:
        intake = _Intake(batch_size=self.limits.batch_size, address_policy=self.address_policy)
        async for contact, file in self._iter_contacts(chunks, file_name, intake):
            if batch := intake.add(file, contact):
                await self._store(import_id, intake, batch, at)
        for batch in intake.drain_rest():
            await self._store(import_id, intake, batch, at)
        if not intake.contact_count:
            raise _no_usable_row(intake.refused)
        await self.imports.mark_ready(
            import_id,
            contact_count=intake.contact_count,
            suppressed_count=intake.counts[False],
            refused=intake.refused.first,
            refused_count=intake.refused.count,
        )

    async def _store(self, import_id: str, intake: _Intake, batch: list[Contact], at: datetime) -> None:
        await self.imports.add_batch(import_id, intake.batch_count, batch, at=at)
        intake.batch_count += 1

    async def _iter_contacts(
        self, chunks: AsyncIterator[bytes], file_name: str, intake: _Intake
    ) -> AsyncIterator[tuple[Contact, str]]:
        file = ContactFile(name=file_name, refused=intake.refused, max_rows=self.limits.max_rows)
        head = b""
        async for chunk in chunks:
            is_first = len(head) < len(ZIP_START)
            head += chunk if is_first else b""
            if len(head) < len(ZIP_START):
                continue
            if is_first and head.startswith(ZIP_START):
                content = await self._collect_archive(head, chunks)
                for pair in self._iter_archive(content, intake):
                    yield pair
                return
            for contact in file.read_chunk(head if is_first else chunk):
                yield contact, file.name
        short = head if len(head) < len(ZIP_START) else b""
        for contact in file.read_chunk(short, final=True):
            yield contact, file.name

    async def _collect_archive(self, head: bytes, chunks: AsyncIterator[bytes]) -> bytes:
        parts, size = [head], len(head)
        async for chunk in chunks:
            size += len(chunk)
            if size > self.limits.max_archive_bytes:
                raise TooLargeError(f"An archive has at most {self.limits.max_archive_bytes} bytes.")
            parts.append(chunk)
        return b"".join(parts)

    def _iter_archive(self, content: bytes, intake: _Intake) -> Iterator[tuple[Contact, str]]:
        rows_left, found_header = self.limits.max_rows, False
        for archived in open_archive(content, max_bytes=self.limits.max_unpacked_bytes):
            file = ContactFile(name=archived.name, refused=intake.refused, max_rows=rows_left, is_optional=True)
            for contact in read_all(file, archived.iter_chunks()):
                yield contact, file.name
            rows_left -= file.row_count
            found_header |= file.has_header
        if not found_header:
            raise ContactFileError.at_line(1, "header_missing")


def _no_usable_row(refused: RefusedRows) -> ContactFileError:
    if not refused.count:
        return ContactFileError.at_line(1, "no_rows")
    problems = tuple(
        FieldProblem(field=f"line.{row.line}", code=row.code, message=f"Line {row.line} is refused: {row.code}.")
        for row in refused.first[:_MAX_NAMED_ROWS]
    )
    return ContactFileError("No row of the file can be used.", fields=problems)
