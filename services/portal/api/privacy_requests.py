"""Pages of privacy requests: export and erasure."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from aiohttp import web

from services.portal.api.context import FormData, PageContext, without_passwords
from services.portal.api.middleware import PageRoute, form_route, page_route, public_form_route
from services.portal.errors import ApiProblemError
from services.portal.service import gather_results
from shared.errors import FieldProblem, InvalidInputError, ServiceError

EXPORTS = "/v1/identity/exports"
ERASURES = "/v1/identity/erasures"
_FORWARDED_HEADERS = ("Content-Type", "Content-Length", "Content-Disposition")


class PrivacyRequestPages:
    """Handlers of the privacy request pages."""

    def build_routes(self) -> tuple[PageRoute, ...]:
        """Return the pages of exports and erasures."""
        return (
            page_route("/account/export", self.show_exports),
            form_route("/account/export", self.request_export),
            page_route("/account/exports/{export_id}", self.show_export),
            page_route("/account/exports/{export_id}/archive", self.download_archive),
            page_route("/account/export-link", self.show_export_link),
            public_form_route("/account/export-link", self.download_by_link),
            page_route("/account/erase", self.show_erasure_form),
            form_route("/account/erase", self.request_erasure),
            form_route("/account/erase/cancel", self.cancel_erasure),
            page_route("/account/erasures/{erasure_id}", self.show_erasure),
        )

    async def show_exports(self, context: PageContext) -> web.Response:
        """Explain the export and list earlier ones."""
        context.require_kind("customer")
        found = await gather_results(exports=context.user_session.get(EXPORTS))
        return context.render("exports.html", exports=found["exports"])

    async def request_export(self, context: PageContext) -> web.Response:
        """Request an export."""
        context.require_kind("customer")
        typed = await context.read_form()
        export = await context.user_session.send("POST", EXPORTS, idempotency_key=typed.get("idempotency_key"))
        return context.redirect(f"/account/exports/{export['export_id']}")

    async def show_export(self, context: PageContext) -> web.Response:
        """Show the progress; the page refreshes until the archive is ready."""
        context.require_kind("customer")
        found = await context.user_session.get(f"{EXPORTS}/{{}}", context.get_path_variable("export_id"))
        return context.render("export.html", export=found)

    async def download_archive(self, context: PageContext) -> web.StreamResponse:
        """Stream the archive with the visitor's own token; nothing is stored here."""
        context.require_kind("customer")
        async with await context.user_session.open_stream(
            f"{EXPORTS}/{{}}/archive", context.get_path_variable("export_id")
        ) as (headers, pieces):
            return await _forward_archive(context, headers, pieces)

    async def show_export_link(self, context: PageContext) -> web.Response:
        """Show the button: mail programs open links automatically."""
        return context.render("link_export.html", token=context.get_query("token"))

    async def download_by_link(self, context: PageContext) -> web.StreamResponse:
        """Stream the archive of an emailed link, for an owner who cannot log in."""
        typed = await context.read_form()
        body = {"token": typed.get("token", "")}
        try:
            async with context.user_session.open_public_stream(f"{EXPORTS}/by-link", body) as (headers, pieces):
                return await _forward_archive(context, headers, pieces)
        except ApiProblemError as fault:
            return context.render("link_export.html", fault=fault, token="")

    async def show_erasure_form(self, context: PageContext) -> web.Response:
        """Show what an erasure removes and what is kept, or the scheduled erasure."""
        context.require_kind("customer")
        planned = await get_scheduled_erasure(context)
        if planned is None:
            context.require_recent_login("customer")
        return context.render("erase.html", planned=planned)

    async def request_erasure(self, context: PageContext) -> web.Response:
        """Request an erasure, now or later, and log out; the page of the receipts needs no login."""
        context.require_kind("customer")
        typed = await context.read_form()
        try:
            body = {"password": typed.get("password", ""), "grace_days": _parse_grace_days(typed)}
            erasure = await context.user_session.send(
                "POST", ERASURES, body=body, idempotency_key=typed.get("idempotency_key")
            )
        except ServiceError as fault:
            return context.render("erase.html", fault=fault, typed=without_passwords(typed), planned=None)
        context.user_session.session = None
        return context.redirect(f"/account/erasures/{erasure['erasure_id']}")

    async def cancel_erasure(self, context: PageContext) -> web.Response:
        """Cancel the scheduled erasure."""
        context.require_kind("customer")
        await context.read_form()
        await context.user_session.send("DELETE", f"{ERASURES}/scheduled")
        return context.redirect("/account", done="kept")

    async def show_erasure(self, context: PageContext) -> web.Response:
        """Show the receipts of all services."""
        context.is_path_secret = True
        found = await context.user_session.get_public(f"{ERASURES}/{{}}", context.get_path_variable("erasure_id"))
        return context.render("erasure.html", erasure=found)


async def _forward_archive(
    context: PageContext, headers: Mapping[str, str], pieces: AsyncIterator[bytes]
) -> web.StreamResponse:
    response = web.StreamResponse(headers={n: headers[n] for n in _FORWARDED_HEADERS if n in headers})
    response.headers.setdefault("Content-Disposition", 'attachment; filename="candor-export.zip"')
    await response.prepare(context.request)
    async for piece in pieces:
        await response.write(piece)
    await response.write_eof()
    return response


async def get_scheduled_erasure(context: PageContext) -> Any:
    """Return your scheduled erasure; None when there is none."""
    try:
        return await context.user_session.get(f"{ERASURES}/scheduled")
    except ApiProblemError as fault:
        if fault.code != "identity.erasure.not_scheduled":
            raise
        return None


def _parse_grace_days(typed: FormData) -> int:
    text = typed.get("grace_days") or "0"
    if not text.isascii() or not text.isdecimal() or len(text) > 2:
        raise InvalidInputError(
            fields=(FieldProblem(field="grace_days", code="number", message="Choose one of the options."),)
        )
    return int(text)
