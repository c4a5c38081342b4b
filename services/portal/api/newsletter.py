"""Pages of newsletters, without login: subscribe, confirm, unsubscribe."""

from aiohttp import web

from services.portal.api.context import FormData, PageContext
from services.portal.api.middleware import FORM_RATE_LIMIT, PageRoute, form_route, page_route
from services.portal.domain import SIGN_UP
from shared.errors import ServiceError


class NewsletterPages:
    """Handlers of the newsletter pages."""

    def build_routes(self) -> tuple[PageRoute, ...]:
        """Return the newsletter pages."""
        return (
            page_route("/newsletter", self.show_lists),
            form_route("/newsletter", self.submit_subscription, limit=FORM_RATE_LIMIT),
            page_route("/newsletter/confirm", self.show_confirmation),
            form_route("/newsletter/confirm", self.submit_confirmation, limit=FORM_RATE_LIMIT),
            page_route("/newsletter/unsubscribe", self.show_unsubscribe),
            form_route("/newsletter/unsubscribe", self.submit_unsubscribe, limit=FORM_RATE_LIMIT),
        )

    async def show_lists(self, context: PageContext) -> web.Response:
        """Show the newsletters and the subscription form."""
        return await self._render_lists(context)

    async def submit_subscription(self, context: PageContext) -> web.Response:
        """Request a subscription, which starts with the confirmation by email."""
        typed = await context.read_form()
        if context.get_cookie(SIGN_UP) is not None:
            return context.render("sign_up_closed.html")  # the same door as the sign-up: closed is closed (C23)
        body = {"list_id": typed.get("list_id", ""), "email": typed.get("email", "")}
        try:
            if context.session is not None and not context.session.is_staff:
                await context.user_session.send("POST", "/v1/newsletter/subscriptions", body=body)
            else:
                await context.user_session.post_public("/v1/newsletter/subscriptions", body)
        except ServiceError as fault:
            return await self._render_lists(context, fault, typed)
        return context.render("newsletter_requested.html", typed=typed)

    async def show_confirmation(self, context: PageContext) -> web.Response:
        """Show a button: a mail scanner that opens the link must not confirm."""
        return context.render("newsletter_confirm.html", token=context.get_query("token"))

    async def submit_confirmation(self, context: PageContext) -> web.Response:
        """Confirm the subscription."""
        typed = await context.read_form()
        try:
            await context.user_session.post_public("/v1/newsletter/confirmations", {"token": typed.get("token", "")})
        except ServiceError as fault:
            return context.render("newsletter_confirm.html", fault=fault, token="")
        return context.render("newsletter_confirmed.html")

    async def show_unsubscribe(self, context: PageContext) -> web.Response:
        """Show a button: a mail scanner that opens the link must not unsubscribe (RFC 8058)."""
        return context.render("newsletter_unsubscribe.html", token=context.get_query("token"))

    async def submit_unsubscribe(self, context: PageContext) -> web.Response:
        """Unsubscribe without a login."""
        typed = await context.read_form()
        token = typed.get("token", "")
        try:
            await context.user_session.post_public("/v1/newsletter/unsubscriptions", {"token": token})
        except ServiceError as fault:
            return context.render("newsletter_unsubscribe.html", fault=fault, token=token)
        return context.render("newsletter_unsubscribed.html")

    async def _render_lists(
        self, context: PageContext, fault: ServiceError | None = None, typed: FormData | None = None
    ) -> web.Response:
        found = await context.user_session.get_public("/v1/newsletter/lists")
        wanted = {"list_id": context.get_query("list")} if typed is None else typed
        return context.render("newsletter.html", fault=fault, typed=wanted, lists=found["items"])
