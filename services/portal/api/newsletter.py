"""Pages of newsletters, without login: subscribe, confirm, unsubscribe."""

from typing import Any

from aiohttp import web

from services.portal.api.context import FormData, PageContext
from services.portal.api.middleware import FORM_RATE_LIMIT, PageRoute, form_route, page_route
from services.portal.domain import SIGN_UP
from services.portal.errors import LoginRequiredError
from shared.crypto import InvalidTokenError
from shared.errors import ServiceError

_CONFIRMATIONS = "/v1/newsletter/confirmations"
_UNSUBSCRIPTIONS = "/v1/newsletter/unsubscriptions"


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
            # Without a limit: after a campaign a whole office, school or carrier comes from one address (C10).
            form_route("/newsletter/unsubscribe", self.submit_unsubscribe, is_public=True),
            form_route("/newsletter/unsubscribe-links", self.submit_link_request, limit=FORM_RATE_LIMIT),
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
        """Show what is confirmed, and a button: a mail scanner that opens the link must not confirm."""
        token = context.get_query("token")
        details, fault = await _look_up(context, _CONFIRMATIONS, token)
        return context.render(
            "newsletter_confirm.html", fault=fault, token=token if details else "", details=details or {}
        )

    async def submit_confirmation(self, context: PageContext) -> web.Response:
        """Confirm the subscription, for the account of a customer who is logged in."""
        typed = await context.read_form()
        token = typed.get("token", "")
        try:
            confirmed = await _confirm(context, token)
        except ServiceError as fault:
            details, _ = await _look_up(context, _CONFIRMATIONS, token)
            return context.render(
                "newsletter_confirm.html", fault=fault, token=token if details else "", details=details or {}
            )
        return context.render("newsletter_confirmed.html", list_name=confirmed["list_name"])

    async def show_unsubscribe(self, context: PageContext) -> web.Response:
        """Show what the link ends, and a button: a mail scanner that opens it must not unsubscribe (RFC 8058)."""
        token = context.get_query("token")
        details, fault = await _look_up(context, _UNSUBSCRIPTIONS, token)
        # An unavailable lookup must not take away the button; a link that is no link has none.
        is_refused = fault is not None and fault.code == InvalidTokenError.code
        return context.render(
            "newsletter_unsubscribe.html", fault=fault, token="" if is_refused else token, details=details or {}
        )

    async def submit_unsubscribe(self, context: PageContext) -> web.Response:
        """Unsubscribe without a login."""
        typed = await context.read_form()
        token = typed.get("token", "")
        details, _ = await _look_up(context, _UNSUBSCRIPTIONS, token)
        try:
            await context.user_session.post_public(_UNSUBSCRIPTIONS, {"token": token})
        except ServiceError as fault:
            is_refused = fault.code == InvalidTokenError.code
            return context.render(
                "newsletter_unsubscribe.html", fault=fault, token="" if is_refused else token, details=details or {}
            )
        return context.render("newsletter_unsubscribed.html", list_name=(details or {}).get("list_name", ""))

    async def submit_link_request(self, context: PageContext) -> web.Response:
        """Request an email with the unsubscribe links of an address, for a person without a letter."""
        typed = await context.read_form()
        try:
            body = {"email": typed.get("email", "")}
            await context.user_session.post_public("/v1/newsletter/unsubscribe-links", body)
        except ServiceError as fault:
            return context.render("newsletter_unsubscribe.html", fault=fault, typed=typed, token="", details={})
        return context.render("newsletter_links_requested.html", typed=typed)

    async def _render_lists(
        self, context: PageContext, fault: ServiceError | None = None, typed: FormData | None = None
    ) -> web.Response:
        found = await context.user_session.get_public("/v1/newsletter/lists")
        wanted = {"list_id": context.get_query("list")} if typed is None else typed
        return context.render("newsletter.html", fault=fault, typed=wanted, lists=found["items"])


async def _confirm(context: PageContext, token: str) -> Any:
    body = {"token": token}
    if context.session is not None and not context.session.is_staff:
        try:
            return await context.user_session.send("POST", _CONFIRMATIONS, body=body)
        except LoginRequiredError:
            pass  # the login has ended: confirm as anybody who has the email may
    return await context.user_session.post_public(_CONFIRMATIONS, body)


async def _look_up(context: PageContext, path: str, token: str) -> tuple[dict[str, Any] | None, ServiceError | None]:
    """Return what *token* stands for, or the error; neither without a token."""
    if not token:
        return None, None
    try:
        return await context.user_session.get_public(path, token=token), None
    except ServiceError as fault:
        return None, fault
