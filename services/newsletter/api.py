"""The HTTP API of newsletter."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal
from urllib.parse import quote

from aiohttp import web
from pydantic import AfterValidator, Field

from services.newsletter.domain import (
    CONSENT_TEXTS,
    CURRENT_CONSENT,
    Campaign,
    DeliveryState,
    MailingList,
    UnsubscribeMethod,
)
from services.newsletter.errors import CampaignNotFoundError, ListNotFoundError, SubscriptionNotFoundError
from services.newsletter.service import AccountExport, CampaignSender, SubscribeService, UnsubscribeService
from services.newsletter.service.export import SubscriptionDetails
from shared.clock import rfc3339
from shared.crypto import InvalidTokenError
from shared.mail import InvalidEmailAddressError
from shared.web import (
    PUBLIC,
    CursorPage,
    FormBody,
    JsonBody,
    PageQuery,
    Paginator,
    RateLimit,
    RequestContext,
    Route,
    Timestamp,
    View,
    customer,
    delete,
    get,
    post,
    staff,
)

_EDITOR_ROLES = ("support", "admin")
_MAX_TOKEN_LENGTH = 1_000


def _validate_single_line(text: str) -> str:
    # The text becomes an email header: a line break would start another one.
    if not text.isprintable():
        raise ValueError("give one line of printable characters")
    return text


def _validate_plain_text(text: str) -> str:
    if any(char < " " and char not in "\n\r\t" for char in text):
        raise ValueError("give plain text without control characters")
    return text


Email = Annotated[str, Field(min_length=3, max_length=320, description="one email address")]
ListId = Annotated[str, Field(pattern=r"^lst_[0-9a-z]{26}$")]
Token = Annotated[str, Field(min_length=1, max_length=_MAX_TOKEN_LENGTH, description="from the link in an email")]


class ListBody(JsonBody):
    """A new mailing list."""

    name: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_validate_single_line)]
    description: Annotated[str, Field(max_length=500), AfterValidator(_validate_plain_text)] = ""


class SubscribeBody(JsonBody):
    """A request to subscribe an address to a list."""

    list_id: ListId
    email: Email


class LinkTokenBody(JsonBody):
    """The token of a link in an email."""

    token: Token


class StaffUnsubscribeBody(JsonBody):
    """A request by email or telephone to end all subscriptions of an address."""

    email: Email
    reason: Annotated[
        str,
        Field(min_length=3, max_length=300, description="how the request reached us"),
        AfterValidator(_validate_plain_text),
    ]


class CampaignBody(JsonBody):
    """A new campaign: one email to all subscribers of a list."""

    list_id: ListId
    subject: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_validate_single_line)]
    text: Annotated[str, Field(min_length=1, max_length=100_000), AfterValidator(_validate_plain_text)]


class OneClickForm(FormBody):
    """The form that a mail provider posts for its user (RFC 8058)."""

    list_unsubscribe: Annotated[Literal["One-Click"], Field(alias="List-Unsubscribe")]

    @property
    def method(self) -> UnsubscribeMethod:
        """The method that the subscription was ended by."""
        return UnsubscribeMethod(self.list_unsubscribe.lower().replace("-", "_"))


class ListView(View):
    """A list with the consent text of a subscription to it."""

    list_id: str
    name: str
    description: str
    consent_version: str
    consent_text: str


class PendingView(View):
    """The answer to every request, so that it reveals no subscription; the owner of the address confirms."""

    state: str = "awaiting_confirmation"


class SubscribedView(View):
    """The confirmed subscription."""

    subscription_id: str
    list_id: str
    list_name: str


class ConsentView(View):
    """The stored evidence of a consent."""

    version: str
    text: str
    source: str
    requested_at: Timestamp
    confirmed_at: Timestamp


class SubscriptionView(View):
    """A subscription of the account."""

    subscription_id: str
    list_id: str
    list_name: str
    email: str
    consent: ConsentView


class SubscriptionsView(View):
    """The subscriptions of the account."""

    items: list[SubscriptionView]


class UnsubscribedView(View):
    """The answer to every valid token, also when the subscription was ended before."""

    unsubscribed: bool = True


class UnsubscribedCountView(View):
    """How many subscriptions of the address were ended."""

    unsubscribed_count: int


class CampaignView(View):
    """A campaign and the number of its emails in each state."""

    campaign_id: str
    list_id: str
    subject: str
    state: str
    counts: dict[str, int]
    created_at: Timestamp
    sent_at: Timestamp | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsletterApi:
    """The handlers of newsletter."""

    subscribe_service: SubscribeService
    unsubscribe_service: UnsubscribeService
    campaign_sender: CampaignSender
    account_export: AccountExport
    paginator: Paginator
    public_url: str
    opt_in_requests_per_minute: int

    def build_routes(self) -> tuple[Route, ...]:
        """Return all routes of newsletter."""
        return (*self._subscribe_routes(), *self._unsubscribe_routes(), *self._campaign_routes())

    def _subscribe_routes(self) -> tuple[Route, ...]:
        root, opt_ins = (
            "/v1/newsletter",
            RateLimit(self.opt_in_requests_per_minute, timedelta(minutes=1), "opt-in-requests"),
        )
        errors = (ListNotFoundError, InvalidEmailAddressError)
        return (
            post(f"{root}/lists", self.create_list, access=staff(*_EDITOR_ROLES), status=201, idempotent=True),
            get(f"{root}/lists", self.list_lists, access=PUBLIC),
            post(f"{root}/subscriptions", self.subscribe, access=PUBLIC, status=202, limit=opt_ins, errors=errors),
            post(f"{root}/confirmations", self.confirm_subscription, access=PUBLIC, errors=(InvalidTokenError,)),
            get(f"{root}/subscriptions/mine", self.list_my_subscriptions, access=customer()),
        )

    def _unsubscribe_routes(self) -> tuple[Route, ...]:
        root, by_link = "/v1/newsletter", "/v1/newsletter/unsubscribe/{token}"
        return (
            get(by_link, self.get_unsubscribe_page, access=PUBLIC, status=303),
            post(by_link, self.unsubscribe_one_click, access=PUBLIC, errors=(InvalidTokenError,)),
            post(f"{root}/unsubscriptions", self.unsubscribe, access=PUBLIC, errors=(InvalidTokenError,)),
            post(
                f"{root}/unsubscriptions/by-staff",
                self.unsubscribe_address,
                access=staff(*_EDITOR_ROLES),
                errors=(InvalidEmailAddressError,),
            ),
            delete(
                f"{root}/subscriptions/{{subscription_id}}",
                self.delete_subscription,
                access=customer(),
                errors=(SubscriptionNotFoundError,),
            ),
        )

    def _campaign_routes(self) -> tuple[Route, ...]:
        root, editors = "/v1/newsletter/campaigns", staff(*_EDITOR_ROLES)
        return (
            post(root, self.create_campaign, access=editors, status=201, idempotent=True, errors=(ListNotFoundError,)),
            post(
                f"{root}/{{campaign_id}}/send",
                self.send_campaign,
                access=editors,
                status=202,
                idempotent=True,
                errors=(CampaignNotFoundError,),
            ),
            get(f"{root}/{{campaign_id}}", self.get_campaign, access=editors, errors=(CampaignNotFoundError,)),
        )

    async def create_list(self, call: RequestContext, body: ListBody) -> ListView:
        """Create a list that people can subscribe to."""
        mailing_list = await self.subscribe_service.create_list(
            body.name, body.description, idempotency_key=call.idempotency_key, at=call.now
        )
        return _list_view(mailing_list)

    async def list_lists(self, call: RequestContext, query: PageQuery) -> CursorPage[ListView]:
        """List the mailing lists with their consent texts."""
        found = await self.subscribe_service.list_lists(
            after=self.paginator.decode_cursor(call, query), limit=query.limit + 1
        )
        return self.paginator.render(call, query, found, view=_list_view, position=lambda news: news.list_id)

    async def subscribe(self, call: RequestContext, body: SubscribeBody) -> PendingView:
        """Request a subscription. It starts when the owner of the address opens the link that we email."""
        account_id = call.principal.id if call.principal.kind == "customer" else ""
        await self.subscribe_service.request(body.list_id, body.email, account_id=account_id, at=call.now)
        return PendingView()

    async def confirm_subscription(self, call: RequestContext, body: LinkTokenBody) -> SubscribedView:
        """Confirm a subscription with the token of the email; a token works once."""
        subscription, mailing_list = await self.subscribe_service.confirm(body.token, at=call.now)
        return SubscribedView(
            subscription_id=subscription.subscription_id, list_id=mailing_list.list_id, list_name=mailing_list.name
        )

    async def list_my_subscriptions(self, call: RequestContext) -> SubscriptionsView:
        """List your subscriptions with the evidence of your consent."""
        return SubscriptionsView(
            items=[
                _subscription_view(details)
                for details in await self.account_export.list_subscriptions(call.principal.id)
            ]
        )

    async def get_unsubscribe_page(self, call: RequestContext) -> web.Response:
        """Lead to the page that unsubscribes; looking, as mail scanners do, changes nothing."""
        token = quote(call.path["token"][:_MAX_TOKEN_LENGTH], safe="")
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

    async def delete_subscription(self, call: RequestContext) -> None:
        """End one of your subscriptions."""
        await self.unsubscribe_service.unsubscribe_by_owner(
            call.principal.id, call.path["subscription_id"], at=call.now
        )

    async def create_campaign(self, call: RequestContext, body: CampaignBody) -> CampaignView:
        """Create a campaign; a second call sends it."""
        campaign = await self.campaign_sender.create(
            body.list_id, body.subject, body.text, idempotency_key=call.idempotency_key, at=call.now
        )
        return _campaign_view(campaign)

    async def send_campaign(self, call: RequestContext) -> CampaignView:
        """Send a campaign to the current subscribers of its list. Repeating the call has no effect."""
        return _campaign_view(await self.campaign_sender.start(call.path["campaign_id"], at=call.now))

    async def get_campaign(self, call: RequestContext) -> CampaignView:
        """Get a campaign and its counts. It is *sent* when no email is waiting."""
        return _campaign_view(await self.campaign_sender.get(call.path["campaign_id"]))


def _list_view(mailing_list: MailingList) -> ListView:
    return ListView(
        list_id=mailing_list.list_id,
        name=mailing_list.name,
        description=mailing_list.description,
        consent_version=CURRENT_CONSENT.version,
        consent_text=CURRENT_CONSENT.render(mailing_list.name),
    )


def _subscription_view(details: SubscriptionDetails) -> SubscriptionView:
    found = details.recipient.subscription
    consent = ConsentView(
        version=found.consent.consent_version,
        text=CONSENT_TEXTS[found.consent.consent_version].render(details.list_name),
        source=found.consent.source.value,
        requested_at=rfc3339(found.consent.requested_at),
        confirmed_at=rfc3339(found.consent.confirmed_at),
    )
    return SubscriptionView(
        subscription_id=found.subscription_id,
        list_id=found.list_id,
        list_name=details.list_name,
        email=details.recipient.email,
        consent=consent,
    )


def _campaign_view(campaign: Campaign) -> CampaignView:
    return CampaignView(
        campaign_id=campaign.campaign_id,
        list_id=campaign.list_id,
        subject=campaign.subject,
        state=campaign.state.value,
        counts={state.value: campaign.counts.get(state, 0) for state in DeliveryState},
        created_at=rfc3339(campaign.created_at),
        sent_at=rfc3339(campaign.sent_at) if campaign.sent_at else None,
    )
