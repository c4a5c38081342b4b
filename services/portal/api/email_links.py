"""Pages of links in emails. Only the button acts, because mail programs open links automatically."""

from dataclasses import dataclass

from aiohttp import web

from services.portal.api.context import PageContext
from services.portal.api.middleware import PageRoute, page_route, public_form_route
from shared.errors import ServiceError


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailLinkPage:
    """The page of one kind of link, and the request of its button."""

    path: str
    api: str
    template: str
    invalid_code: str
    """The error code of an invalid token: it hides the button, other errors keep it for a retry."""

    def build_routes(self) -> tuple[PageRoute, ...]:
        """Return the page and the route of its button."""
        return (
            page_route(self.path, self.show_button),
            public_form_route(self.path, self.submit_button),
        )

    async def show_button(self, context: PageContext) -> web.Response:
        """Show the button, or its result."""
        return context.render(
            self.template, action=self.path, token=context.get_query("token"), done=bool(context.get_query("done"))
        )

    async def submit_button(self, context: PageContext) -> web.Response:
        """Send the request of the link."""
        typed = await context.read_form()
        token = typed.get("token", "")
        try:
            await context.user_session.post_public(self.api, {"token": token})
        except ServiceError as fault:
            retry_token = "" if fault.code == self.invalid_code else token
            return context.render(self.template, fault=fault, action=self.path, token=retry_token, done=False)
        return context.redirect(self.path, done="yes")


EMAIL_LINK_PAGES = (
    EmailLinkPage(
        path="/account/confirm-email",
        api="/v1/identity/email-changes/confirmations",
        template="link_confirm_email.html",
        invalid_code="identity.email_change_token.invalid",
    ),
    EmailLinkPage(
        path="/account/revert-email",
        api="/v1/identity/email-changes/reversals",
        template="link_revert_email.html",
        invalid_code="identity.email_change_token.invalid",
    ),
    EmailLinkPage(
        path="/account/cancel-erasure",
        api="/v1/identity/erasures/cancellations",
        template="link_cancel_erasure.html",
        invalid_code="identity.erasure.not_scheduled",
    ),
    EmailLinkPage(
        path="/account/object",
        api="/v1/identity/announced-actions/objections/by-link",
        template="link_object.html",
        invalid_code="identity.objection_token.invalid",
    ),
    EmailLinkPage(
        path="/account/lock",
        api="/v1/identity/account-locks",
        template="link_lock.html",
        invalid_code="identity.lock_token.invalid",
    ),
)
