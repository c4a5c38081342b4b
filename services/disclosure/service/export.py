"""Exports what disclosure stores of an account (C26)."""

from dataclasses import dataclass

from services.disclosure.domain import AccessEntry, CaseNotice, DeniedAccess
from services.disclosure.store import AccessEntries, CaseNotices
from shared.mongo import encode_position
from shared.privacy import ExportPage, ExportPart, PagedExport

_PAGE_SIZE = 100
"""A row is below 8 KiB (50 names of fields at most), so a page stays below 1 MiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountExport:
    """Reads the ledger, the denied accesses and the notices of an account."""

    entries: AccessEntries
    notices: CaseNotices

    async def export_page(self, account_id: str, cursor: str) -> ExportPage:
        """Return one page: the ledger, then the denied accesses, then the notices (C26)."""
        pages = PagedExport(
            parts=(
                ExportPart(name="access_entries", read=self._list_entries, position=_entry_position),
                ExportPart(name="denied_accesses", read=self._list_denials, position=_denial_position),
                ExportPart(name="notices", read=self._list_notices, position=_notice_position),
            ),
            page_size=_PAGE_SIZE,
        )
        return await pages.export_page(account_id, cursor)

    async def _list_entries(self, account_id: str, after: str | None, limit: int) -> list[AccessEntry]:
        return await self.entries.list_by_account(account_id, after=after, limit=limit)

    async def _list_denials(self, account_id: str, after: str | None, limit: int) -> list[DeniedAccess]:
        return await self.entries.list_denials_by_account(account_id, after=after or "", limit=limit)

    async def _list_notices(self, account_id: str, after: str | None, limit: int) -> list[CaseNotice]:
        return await self.notices.list_by_account(account_id, after=after or "", limit=limit)


def _entry_position(entry: AccessEntry) -> str:
    return encode_position(entry.accessed_at, entry.entry_id)


def _denial_position(denial: DeniedAccess) -> str:
    return denial.denial_id


def _notice_position(notice: CaseNotice) -> str:
    return notice.case_id
