"""Pages of account security, security log and email address."""

from contextlib import suppress
from typing import Any

from aiohttp import web

from services.portal.api.context import PageContext
from services.portal.api.middleware import PageRoute, form_route, page_route
from services.portal.api.privacy import APP_PASSWORDS, ME, SESSIONS
from services.portal.api.step_up import FACTORS
from services.portal.service import gather_results
from shared.errors import ServiceError

_SECURITY_LOG = "/v1/identity/security-log"
_ANNOUNCED = "/v1/identity/announced-actions"


class SecurityPages:
    """Handlers of the security pages."""

    def build_routes(self) -> tuple[PageRoute, ...]:
        """Return the pages of the account's security."""
        return (
            page_route("/account/security", self.show_overview),
            form_route("/account/security/object", self.object_to_actions),
            page_route("/account/security-log", self.show_security_log),
            page_route("/account/email", self.show_email_form),
            form_route("/account/email", self.request_email_change),
        )

    async def show_overview(self, context: PageContext) -> web.Response:
        """Show an overview of account security."""
        context.require_kind("customer")
        me = context.user_session
        results: dict[str, Any] = await gather_results(
            me=me.get(ME),
            factors=me.get(FACTORS),
            sessions=me.get(SESSIONS),
            app_passwords=me.get(APP_PASSWORDS),
            log=me.get(_SECURITY_LOG, limit="3"),
            announced=me.get(_ANNOUNCED),
        )
        return context.render("account_security.html", **results)

    async def object_to_actions(self, context: PageContext) -> web.Response:
        """Object to what customer service has announced."""
        context.require_kind("customer")
        await context.read_form()
        with suppress(ServiceError):  # it was stopped before: the page shows that nothing is announced
            await context.user_session.send("POST", f"{_ANNOUNCED}/objections")
        return context.redirect("/account/security")

    async def show_security_log(self, context: PageContext) -> web.Response:
        """Show the security log, newest first."""
        context.require_kind("customer")
        cursor = {"cursor": context.get_query("cursor")} if context.get_query("cursor") else {}
        found = await context.user_session.get(_SECURITY_LOG, **cursor)
        return context.render("security_log.html", items=found["items"], next_cursor=found.get("next_cursor"))

    async def show_email_form(self, context: PageContext) -> web.Response:
        """Show the email address and the form to change it."""
        return await _render_email_form(context)

    async def request_email_change(self, context: PageContext) -> web.Response:
        """Request the change, which takes effect by the link to the new address."""
        context.require_kind("customer")
        typed = await context.read_form()
        try:
            await context.user_session.send(
                "POST", "/v1/identity/email-changes", body={"email": typed.get("email", "")}
            )
        except ServiceError as fault:
            return await _render_email_form(context, fault)
        return context.render("email_change_requested.html", typed=typed)


async def _render_email_form(context: PageContext, fault: ServiceError | None = None) -> web.Response:
    context.require_kind("customer")
    found = await gather_results(me=context.user_session.get(ME))
    return context.render("email.html", fault=fault, typed=context.form_data, me=found["me"])
