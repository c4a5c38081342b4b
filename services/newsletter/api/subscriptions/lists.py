"""Mailing lists."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from services.newsletter.api.fields import EDITOR_ROLES, PlainText, SingleLine
from services.newsletter.domain.subscriptions.consent import CURRENT_CONSENT
from services.newsletter.domain.subscriptions.lists import MailingList
from services.newsletter.service.subscriptions.subscribe import SubscribeService
from shared.web import PUBLIC, CursorPage, JsonBody, PageQuery, Paginator, RequestContext, Route, View, get, post, staff

_LISTS = "/v1/newsletter/lists"


class ListBody(JsonBody):
    """A new mailing list."""

    name: Annotated[SingleLine, Field(min_length=1, max_length=100)]
    description: Annotated[PlainText, Field(max_length=500)] = ""


class ListView(View):
    """A list with the consent text of a subscription to it."""

    list_id: str
    name: str
    description: str
    consent_version: str
    consent_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MailingListsApi:
    """The handlers of mailing lists."""

    subscribe_service: SubscribeService
    paginator: Paginator

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        return (
            post(_LISTS, self.create_list, access=staff(*EDITOR_ROLES), status=201, idempotent=True),
            get(_LISTS, self.list_lists, access=PUBLIC),
        )

    async def create_list(self, call: RequestContext, body: ListBody) -> ListView:
        """Create a list that people can subscribe to."""
        mailing_list = await self.subscribe_service.create_list(
            body.name, body.description, idempotency_key=call.idempotency_key, at=call.now
        )
        return render_list(mailing_list)

    async def list_lists(self, call: RequestContext, query: PageQuery) -> CursorPage[ListView]:
        """List the mailing lists with their consent texts."""
        found = await self.subscribe_service.list_lists(
            after=self.paginator.decode_cursor(call, query), limit=query.limit + 1
        )
        return self.paginator.render(call, query, found, view=render_list, position=lambda news: news.list_id)


def render_list(mailing_list: MailingList) -> ListView:
    """Return a list as it is shown."""
    return ListView(
        list_id=mailing_list.list_id,
        name=mailing_list.name,
        description=mailing_list.description,
        consent_version=CURRENT_CONSENT.version,
        consent_text=CURRENT_CONSENT.render(mailing_list.name),
    )
