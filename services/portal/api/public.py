"""Public pages: home, policy, promises, transparency."""

from aiohttp import web

from services.portal.api.context import PageContext
from services.portal.api.middleware import PageRoute, page_route
from services.portal.domain import COOKIES
from services.portal.service import ApiReference, build_promise_table, gather_results
from shared.policy import JURISDICTION, PROMISES


class PublicPages:
    """Handlers of the public pages."""

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
            page_route("/transparency", self.show_transparency),
        )

    async def show_home(self, context: PageContext) -> web.Response:
        """Show the home page with the current state of the promises."""
        found = await gather_results(promises=context.user_session.get_public("/v1/disclosure/promises"))
        live = found["promises"].answer
        return context.render("home.html", board=build_promise_table(live["items"]) if live else None)

    async def show_policy(self, context: PageContext) -> web.Response:
        """Show the policy; its clauses ship with the portal, so disclosure may be unavailable."""
        found = await gather_results(policy=context.user_session.get_public("/v1/disclosure/policy"))
        return context.render(
            "policy.html",
            policy=found["policy"].answer,
            board=build_promise_table([]),
            jurisdiction=JURISDICTION,
            count=len(PROMISES),
        )

    async def show_data_map(self, context: PageContext) -> web.Response:
        """Show the data map of all services."""
        return context.render("data_map.html", maps=await self._reference.get_data_maps())

    async def show_cookies(self, context: PageContext) -> web.Response:
        """Show all cookies."""
        return context.render("cookies.html", cookies=COOKIES)

    async def show_promises(self, context: PageContext) -> web.Response:
        """Show all promises with their evidence."""
        found = await gather_results(promises=context.user_session.get_public("/v1/disclosure/promises"))
        live = found["promises"]
        return context.render(
            "promises.html", board=build_promise_table(live.answer["items"] if live.answer else []), away=live.fault
        )

    async def show_transparency(self, context: PageContext) -> web.Response:
        """Show the transparency report, or that it is unavailable."""
        found = await gather_results(report=context.user_session.get_public("/v1/disclosure/transparency"))
        return context.render("transparency.html", report=found["report"])
