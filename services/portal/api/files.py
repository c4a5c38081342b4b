"""Pages of files: usage, connection details, backups and restores."""

from typing import Any

from aiohttp import web

from services.portal.api.context import FormData, PageContext
from services.portal.api.middleware import PageRoute, form_route, page_route
from services.portal.service import gather_results
from shared.errors import FieldProblem, InvalidInputError, ServiceError

RESTORES = "/v1/sync/restores"
_UNFINISHED = frozenset({"pending", "running"})


class FilePages:
    """Handlers of the file pages."""

    def build_routes(self) -> tuple[PageRoute, ...]:
        """Return the pages of files."""
        return (
            page_route("/account/files", self.show_files),
            form_route("/account/files/restores", self.request_restore),
        )

    async def show_files(self, context: PageContext) -> web.Response:
        """Show usage, backups and restores; the page refreshes while a restore runs."""
        return await self._render_files(context)

    async def request_restore(self, context: PageContext) -> web.Response:
        """Start a restore."""
        context.require_kind("customer")
        typed = await context.read_form()
        try:
            await context.user_session.send(
                "POST", RESTORES, body=_parse_restore(typed), idempotency_key=typed.get("idempotency_key")
            )
        except ServiceError as fault:
            return await self._render_files(context, fault, typed)
        return context.redirect("/account/files", done="requested")

    async def _render_files(
        self, context: PageContext, fault: ServiceError | None = None, typed: FormData | None = None
    ) -> web.Response:
        context.require_kind("customer")
        me = context.user_session
        results: dict[str, Any] = await gather_results(
            me=me.get("/v1/identity/me"),
            usage=me.get("/v1/sync/usage"),
            backups=me.get("/v1/sync/backups/mine"),
            restores=me.get(RESTORES, limit="20"),
        )
        found = results["restores"].answer
        busy = found is not None and any(one["state"] in _UNFINISHED for one in found["items"])
        # No form on a page that refreshes: the refresh would discard what is being typed.
        shows_form = fault is not None or not busy or context.get_query("ask") == "yes"
        return context.render("files.html", fault=fault, typed=typed, busy=busy, asks=shows_form, **results)


def _parse_restore(typed: FormData) -> dict[str, str]:
    wanted = {"backup_id": typed.get("backup_id", "")}
    if typed.get("what") == "everything":
        return wanted
    path = typed.get("file_path", "").strip()
    if not path.strip("/"):
        message = "Enter a file or folder, or choose all files."
        raise InvalidInputError(fields=(FieldProblem(field="file_path", code="missing", message=message),))
    return {**wanted, "path": path}
