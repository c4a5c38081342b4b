"""The JSON API of backups, for staff (C19)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import Field

from services.sync.domain.backups import Backup
from services.sync.errors import BackupNotFoundError
from services.sync.service.backup.backups import BackupService
from shared.clock import rfc3339
from shared.web import Query, RequestContext, Route, Timestamp, View, delete, get, post, staff


class BackupView(View):
    """A backup: its dates and counts. Staff cannot see whose files it holds."""

    backup_id: str
    state: str
    requested_at: Timestamp
    created_at: Timestamp | None
    expires_at: Timestamp
    destroyed_at: Timestamp | None
    accounts: int
    nodes: int
    bytes: int


class BackupsQuery(Query):
    """The page of backups to list."""

    before: datetime | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class BackupsView(View):
    """Backups, newest first; *before* of the next page is the ``requested_at`` of the last."""

    items: list[BackupView]


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupsApi:
    """The handlers of ``/v1/sync/backups``."""

    backups: BackupService

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes of backups."""
        root, engineers = "/v1/sync/backups", staff("engineer", "admin")
        return (
            get(root, self.list_backups, access=engineers, summary="List the backups"),
            post(root, self.request_backup, access=engineers, status=202, idempotent=True, summary="Request a backup"),
            delete(
                f"{root}/{{backup_id}}",
                self.delete_backup,
                access=engineers,
                status=200,
                summary="Delete a backup",
                errors=(BackupNotFoundError,),
            ),
        )

    async def list_backups(self, _call: RequestContext, query: BackupsQuery) -> BackupsView:
        """List the backups with their end dates (C19)."""
        found = await self.backups.list(after=query.before, limit=query.limit)
        return BackupsView(items=[_backup_view(backup) for backup in found])

    async def request_backup(self, call: RequestContext) -> BackupView:
        """Request a backup; it is created at once."""
        return _backup_view(await self.backups.request(at=call.now))

    async def delete_backup(self, call: RequestContext) -> BackupView:
        """Delete a backup before its end date, its key first."""
        return _backup_view(await self.backups.delete(call.path["backup_id"], at=call.now))


def _backup_view(backup: Backup) -> BackupView:
    return BackupView(
        backup_id=backup.id,
        state=backup.state.value,
        requested_at=rfc3339(backup.requested_at),
        created_at=rfc3339(backup.created_at) if backup.created_at else None,
        expires_at=rfc3339(backup.expires_at),
        destroyed_at=rfc3339(backup.destroyed_at) if backup.destroyed_at else None,
        accounts=backup.accounts,
        nodes=backup.nodes,
        bytes=backup.bytes,
    )
