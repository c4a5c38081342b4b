"""The pages that everybody may read: what Candor is, the policy, the promises, the figures."""

from aiohttp import web

from services.portal.api.context import PageContext
from services.portal.api.middleware import PageRoute, page_route
from services.portal.domain import COOKIES
from services.portal.service import ApiReference, build_promise_table, gather_results
from shared.policy import JURISDICTION, PROMISES


class PublicPages:
    """The handlers."""

    def __init__(self, reference: ApiReference) -> None:
        self._reference = reference

    def build_routes(self) -> tuple[PageRoute, ...]:
        """Return the public pages."""
        return (
            page_route("/", self.show_home),
            page_route("/policy", self.show_policy),
            page_route("/policy/data-map", self.show_data_map),
            page_route("/policy/cookies", self.show_cookies),
            page_route("/promises", self.show_promises),
            page_route("/statistics", self.show_statistics),
            page_route("/transparency", self.show_transparency),
        )

    async def show_home(self, context: PageContext) -> web.Response:
        """Show what Candor is, with the state of the promises where it can be read."""
        found = await gather_results(promises=context.user_session.get_public("/v1/disclosure/promises"))
        live = found["promises"].answer
        return context.render("home.html", board=build_promise_table(live["items"]) if live else None)

    async def show_policy(self, context: PageContext) -> web.Response:
        """Show our clauses; they are part of this program, so they are there even when disclosure is not."""
        found = await gather_results(policy=context.user_session.get_public("/v1/disclosure/policy"))
        return context.render(
            "policy.html",
            policy=found["policy"].answer,
            board=build_promise_table([]),
            jurisdiction=JURISDICTION,
            count=len(PROMISES),
        )

    async def show_data_map(self, context: PageContext) -> web.Response:
        """Show every personal field that is stored, of all services."""
        return context.render("data_map.html", maps=await self._reference.get_data_maps())

    async def show_cookies(self, context: PageContext) -> web.Response:
        """Show the register of cookies."""
        return context.render("cookies.html", cookies=COOKIES)

    async def show_promises(self, context: PageContext) -> web.Response:
        """Show all promises with what was last seen of them."""
        found = await gather_results(promises=context.user_session.get_public("/v1/disclosure/promises"))
        live = found["promises"]
        return context.render(
            "promises.html", board=build_promise_table(live.answer["items"] if live.answer else []), away=live.fault
        )

    async def show_statistics(self, context: PageContext) -> web.Response:
        """Show the public statistics, release by release."""
        found = await context.user_session.get_public("/v1/telemetry/statistics")
        return context.render("statistics.html", releases=found["releases"])

    async def show_transparency(self, context: PageContext) -> web.Response:
        """Show how often data was disclosed; the page says so when the figures cannot be read."""
        found = await gather_results(report=context.user_session.get_public("/v1/disclosure/transparency"))
        return context.render("transparency.html", report=found["report"])
