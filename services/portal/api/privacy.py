"""Account pages: overview, sessions, app passwords, newsletters, access history."""

from typing import Any

from aiohttp import web

from services.portal.api.context import PageContext
from services.portal.api.middleware import PageRoute, form_route, page_route
from services.portal.api.privacy_requests import get_scheduled_erasure
from services.portal.service import gather_results
from shared.errors import ServiceError

ME = "/v1/identity/me"
SESSIONS = "/v1/identity/sessions"
APP_PASSWORDS = "/v1/identity/app-passwords"
SUBSCRIPTIONS = "/v1/newsletter/subscriptions"
MY_SUBSCRIPTIONS = f"{SUBSCRIPTIONS}/mine"
LEDGER = "/v1/disclosure/ledger/mine"


class PrivacyPages:
    """Handlers of the privacy pages."""

    def build_routes(self) -> tuple[PageRoute, ...]:
        """Return the account pages."""
        return (
            page_route("/account", self.show_overview),
            page_route("/account/sessions", self.show_sessions),
            form_route("/account/sessions/{session_id}/end", self.end_session),
            form_route("/account/sessions/end-others", self.end_other_sessions),
            form_route("/account/sessions/revoke-all", self.revoke_all_access),
            page_route("/account/app-passwords", self.show_app_passwords),
            form_route("/account/app-passwords", self.create_app_password),
            form_route("/account/app-passwords/{app_password_id}/revoke", self.revoke_app_password),
            page_route("/account/newsletters", self.show_newsletters),
            form_route("/account/newsletters/{subscription_id}/unsubscribe", self.unsubscribe_newsletter),
            page_route("/account/access-ledger", self.show_access_ledger),
        )

    async def show_overview(self, context: PageContext) -> web.Response:
        """Show an overview of all stored data; an unavailable service does not affect the rest."""
        if context.session is not None and context.session.is_staff:
            return context.redirect("/staff")
        context.require_kind("customer")
        me = context.user_session
        results: dict[str, Any] = await gather_results(
            me=me.get(ME),
            sessions=me.get(SESSIONS),
            app_passwords=me.get(APP_PASSWORDS),
            usage=me.get("/v1/sync/usage"),
            cards=me.get("/v1/payments/cards"),
            subscriptions=me.get(MY_SUBSCRIPTIONS),
            seen=me.get(LEDGER, limit="5"),
            planned=get_scheduled_erasure(context),
        )
        return context.render("account.html", **results)

    async def show_sessions(self, context: PageContext) -> web.Response:
        """Show the sessions."""
        session = context.require_kind("customer")
        found = await context.user_session.get(SESSIONS)
        return context.render("sessions.html", items=found["items"], own=session.session_id)

    async def end_session(self, context: PageContext) -> web.Response:
        """End a session; ending the current one logs out."""
        session = context.require_kind("customer")
        await context.read_form()
        if context.get_path_variable("session_id") == session.session_id:
            await context.user_session.log_out()
            return context.redirect("/", why="logged-out")
        await context.user_session.send("DELETE", "/v1/identity/sessions/{}", context.get_path_variable("session_id"))
        return context.redirect("/account/sessions", done="ended")

    async def end_other_sessions(self, context: PageContext) -> web.Response:
        """End all other sessions."""
        context.require_kind("customer")
        await context.read_form()
        await context.user_session.send("DELETE", SESSIONS, query={"which": "others"})
        return context.redirect("/account/sessions", done="others")

    async def revoke_all_access(self, context: PageContext) -> web.Response:
        """End all sessions and revoke all app passwords."""
        context.require_kind("customer")
        await context.read_form()
        await context.user_session.send("DELETE", SESSIONS, query={"which": "everything"})
        context.user_session.session = None
        return context.redirect("/account/log-in", why="everything")

    async def show_app_passwords(self, context: PageContext) -> web.Response:
        """List the app passwords."""
        context.require_kind("customer")
        found = await context.user_session.get(APP_PASSWORDS)
        return context.render("app_passwords.html", items=found["items"], made=None)

    async def create_app_password(self, context: PageContext) -> web.Response:
        """Create an app password and show it once."""
        context.require_kind("customer")
        typed = await context.read_form()
        body = {"label": typed.get("label", ""), "scope": typed.get("scope", "")}
        created = fault = None
        try:
            created = await context.user_session.send(
                "POST", APP_PASSWORDS, body=body, idempotency_key=typed.get("idempotency_key")
            )
        except ServiceError as refused:
            fault = refused
        found = await context.user_session.get(APP_PASSWORDS)
        return context.render(
            "app_passwords.html", items=found["items"], made=created, fault=fault, typed=typed if fault else {}
        )

    async def revoke_app_password(self, context: PageContext) -> web.Response:
        """Revoke an app password."""
        context.require_kind("customer")
        await context.read_form()
        await context.user_session.send("DELETE", f"{APP_PASSWORDS}/{{}}", context.get_path_variable("app_password_id"))
        return context.redirect("/account/app-passwords", done="revoked")

    async def show_newsletters(self, context: PageContext) -> web.Response:
        """Show your subscriptions."""
        context.require_kind("customer")
        found = await context.user_session.get(MY_SUBSCRIPTIONS)
        return context.render("newsletters.html", items=found["items"])

    async def unsubscribe_newsletter(self, context: PageContext) -> web.Response:
        """Unsubscribe."""
        context.require_kind("customer")
        await context.read_form()
        await context.user_session.send("DELETE", f"{SUBSCRIPTIONS}/{{}}", context.get_path_variable("subscription_id"))
        return context.redirect("/account/newsletters", done="unsubscribed")

    async def show_access_ledger(self, context: PageContext) -> web.Response:
        """Show all accesses to your data."""
        context.require_kind("customer")
        cursor = {"cursor": context.get_query("cursor")} if context.get_query("cursor") else {}
        found = await context.user_session.get(LEDGER, **cursor)
        return context.render("access_ledger.html", items=found["items"], next_cursor=found.get("next_cursor"))
