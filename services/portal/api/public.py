"""The pages that everybody may read: what Candor is, the policy, the promises, the figures."""

from aiohttp import web

from services.portal.api.frame import PageRoute, shown
from services.portal.api.visit import Visit
from services.portal.domain import REGISTER
from services.portal.service import Reference, board, parts
from shared.policy import JURISDICTION, PROMISES


class PublicPages:
    """The handlers."""

    def __init__(self, reference: Reference) -> None:
        self._reference = reference

    def routes(self) -> tuple[PageRoute, ...]:
        """Return the public pages."""
        return (
            shown("/", self.home),
            shown("/policy", self.policy),
            shown("/policy/data-map", self.data_map),
            shown("/policy/cookies", self.cookies),
            shown("/promises", self.promises),
            shown("/statistics", self.statistics),
            shown("/transparency", self.transparency),
        )

    async def home(self, visit: Visit) -> web.Response:
        """Show what Candor is, with the state of the promises where it can be read."""
        found = await parts(promises=visit.visitor.look("/v1/disclosure/promises"))
        live = found["promises"].answer
        return visit.page("home.html", board=board(live["items"]) if live else None)

    async def policy(self, visit: Visit) -> web.Response:
        """Show our clauses; they are part of this program, so they are there even when disclosure is not."""
        found = await parts(policy=visit.visitor.look("/v1/disclosure/policy"))
        return visit.page(
            "policy.html",
            policy=found["policy"].answer,
            board=board([]),
            jurisdiction=JURISDICTION,
            count=len(PROMISES),
        )

    async def data_map(self, visit: Visit) -> web.Response:
        """Show every personal field that is stored, of all services."""
        return visit.page("data_map.html", maps=await self._reference.data_maps())

    async def cookies(self, visit: Visit) -> web.Response:
        """Show the register of cookies."""
        return visit.page("cookies.html", cookies=REGISTER)

    async def promises(self, visit: Visit) -> web.Response:
        """Show all promises with what was last seen of them."""
        found = await parts(promises=visit.visitor.look("/v1/disclosure/promises"))
        live = found["promises"]
        return visit.page("promises.html", board=board(live.answer["items"] if live.answer else []), away=live.fault)

    async def statistics(self, visit: Visit) -> web.Response:
        """Show the public statistics, release by release."""
        found = await visit.visitor.look("/v1/telemetry/statistics")
        return visit.page("statistics.html", releases=found["releases"])

    async def transparency(self, visit: Visit) -> web.Response:
        """Show how often data was disclosed; the page says so when the figures cannot be read."""
        found = await parts(report=visit.visitor.look("/v1/disclosure/transparency"))
        return visit.page("transparency.html", report=found["report"])
