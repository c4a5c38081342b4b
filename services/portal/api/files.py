"""The customer's files: how much is stored, where devices find them, and what comes back from backups."""

from typing import Any

from aiohttp import web

from services.portal.api.frame import PageRoute, sent, shown
from services.portal.api.visit import Typed, Visit
from services.portal.service import parts
from shared.errors import FieldProblem, InvalidInputError, ServiceError

RESTORES = "/v1/sync/restores"
_UNFINISHED = frozenset({"waiting", "running"})


class FilePages:
    """The handlers."""

    def routes(self) -> tuple[PageRoute, ...]:
        """Return the pages of files."""
        return (shown("/account/files", self.files), sent("/account/files/restores", self.restore))

    async def files(self, visit: Visit) -> web.Response:
        """Show usage, backups and restores; the page looks again by itself while one runs."""
        return await self._page(visit)

    async def restore(self, visit: Visit) -> web.Response:
        """Ask for a restore; how it goes on stands on the page."""
        visit.must_be("customer")
        typed = await visit.form()
        try:
            await visit.visitor.send("POST", RESTORES, body=_wanted(typed), once=typed.get("once"))
        except ServiceError as fault:
            return await self._page(visit, fault, typed)
        return visit.to("/account/files", done="asked")

    async def _page(self, visit: Visit, fault: ServiceError | None = None, typed: Typed | None = None) -> web.Response:
        visit.must_be("customer")
        me = visit.visitor
        held: dict[str, Any] = await parts(
            me=me.read("/v1/identity/me"),
            usage=me.read("/v1/sync/usage"),
            backups=me.read("/v1/sync/backups/mine"),
            restores=me.read(RESTORES, limit="20"),
        )
        found = held["restores"].answer
        busy = found is not None and any(one["state"] in _UNFINISHED for one in found["items"])
        # The form is on a page that stays still: one that loads anew would take away what is being typed.
        asks = fault is not None or not busy or visit.query("ask") == "yes"
        return visit.page("files.html", fault=fault, typed=typed, busy=busy, asks=asks, **held)


def _wanted(typed: Typed) -> dict[str, str]:
    wanted = {"backup_id": typed.get("backup_id", "")}
    if typed.get("what") == "everything":
        return wanted
    path = typed.get("file_path", "").strip()
    if not path.strip("/"):
        told = "Write which file or folder, or choose everything."
        raise InvalidInputError(fields=(FieldProblem(field="file_path", code="missing", message=told),))
    return {**wanted, "path": path}
