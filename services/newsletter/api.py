"""Newsletter over HTTP: parse, one call, render."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal
from urllib.parse import quote

from aiohttp import web
from pydantic import AfterValidator, Field

from services.newsletter.domain import CURRENT, WORDINGS, Campaign, DeliveryState, Door, NewsList
from services.newsletter.errors import CampaignNotFoundError, ListNotFoundError, SubscriptionNotFoundError
from services.newsletter.service import Holdings, Joining, Leaving, Sending
from services.newsletter.service.holdings import Held
from shared.clock import rfc3339
from shared.crypto import LinkRefusedError
from shared.mail import InvalidAddressError
from shared.web import (
    PUBLIC,
    Body,
    Call,
    Form,
    Page,
    PageQuery,
    Pages,
    RateLimit,
    Route,
    View,
    customer,
    delete,
    get,
    post,
    staff,
)

_EDITORS = ("support", "admin")
_LONGEST_TOKEN = 1_000


def _one_line(text: str) -> str:
    # What becomes a header of a mail must not begin another one.
    if not text.isprintable():
        raise ValueError("give one line of printable characters")
    return text


def _plain(text: str) -> str:
    if any(char < " " and char not in "\n\r\t" for char in text):
        raise ValueError("give plain text without control characters")
    return text


Email = Annotated[str, Field(min_length=3, max_length=320, description="one address")]
ListId = Annotated[str, Field(pattern=r"^lst_[0-9a-z]{26}$")]
Token = Annotated[str, Field(min_length=1, max_length=_LONGEST_TOKEN, description="from the link in a mail")]


class ListBody(Body):
    """A list that people can join."""

    name: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_one_line)]
    description: Annotated[str, Field(max_length=500), AfterValidator(_plain)] = ""


class WishBody(Body):
    """Which list, and where its letters are to go."""

    list_id: ListId
    email: Email


class TokenBody(Body):
    """The token out of a link."""

    token: Token


class RequestBody(Body):
    """Somebody has asked us to end all subscriptions of an address."""

    email: Email
    reason: Annotated[str, Field(min_length=3, max_length=300, description="how it was asked"), AfterValidator(_plain)]


class CampaignBody(Body):
    """A letter to all who are on a list."""

    list_id: ListId
    subject: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_one_line)]
    text: Annotated[str, Field(min_length=1, max_length=100_000), AfterValidator(_plain)]


class OneClickForm(Form):
    """What a mail provider posts for its reader (RFC 8058)."""

    list_unsubscribe: Annotated[Literal["One-Click"], Field(alias="List-Unsubscribe")]

    @property
    def door(self) -> Door:
        """The door that this form is."""
        return Door(self.list_unsubscribe.lower().replace("-", "_"))


class ListView(View):
    """A list, and the words that joining it agrees to."""

    list_id: str
    name: str
    description: str
    consent_version: str
    consent_text: str


class AskedView(View):
    """Always the same: whoever reads that mailbox decides."""

    state: str = "awaiting_confirmation"


class SubscribedView(View):
    """The list that was joined."""

    subscription_id: str
    list_id: str
    list_name: str


class ConsentView(View):
    """The evidence that is kept of a consent."""

    version: str
    text: str
    how: str
    asked_at: str
    confirmed_at: str


class SubscriptionView(View):
    """A subscription as its owner sees it."""

    subscription_id: str
    list_id: str
    list_name: str
    email: str
    consent: ConsentView


class SubscriptionsView(View):
    """The subscriptions that are linked to the account."""

    items: list[SubscriptionView]


class LeftView(View):
    """Always the same, also for a subscription that had ended before."""

    unsubscribed: bool = True


class EndedView(View):
    """How many subscriptions of the address have ended."""

    ended: int


class CampaignView(View):
    """A campaign and what became of its letters."""

    campaign_id: str
    list_id: str
    subject: str
    state: str
    counts: dict[str, int]
    created_at: str
    sent_at: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsletterApi:
    """The handlers."""

    joining: Joining
    leaving: Leaving
    sending: Sending
    holdings: Holdings
    pages: Pages
    public_url: str
    joins_per_minute: int

    def routes(self) -> tuple[Route, ...]:
        """Return the routes of newsletter."""
        return (*self._of_joining(), *self._of_leaving(), *self._of_sending())

    def _of_joining(self) -> tuple[Route, ...]:
        root, joins = "/v1/newsletter", RateLimit(self.joins_per_minute, timedelta(minutes=1), "joins")
        refused = (ListNotFoundError, InvalidAddressError)
        return (
            post(f"{root}/lists", self.make_list, access=staff(*_EDITORS), status=201, idempotent=True),
            get(f"{root}/lists", self.show_lists, access=PUBLIC),
            post(f"{root}/subscriptions", self.ask, access=PUBLIC, status=202, limit=joins, errors=refused),
            post(f"{root}/confirmations", self.confirm, access=PUBLIC, errors=(LinkRefusedError,)),
            get(f"{root}/subscriptions/mine", self.show_mine, access=customer()),
        )

    def _of_leaving(self) -> tuple[Route, ...]:
        root, by_link = "/v1/newsletter", "/v1/newsletter/unsubscribe/{token}"
        return (
            get(by_link, self.look_at_link, access=PUBLIC, status=303),
            post(by_link, self.leave_in_one_click, access=PUBLIC, errors=(LinkRefusedError,)),
            post(f"{root}/unsubscriptions", self.leave_on_page, access=PUBLIC, errors=(LinkRefusedError,)),
            post(
                f"{root}/unsubscriptions/by-staff",
                self.leave_by_staff,
                access=staff(*_EDITORS),
                errors=(InvalidAddressError,),
            ),
            delete(
                f"{root}/subscriptions/{{subscription_id}}",
                self.leave_by_owner,
                access=customer(),
                errors=(SubscriptionNotFoundError,),
            ),
        )

    def _of_sending(self) -> tuple[Route, ...]:
        root, editors = "/v1/newsletter/campaigns", staff(*_EDITORS)
        return (
            post(root, self.draft, access=editors, status=201, idempotent=True, errors=(ListNotFoundError,)),
            post(
                f"{root}/{{campaign_id}}/send",
                self.send,
                access=editors,
                status=202,
                idempotent=True,
                errors=(CampaignNotFoundError,),
            ),
            get(f"{root}/{{campaign_id}}", self.show_campaign, access=editors, errors=(CampaignNotFoundError,)),
        )

    async def make_list(self, call: Call, body: ListBody) -> ListView:
        """Make a list that people can join."""
        made = await self.joining.make_list(body.name, body.description, operation=call.operation, at=call.now)
        return _list(made)

    async def show_lists(self, call: Call, query: PageQuery) -> Page[ListView]:
        """List what can be joined, with the words that joining agrees to."""
        found = await self.joining.all_lists(after=self.pages.after(call, query), most=query.limit + 1)
        return self.pages.page(call, query, found, view=_list, position=lambda news: news.list_id)

    async def ask(self, call: Call, body: WishBody) -> AskedView:
        """Ask for a list: a mail to the address asks for the confirmation, without which nothing is kept."""
        account_id = call.who.id if call.who.kind == "customer" else ""
        await self.joining.ask(body.list_id, body.email, account_id=account_id, at=call.now)
        return AskedView()

    async def confirm(self, call: Call, body: TokenBody) -> SubscribedView:
        """Confirm with the token out of the mail; it works once."""
        made, news = await self.joining.confirm(body.token, at=call.now)
        return SubscribedView(subscription_id=made.subscription_id, list_id=news.list_id, list_name=news.name)

    async def show_mine(self, call: Call) -> SubscriptionsView:
        """List the own subscriptions with the evidence of the consent."""
        return SubscriptionsView(items=[_subscription(held) for held in await self.holdings.mine(call.who.id)])

    async def look_at_link(self, call: Call) -> web.Response:
        """Lead to the page that unsubscribes; looking, as mail scanners do, changes nothing."""
        token = quote(call.path["token"][:_LONGEST_TOKEN], safe="")
        return web.Response(status=303, headers={"Location": f"{self.public_url}/newsletter/unsubscribe?token={token}"})

    async def leave_in_one_click(self, call: Call, form: OneClickForm) -> LeftView:
        """Unsubscribe as mail providers do for their readers (RFC 8058); the link of an old letter works, too."""
        await self.leaving.by_token(call.path["token"], door=form.door, at=call.now)
        return LeftView()

    async def leave_on_page(self, call: Call, body: TokenBody) -> LeftView:
        """Unsubscribe with the token out of any letter, without logging in."""
        await self.leaving.by_token(body.token, door=Door.PAGE, at=call.now)
        return LeftView()

    async def leave_by_staff(self, call: Call, body: RequestBody) -> EndedView:
        """Unsubscribe somebody who has asked us to."""
        ended = await self.leaving.by_staff(body.email, body.reason, by=call.who.id, at=call.now)
        return EndedView(ended=ended)

    async def leave_by_owner(self, call: Call) -> None:
        """End an own subscription."""
        await self.leaving.by_owner(call.who.id, call.path["subscription_id"], at=call.now)

    async def draft(self, call: Call, body: CampaignBody) -> CampaignView:
        """Write a campaign; it is sent by another call."""
        made = await self.sending.draft(body.list_id, body.subject, body.text, operation=call.operation, at=call.now)
        return _campaign(made)

    async def send(self, call: Call) -> CampaignView:
        """Send a campaign to those who are on its list now; sent twice, it is sent once."""
        return _campaign(await self.sending.begin(call.path["campaign_id"], at=call.now))

    async def show_campaign(self, call: Call) -> CampaignView:
        """Read where a campaign stands; *sent* only when every letter was accepted, withheld or refused for good."""
        return _campaign(await self.sending.read(call.path["campaign_id"]))


def _list(news: NewsList) -> ListView:
    return ListView(
        list_id=news.list_id,
        name=news.name,
        description=news.description,
        consent_version=CURRENT.version,
        consent_text=CURRENT.shown(news.name),
    )


def _subscription(held: Held) -> SubscriptionView:
    found = held.recipient.subscription
    consent = ConsentView(
        version=found.consent.wording,
        text=WORDINGS[found.consent.wording].shown(held.list_name),
        how=found.consent.how.value,
        asked_at=rfc3339(found.consent.asked_at),
        confirmed_at=rfc3339(found.consent.confirmed_at),
    )
    return SubscriptionView(
        subscription_id=found.subscription_id,
        list_id=found.list_id,
        list_name=held.list_name,
        email=held.recipient.email,
        consent=consent,
    )


def _campaign(found: Campaign) -> CampaignView:
    return CampaignView(
        campaign_id=found.campaign_id,
        list_id=found.list_id,
        subject=found.subject,
        state=found.state.value,
        counts={state.value: found.counts.get(state, 0) for state in DeliveryState},
        created_at=rfc3339(found.created_at),
        sent_at=rfc3339(found.sent_at) if found.sent_at else None,
    )
