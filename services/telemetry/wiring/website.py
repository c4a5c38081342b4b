"""What telemetry has of the website: its page views, and the probe that visits it."""

from datetime import timedelta

from services.telemetry.api import PageViewsApi
from services.telemetry.domain import Calendars, Stream
from services.telemetry.ports import Website
from services.telemetry.promises import WebsiteProbes
from services.telemetry.service import PageViewService
from services.telemetry.settings import Settings
from services.telemetry.store import PageViews
from shared.chassis import Chassis
from shared.promises import Probe
from shared.web import RateLimit, Route

PAGE_VIEW_LIMIT = RateLimit(1_200, timedelta(hours=1), "page-views", forgets_callers=True)


def build_website_routes(chassis: Chassis, settings: Settings) -> tuple[Route, ...]:
    """Return the routes of page views."""
    service = PageViewService(
        page_views=PageViews(chassis.db),
        calendar=Calendars.from_demo_week(None).by_stream[Stream.SOFTWARE],
        enabled=settings.page_views,
    )
    return PageViewsApi(page_views=service, limit=PAGE_VIEW_LIMIT).build_routes()


def build_website_probes(settings: Settings) -> tuple[Probe, ...]:
    """Return the probe of the website."""
    website = Website(base_url=settings.website_url.rstrip("/"), ca=settings.website_ca)
    return WebsiteProbes(website=website).build_probes()
