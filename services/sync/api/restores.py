"""The JSON API of restores: your backups, your restores and their progress."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from services.sync.domain.restores import Restore
from services.sync.domain.tree import TreePath
from services.sync.errors import (
    AccountClosedError,
    BackupNotFoundError,
    BackupPathNotFoundError,
    RestoreNotFoundError,
    TooManyRestoresError,
)
from services.sync.service.restore.service import RestoreService
from shared.clock import rfc3339
from shared.web import (
    CursorPage,
    JsonBody,
    OpaqueText,
    PageQuery,
    Paginator,
    RequestContext,
    Route,
    Timestamp,
    View,
    customer,
    get,
    post,
)

_ROOT = "/v1/sync/restores"


class RestorableBackupView(View):
    """A backup from which you can restore."""

    backup_id: str
    created_at: Timestamp | None
    expires_at: Timestamp


class RestorableBackupsView(View):
    """All of them, newest first: at most one for each day that backups are kept, and those requested by staff."""

    items: list[RestorableBackupView]


class RestoreBody(JsonBody):
    """The path of a file or folder at the time of the backup; without one, everything."""

    backup_id: Annotated[str, Field(pattern=r"^bak_[0-9a-z]{26}$"), OpaqueText("looked up")]
    path: Annotated[str, Field(max_length=4096), OpaqueText("sealed: a name is Customer Data")] | None = None


class RestoreFailureView(View):
    """Why a restore failed."""

    code: str
    detail: str
    remedy: str


class RestoreView(View):
    """A restore: ``pending``, ``running``, ``succeeded`` or ``failed``; restored files stay, also when it fails.

    *path* is the requested path, null for everything; *restored_to* is where it was restored, null while nothing was.
    *missing* counts files whose contents the backup does not hold. *files_total* and *bytes_total* are known once it
    runs.
    """

    restore_id: str
    backup_id: str
    state: str
    path: str | None
    restored_to: str | None
    files: int
    folders: int
    bytes: int
    missing: int
    files_total: int
    bytes_total: int
    requested_at: Timestamp
    started_at: Timestamp | None
    finished_at: Timestamp | None
    failure: RestoreFailureView | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoresApi:
    """The handlers of ``/v1/sync/restores``."""

    restores: RestoreService
    paginator: Paginator

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes of restores."""
        return (
            get(
                "/v1/sync/backups/mine",
                self.list_my_backups,
                access=customer(),
                summary="List the backups that hold your files",
            ),
            post(
                _ROOT,
                self.request_restore,
                access=customer(),
                status=202,
                idempotent=True,
                summary="Restore a file, a folder or everything",
                errors=(BackupNotFoundError, BackupPathNotFoundError, AccountClosedError, TooManyRestoresError),
            ),
            get(_ROOT, self.list_restores, access=customer(), summary="List your restores of the last four weeks"),
            get(
                f"{_ROOT}/{{restore_id}}",
                self.get_restore,
                access=customer(),
                summary="Read the progress of a restore",
                errors=(RestoreNotFoundError,),
            ),
        )

    async def list_my_backups(self, call: RequestContext) -> RestorableBackupsView:
        """List the backups that hold your files."""
        found = await self.restores.list_backups(call.principal.id)
        return RestorableBackupsView(
            items=[
                RestorableBackupView(
                    backup_id=one.id,
                    created_at=rfc3339(one.created_at) if one.created_at else None,
                    expires_at=rfc3339(one.expires_at),
                )
                for one in found
            ]
        )

    async def request_restore(self, call: RequestContext, body: RestoreBody) -> RestoreView:
        """Restore files beside the existing ones, which are never replaced. Poll the restore for its progress."""
        path: TreePath = tuple(body.path.strip("/").split("/")) if body.path and body.path.strip("/") else ()
        return _restore_view(
            await self.restores.request(
                call.principal.id, body.backup_id, path, idempotency_key=call.idempotency_key, at=call.now
            )
        )

    async def list_restores(self, call: RequestContext, query: PageQuery) -> CursorPage[RestoreView]:
        """List your restores, newest first."""
        after = self.paginator.decode_cursor(call, query)
        found = await self.restores.list_page(call.principal.id, after=after, limit=query.limit + 1)
        return self.paginator.render(call, query, found, view=_restore_view, position=lambda restore: restore.position)

    async def get_restore(self, call: RequestContext) -> RestoreView:
        """Return one restore and its progress."""
        return _restore_view(await self.restores.get(call.principal.id, call.path["restore_id"]))


def _restore_view(restore: Restore) -> RestoreView:
    failure = restore.failure
    return RestoreView(
        restore_id=restore.id,
        backup_id=restore.backup,
        state=restore.state.value,
        path="/".join(restore.path) or None,
        restored_to="/".join(restore.destination) or None,
        files=restore.files,
        folders=restore.folders,
        bytes=restore.bytes,
        missing=restore.missing,
        files_total=restore.files_total,
        bytes_total=restore.bytes_total,
        requested_at=rfc3339(restore.requested_at),
        started_at=rfc3339(restore.started_at) if restore.started_at else None,
        finished_at=rfc3339(restore.finished_at) if restore.finished_at else None,
        failure=RestoreFailureView(code=failure.code, detail=failure.detail, remedy=failure.remedy)
        if failure
        else None,
    )
