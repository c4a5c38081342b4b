"""The privacy centre: what is held, by whom it was seen, and everything that its owner may do about it."""

from typing import Any

from aiohttp import web

from services.portal.api.frame import PageRoute, sent, shown
from services.portal.api.requests import planned_erasure
from services.portal.api.visit import Visit
from services.portal.service import parts
from shared.errors import ServiceError

ME = "/v1/identity/me"
SESSIONS = "/v1/identity/sessions"
APP_PASSWORDS = "/v1/identity/app-passwords"
SUBSCRIPTIONS = "/v1/newsletter/subscriptions"
MY_SUBSCRIPTIONS = f"{SUBSCRIPTIONS}/mine"
LEDGER = "/v1/disclosure/ledger/mine"


class PrivacyPages:
    """The handlers."""

    def routes(self) -> tuple[PageRoute, ...]:
        """Return the pages of the privacy centre."""
        return (
            shown("/account", self.overview),
            shown("/account/sessions", self.sessions),
            sent("/account/sessions/{session_id}/end", self.end_session),
            sent("/account/sessions/end-others", self.end_other_sessions),
            sent("/account/sessions/end-everything", self.end_everything),
            shown("/account/app-passwords", self.app_passwords),
            sent("/account/app-passwords", self.make_app_password),
            sent("/account/app-passwords/{app_password_id}/revoke", self.revoke_app_password),
            shown("/account/newsletters", self.newsletters),
            sent("/account/newsletters/{subscription_id}/leave", self.leave_newsletter),
            shown("/account/seen", self.seen),
        )

    async def overview(self, visit: Visit) -> web.Response:
        """Show all that is held, in plain words; a part that is away takes nothing else from the page."""
        if visit.session is not None and visit.session.is_staff:
            return visit.to("/staff")
        visit.must_be("customer")
        me = visit.visitor
        held: dict[str, Any] = await parts(
            me=me.read(ME),
            sessions=me.read(SESSIONS),
            app_passwords=me.read(APP_PASSWORDS),
            usage=me.read("/v1/sync/usage"),
            cards=me.read("/v1/payments/cards"),
            subscriptions=me.read(MY_SUBSCRIPTIONS),
            seen=me.read(LEDGER, limit="5"),
            planned=planned_erasure(visit),
        )
        return visit.page("account.html", **held)

    async def sessions(self, visit: Visit) -> web.Response:
        """Show where the account is logged in."""
        session = visit.must_be("customer")
        found = await visit.visitor.read(SESSIONS)
        return visit.page("sessions.html", items=found["items"], own=session.session_id)

    async def end_session(self, visit: Visit) -> web.Response:
        """End one session; ending one's own is a log-out."""
        session = visit.must_be("customer")
        await visit.form()
        if visit.name("session_id") == session.session_id:
            await visit.visitor.log_out()
            return visit.to("/", why="logged-out")
        await visit.visitor.send("DELETE", "/v1/identity/sessions/{}", visit.name("session_id"))
        return visit.to("/account/sessions", done="ended")

    async def end_other_sessions(self, visit: Visit) -> web.Response:
        """End all sessions but this one."""
        visit.must_be("customer")
        await visit.form()
        await visit.visitor.send("DELETE", SESSIONS, query={"which": "others"})
        return visit.to("/account/sessions", done="others")

    async def end_everything(self, visit: Visit) -> web.Response:
        """End all sessions, this one among them, and all app passwords."""
        visit.must_be("customer")
        await visit.form()
        await visit.visitor.send("DELETE", SESSIONS, query={"which": "everything"})
        visit.visitor.session = None
        return visit.to("/account/log-in", why="everything")

    async def app_passwords(self, visit: Visit) -> web.Response:
        """Show the app passwords; none of them can be read again."""
        visit.must_be("customer")
        found = await visit.visitor.read(APP_PASSWORDS)
        return visit.page("app_passwords.html", items=found["items"], made=None)

    async def make_app_password(self, visit: Visit) -> web.Response:
        """Make an app password, and show it this once."""
        visit.must_be("customer")
        typed = await visit.form()
        body = {"label": typed.get("label", ""), "scope": typed.get("scope", "")}
        made = fault = None
        try:
            made = await visit.visitor.send("POST", APP_PASSWORDS, body=body, once=typed.get("once"))
        except ServiceError as refused:
            fault = refused
        found = await visit.visitor.read(APP_PASSWORDS)
        return visit.page(
            "app_passwords.html", items=found["items"], made=made, fault=fault, typed=typed if fault else {}
        )

    async def revoke_app_password(self, visit: Visit) -> web.Response:
        """Revoke an app password: the device is out within two seconds."""
        visit.must_be("customer")
        await visit.form()
        await visit.visitor.send("DELETE", f"{APP_PASSWORDS}/{{}}", visit.name("app_password_id"))
        return visit.to("/account/app-passwords", done="revoked")

    async def newsletters(self, visit: Visit) -> web.Response:
        """Show the lists that the account is on."""
        visit.must_be("customer")
        found = await visit.visitor.read(MY_SUBSCRIPTIONS)
        return visit.page("newsletters.html", items=found["items"])

    async def leave_newsletter(self, visit: Visit) -> web.Response:
        """Leave a list."""
        visit.must_be("customer")
        await visit.form()
        await visit.visitor.send("DELETE", f"{SUBSCRIPTIONS}/{{}}", visit.name("subscription_id"))
        return visit.to("/account/newsletters", done="left")

    async def seen(self, visit: Visit) -> web.Response:
        """Show who has seen the account's data: who, what, why, when."""
        visit.must_be("customer")
        cursor = {"cursor": visit.query("cursor")} if visit.query("cursor") else {}
        found = await visit.visitor.read(LEDGER, **cursor)
        return visit.page("seen.html", items=found["items"], next_cursor=found.get("next_cursor"))
