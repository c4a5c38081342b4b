"""Newsletters for everybody: join, confirm, leave. No log-in is needed for any of it."""

from aiohttp import web

from services.portal.api.frame import OFTEN, PageRoute, sent, shown
from services.portal.api.visit import Typed, Visit
from services.portal.domain import SIGN_UP
from shared.errors import ServiceError


class NewsletterPages:
    """The handlers."""

    def routes(self) -> tuple[PageRoute, ...]:
        """Return the newsletter pages."""
        return (
            shown("/newsletter", self.lists),
            sent("/newsletter", self.subscribe, limit=OFTEN),
            shown("/newsletter/confirm", self.look_at_confirmation),
            sent("/newsletter/confirm", self.confirm, limit=OFTEN),
            shown("/newsletter/unsubscribe", self.look_at_unsubscription),
            sent("/newsletter/unsubscribe", self.unsubscribe, limit=OFTEN),
        )

    async def lists(self, visit: Visit) -> web.Response:
        """Show the lists with a form to join one."""
        return await self._lists(visit)

    async def subscribe(self, visit: Visit) -> web.Response:
        """Ask to join; only the link in the mail makes a subscriber."""
        typed = await visit.form()
        if visit.cookie(SIGN_UP) is not None:
            return visit.page("sign_up_closed.html")  # the same door as the sign-up: closed is closed (C23)
        wish = {"list_id": typed.get("list_id", ""), "email": typed.get("email", "")}
        try:
            if visit.session is not None and not visit.session.is_staff:
                await visit.visitor.send("POST", "/v1/newsletter/subscriptions", body=wish)
            else:
                await visit.visitor.tell("/v1/newsletter/subscriptions", wish)
        except ServiceError as fault:
            return await self._lists(visit, fault, typed)
        return visit.page("newsletter_asked.html", typed=typed)

    async def look_at_confirmation(self, visit: Visit) -> web.Response:
        """Show a button: a mail scanner that opens the link must not subscribe anybody."""
        return visit.page("newsletter_confirm.html", token=visit.query("token"))

    async def confirm(self, visit: Visit) -> web.Response:
        """Confirm."""
        typed = await visit.form()
        try:
            await visit.visitor.tell("/v1/newsletter/confirmations", {"token": typed.get("token", "")})
        except ServiceError as fault:
            return visit.page("newsletter_confirm.html", fault=fault, token="")
        return visit.page("newsletter_confirmed.html")

    async def look_at_unsubscription(self, visit: Visit) -> web.Response:
        """Show a button: a mail scanner that opens the link must not end anything (RFC 8058)."""
        return visit.page("newsletter_leave.html", token=visit.query("token"))

    async def unsubscribe(self, visit: Visit) -> web.Response:
        """Leave the list, at once and without a log-in."""
        typed = await visit.form()
        token = typed.get("token", "")
        try:
            await visit.visitor.tell("/v1/newsletter/unsubscriptions", {"token": token})
        except ServiceError as fault:
            return visit.page("newsletter_leave.html", fault=fault, token=token)
        return visit.page("newsletter_left.html")

    async def _lists(self, visit: Visit, fault: ServiceError | None = None, typed: Typed | None = None) -> web.Response:
        found = await visit.visitor.look("/v1/newsletter/lists")
        wanted = {"list_id": visit.query("list")} if typed is None else typed
        return visit.page("newsletter.html", fault=fault, typed=wanted, lists=found["items"])
