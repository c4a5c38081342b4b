"""Page views of the website."""

from dataclasses import dataclass

from services.telemetry.domain.page_views import Page
from services.telemetry.errors.page_views import PageViewsOffError
from services.telemetry.service.page_views import PageViewService
from shared.web import ANONYMOUS, JsonBody, RateLimit, RequestContext, Route, View, get, post, staff

MAX_PAGE_VIEW_BYTES = 256
_REFUSALS = ("Sec-GPC", "DNT")


class PageViewBody(JsonBody):
    """A page was shown: its name from a closed list, nothing of the visitor."""

    page: Page


class PageViewCountView(View):
    """How often a page was shown in the week."""

    page: Page
    views: int


class PageViewWeekView(View):
    """The page views of one week."""

    week: str
    pages: list[PageViewCountView]


class PageViewWeeksView(View):
    """The page views of the newest weeks, and whether views are counted now."""

    enabled: bool
    weeks: list[PageViewWeekView]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageViewsApi:
    """The handlers of page views."""

    page_views: PageViewService
    limit: RateLimit

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        path = "/v1/telemetry/page-views"
        return (
            post(
                path,
                self.count_page_view,
                access=ANONYMOUS,
                limit=self.limit,
                body_limit=MAX_PAGE_VIEW_BYTES,
                summary="Count a page view",
                errors=(PageViewsOffError,),
            ),
            get(path, self.list_page_views, access=staff(), summary="List the page views by week"),
        )

    async def count_page_view(self, call: RequestContext, body: PageViewBody) -> None:
        """Count a page view by its week. With Sec-GPC or DNT the answer is the same and nothing is counted."""
        is_refused = any((call.get_header(name) or "").strip() == "1" for name in _REFUSALS)
        await self.page_views.count_view(body.page, at=call.now, is_refused=is_refused)

    async def list_page_views(self, _call: RequestContext) -> PageViewWeeksView:
        """List the page views of the newest weeks."""
        found = await self.page_views.list_views()
        weeks = [
            PageViewWeekView(
                week=week, pages=[PageViewCountView(page=Page(count.page), views=count.views) for count in counts]
            )
            for week, counts in found.items()
        ]
        return PageViewWeeksView(enabled=self.page_views.enabled, weeks=weeks)
