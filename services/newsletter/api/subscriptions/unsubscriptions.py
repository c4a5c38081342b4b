"""Every way to unsubscribe without a login, and the staff's (C10)."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated
from urllib.parse import quote

from aiohttp import web
from pydantic import Field

from services.newsletter.api.fields import (
    EDITOR_ROLES,
    MAX_TOKEN_LENGTH,
    Email,
    LinkTokenBody,
    LinkTokenQuery,
    PlainText,
)
from services.newsletter.domain.subscriptions.subscriptions import UnsubscribeMethod
from services.newsletter.service.subscriptions.link_requests import UnsubscribeLinkService
from services.newsletter.service.subscriptions.unsubscribe import UnsubscribeService
from shared.card_numbers import contains_card_number
from shared.crypto import InvalidTokenError
from shared.errors import TooLargeError
from shared.mail import InvalidEmailAddressError
from shared.web import PUBLIC, JsonBody, RateLimit, RequestContext, Route, View, get, post, staff

_MAX_ONE_CLICK_BODY = 1024


class StaffUnsubscribeBody(JsonBody):
    """A request by email or telephone to end all subscriptions of an address."""

    email: Email
    reason: Annotated[PlainText, Field(min_length=3, max_length=300, description="how the request reached us")]


class LinkRequestBody(JsonBody):
    """The address of a subscriber without an email of ours at which to click."""

    email: Email


class UnsubscribedView(View):
    """The answer to every valid token, also when the subscription was ended before."""

    unsubscribed: bool = True


class OneClickView(View):
    """The answer to every one-click request, whether or not its token is one of ours."""

    unsubscribed: bool = True


class UnsubscriptionView(View):
    """What a link ends. The address is masked: a forwarded email must not reveal it."""

    is_subscribed: bool
    list_name: str
    """Empty when nothing is stored of the subscription any more."""
    masked_email: str
    """Empty when the subscription was ended."""


class LinkRequestView(View):
    """The answer to every request, so that it reveals no subscription."""

    state: str = "links_are_sent_if_subscribed"


class UnsubscribedCountView(View):
    """How many subscriptions of the address, in any letter case, were ended."""

    unsubscribed_count: int
    similar_count: int
    """Subscriptions of addresses that differ only in dots or in a ``+tag``; ask the owner for the exact spelling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsubscriptionsApi:
    """The handlers of unsubscribing."""

    unsubscribe_service: UnsubscribeService
    unsubscribe_link_service: UnsubscribeLinkService
    public_url: str
    link_requests_per_minute: int

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        by_link, unsubscriptions = "/v1/newsletter/unsubscribe/{token}", "/v1/newsletter/unsubscriptions"
        link_requests = RateLimit(self.link_requests_per_minute, timedelta(minutes=1), "unsubscribe-links")
        return (
            get(by_link, self.get_unsubscribe_page, access=PUBLIC, status=303),
            post(by_link, self.unsubscribe_one_click, access=PUBLIC, errors=(TooLargeError,)),
            get(unsubscriptions, self.get_unsubscription, access=PUBLIC, errors=(InvalidTokenError,)),
            post(unsubscriptions, self.unsubscribe, access=PUBLIC, errors=(InvalidTokenError,)),
            post(
                "/v1/newsletter/unsubscribe-links",
                self.request_unsubscribe_links,
                access=PUBLIC,
                status=202,
                limit=link_requests,
                errors=(InvalidEmailAddressError,),
            ),
            post(
                f"{unsubscriptions}/by-staff",
                self.unsubscribe_address,
                access=staff(*EDITOR_ROLES),
                errors=(InvalidEmailAddressError,),
            ),
        )

    async def get_unsubscribe_page(self, call: RequestContext) -> web.Response:
        """Lead to the page that unsubscribes; looking, as mail scanners do, changes nothing."""
        typed = call.path["token"][:MAX_TOKEN_LENGTH]
        # Not told back: a card number in the place of the token (C18). A link of ours has none.
        token = "" if contains_card_number(typed) else quote(typed, safe="")
        return web.Response(status=303, headers={"Location": f"{self.public_url}/newsletter/unsubscribe?token={token}"})

    async def unsubscribe_one_click(self, call: RequestContext) -> OneClickView:
        """Unsubscribe with one click, as mail providers do (RFC 8058). Links never expire.

        The token names what is to end, and mail providers differ in what they send: a body of any form is read, up to
        1 KiB, and ignored. A token that is not ours gets the same answer, so that it reveals no live token.
        """
        async for _ in call.iter_body(limit=_MAX_ONE_CLICK_BODY):
            pass
        with suppress(InvalidTokenError):
            await self.unsubscribe_service.unsubscribe_by_token(
                call.path["token"], method=UnsubscribeMethod.ONE_CLICK, at=call.now
            )
        return OneClickView()

    async def get_unsubscription(self, call: RequestContext, query: LinkTokenQuery) -> UnsubscriptionView:
        """Show what the token of a newsletter ends; looking, as mail scanners do, changes nothing."""
        details = await self.unsubscribe_service.get_details(query.token, at=call.now)
        return UnsubscriptionView(
            is_subscribed=details.is_subscribed, list_name=details.list_name, masked_email=details.masked_email
        )

    async def request_unsubscribe_links(self, call: RequestContext, body: LinkRequestBody) -> LinkRequestView:
        """Request an email with one unsubscribe link for each list that an address is subscribed to."""
        await self.unsubscribe_link_service.request_links(body.email, at=call.now)
        return LinkRequestView()

    async def unsubscribe(self, call: RequestContext, body: LinkTokenBody) -> UnsubscribedView:
        """Unsubscribe with the token of any newsletter, without a login."""
        await self.unsubscribe_service.unsubscribe_by_token(body.token, method=UnsubscribeMethod.PAGE, at=call.now)
        return UnsubscribedView()

    async def unsubscribe_address(self, call: RequestContext, body: StaffUnsubscribeBody) -> UnsubscribedCountView:
        """Unsubscribe an address, in any letter case, from all lists at its owner's request."""
        ended = await self.unsubscribe_service.unsubscribe_address(
            body.email, body.reason, staff_id=call.principal.id, at=call.now
        )
        return UnsubscribedCountView(unsubscribed_count=ended.subscriptions, similar_count=ended.similar)
