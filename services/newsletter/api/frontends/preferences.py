"""The lists as a frontend shows them: one list for a sign-up form, and all with the state of the logged-in customer."""

from dataclasses import dataclass

from services.newsletter.api.subscriptions.lists import ListView, render_list
from services.newsletter.errors import ListNotFoundError
from services.newsletter.service.subscriptions.preferences import ListPreference, PreferenceService
from shared.clock import rfc3339
from shared.web import (
    PUBLIC,
    CursorPage,
    PageQuery,
    Paginator,
    RequestContext,
    Route,
    Timestamp,
    View,
    customer,
    get,
)


class PreferenceView(View):
    """A list, and whether the customer is subscribed to it."""

    list: ListView
    state: str
    """`none`, `subscribed` or `suspended`: emails to the address came back."""
    subscription_id: str | None
    """Deletes the subscription at `/v1/newsletter/subscriptions/{subscription_id}`."""
    subscribed_at: Timestamp | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferencesApi:
    """The handlers for frontends."""

    preference_service: PreferenceService
    paginator: Paginator

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        return (
            get("/v1/newsletter/lists/{list_id}", self.get_list, access=PUBLIC, errors=(ListNotFoundError,)),
            get("/v1/newsletter/preferences/mine", self.list_my_preferences, access=customer()),
        )

    async def get_list(self, call: RequestContext) -> ListView:
        """Get a list with its consent text, for a sign-up form."""
        return render_list(await self.preference_service.get_list(call.path["list_id"]))

    async def list_my_preferences(self, call: RequestContext, query: PageQuery) -> CursorPage[PreferenceView]:
        """List all lists with your own state on each.

        To subscribe, post the address to `/v1/newsletter/subscriptions`: its owner confirms by email.
        """
        found = await self.preference_service.list_preferences(
            call.principal.id, after=self.paginator.decode_cursor(call, query), limit=query.limit + 1
        )
        return self.paginator.render(
            call, query, found, view=_preference_view, position=lambda each: each.mailing_list.list_id
        )


def _preference_view(found: ListPreference) -> PreferenceView:
    shown, subscription = render_list(found.mailing_list), found.subscription
    if subscription is None:
        return PreferenceView(list=shown, state="none", subscription_id=None, subscribed_at=None)
    return PreferenceView(
        list=shown,
        state="subscribed" if subscription.suspended_at is None else "suspended",
        subscription_id=subscription.subscription_id,
        subscribed_at=rfc3339(subscription.subscribed_at),
    )
