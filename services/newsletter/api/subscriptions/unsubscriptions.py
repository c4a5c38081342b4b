"""Every way to unsubscribe without a login, and the staff's (C10)."""

from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import quote

from aiohttp import web
from pydantic import Field

from services.newsletter.api.fields import EDITOR_ROLES, MAX_TOKEN_LENGTH, Email, LinkTokenBody, PlainText
from services.newsletter.domain.subscriptions.subscriptions import UnsubscribeMethod
from services.newsletter.service.subscriptions.unsubscribe import UnsubscribeService
from shared.crypto import InvalidTokenError
from shared.mail import InvalidEmailAddressError
from shared.web import PUBLIC, FormBody, JsonBody, RequestContext, Route, View, get, post, staff


class StaffUnsubscribeBody(JsonBody):
    """A request by email or telephone to end all subscriptions of an address."""

    email: Email
    reason: Annotated[PlainText, Field(min_length=3, max_length=300, description="how the request reached us")]


class OneClickForm(FormBody):
    """The form that a mail provider posts for its user (RFC 8058)."""

    list_unsubscribe: Annotated[Literal["One-Click"], Field(alias="List-Unsubscribe")]

    @property
    def method(self) -> UnsubscribeMethod:
        """The method that the subscription was ended by."""
        return UnsubscribeMethod(self.list_unsubscribe.lower().replace("-", "_"))


class UnsubscribedView(View):
    """The answer to every valid token, also when the subscription was ended before."""

    unsubscribed: bool = True


class UnsubscribedCountView(View):
    """How many subscriptions of the address were ended."""

    unsubscribed_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsubscriptionsApi:
    """The handlers of unsubscribing."""

    unsubscribe_service: UnsubscribeService
    public_url: str

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        root, by_link = "/v1/newsletter", "/v1/newsletter/unsubscribe/{token}"
        return (
            get(by_link, self.get_unsubscribe_page, access=PUBLIC, status=303),
            post(by_link, self.unsubscribe_one_click, access=PUBLIC, errors=(InvalidTokenError,)),
            post(f"{root}/unsubscriptions", self.unsubscribe, access=PUBLIC, errors=(InvalidTokenError,)),
            post(
                f"{root}/unsubscriptions/by-staff",
                self.unsubscribe_address,
                access=staff(*EDITOR_ROLES),
                errors=(InvalidEmailAddressError,),
            ),
        )

    async def get_unsubscribe_page(self, call: RequestContext) -> web.Response:
        """Lead to the page that unsubscribes; looking, as mail scanners do, changes nothing."""
        token = quote(call.path["token"][:MAX_TOKEN_LENGTH], safe="")
        return web.Response(status=303, headers={"Location": f"{self.public_url}/newsletter/unsubscribe?token={token}"})

    async def unsubscribe_one_click(self, call: RequestContext, form: OneClickForm) -> UnsubscribedView:
        """Unsubscribe with one click, as mail providers do (RFC 8058). Links never expire."""
        await self.unsubscribe_service.unsubscribe_by_token(call.path["token"], method=form.method, at=call.now)
        return UnsubscribedView()

    async def unsubscribe(self, call: RequestContext, body: LinkTokenBody) -> UnsubscribedView:
        """Unsubscribe with the token of any newsletter, without a login."""
        await self.unsubscribe_service.unsubscribe_by_token(body.token, method=UnsubscribeMethod.PAGE, at=call.now)
        return UnsubscribedView()

    async def unsubscribe_address(self, call: RequestContext, body: StaffUnsubscribeBody) -> UnsubscribedCountView:
        """Unsubscribe an address from all lists at its owner's request."""
        count = await self.unsubscribe_service.unsubscribe_address(
            body.email, body.reason, staff_id=call.principal.id, at=call.now
        )
        return UnsubscribedCountView(unsubscribed_count=count)
