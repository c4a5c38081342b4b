"""Counts page views, where the deployment has turned that on and the browser does not refuse it."""

from dataclasses import dataclass
from datetime import datetime

from services.telemetry.domain import Calendar
from services.telemetry.domain.page_views import Page, PageViewCount
from services.telemetry.errors.page_views import PageViewsOffError
from services.telemetry.store.page_views import PageViews

SHOWN_WEEKS = 13


@dataclass(frozen=True, slots=True, kw_only=True)
class PageViewService:
    """Counts page views by week and page."""

    page_views: PageViews
    calendar: Calendar
    enabled: bool

    async def count_view(self, page: Page, *, at: datetime, is_refused: bool) -> None:
        """Count one view of *page*, unless the browser refuses it. Raises PageViewsOffError."""
        if not self.enabled:
            raise PageViewsOffError
        if not is_refused:
            await self.page_views.count_view(self.calendar.week_at(at).name, page)

    async def list_views(self) -> dict[str, list[PageViewCount]]:
        """Return the counts of the newest weeks by week, the newest first, each with its pages by name."""
        found: dict[str, list[PageViewCount]] = {}
        for count in await self.page_views.list_newest(SHOWN_WEEKS * len(Page)):
            found.setdefault(count.week, []).append(count)
        return {week: sorted(counts, key=lambda count: count.page) for week, counts in found.items()}
