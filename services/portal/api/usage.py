"""What our programs and this site count: for people, for programs, and for staff."""

from aiohttp import web

from services.portal.api.context import PageContext
from services.portal.api.middleware import PageRoute, page_route
from services.portal.api.staff import render_console_page, require_section
from services.portal.domain import COOKIES
from services.portal.service import gather_results


class UsagePages:
    """Handlers of the pages about usage statistics."""

    def build_routes(self) -> tuple[PageRoute, ...]:
        """Return the pages."""
        return (
            page_route("/policy/usage", self.show_usage),
            page_route("/policy/cookies.json", self.list_cookies),
            page_route("/staff/page-views", self.show_page_views),
        )

    async def show_usage(self, context: PageContext) -> web.Response:
        """Show the question that programs ask, what a report contains, and what this site counts."""
        found = await gather_results(question=context.user_session.get_public("/v1/telemetry/question"))
        return context.render("usage.html", question=found["question"].answer)

    async def list_cookies(self, context: PageContext) -> web.Response:
        """List the registered cookies, so that a program can compare them with those that are set (C02)."""
        names = [cookie.browser_name(context.public_url) for cookie in COOKIES]
        return web.json_response({"cookies": names, "counts_page_views": context.page_views})

    async def show_page_views(self, context: PageContext) -> web.Response:
        """Show staff how often each public page was shown, by week."""
        require_section(context, "/staff/page-views")
        found = await context.user_session.get("/v1/telemetry/page-views")
        return render_console_page(context, "staff_page_views.html", weeks=found["weeks"], enabled=found["enabled"])
