"""Telemetry's public statistics, as far as pages need them: a release with hidden and negative figures."""

from typing import Any

from aiohttp import web

from shared.clock import Clock
from tests.integration.portal.edge.answers import THEN, RefusedError
from tests.integration.portal.edge.tokens import Tokens

WEEK, DEMO_WEEK = "2027-W01", "demo-10s-179625600"


class Statistics(Tokens):
    """One release of the software; one of the demonstration when a test says so."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.has_demo = False
        self.is_small = False
        """Whether the week has too few reports for a release."""

    def statistics_routes(self) -> list[web.RouteDef]:
        return [
            web.get("/v1/telemetry/statistics", self.list_releases),
            web.get("/v1/telemetry/statistics/{week}", self.release),
            web.get("/v1/telemetry/budget-ledger", self.budget_ledger),
            web.get("/v1/telemetry/usage-reports", self.usage_reports),
        ]

    async def list_releases(self, request: web.Request) -> web.Response:
        if request.query.get("stream") == "demo":
            return web.json_response({"releases": [build_release(DEMO_WEEK)] if self.has_demo else []})
        return web.json_response({"releases": [build_release(WEEK, is_small=self.is_small), build_release("2026-W53")]})

    async def release(self, request: web.Request) -> web.Response:
        if request.match_info["week"] not in {WEEK, DEMO_WEEK}:
            raise RefusedError(404, "telemetry.release.not_found", "There is no release of this week")
        return web.json_response(build_release(request.match_info["week"]))

    async def budget_ledger(self, request: web.Request) -> web.Response:
        return web.json_response(build_ledger(request.query.get("stream", "software")))

    async def usage_reports(self, request: web.Request) -> web.Response:
        self._staff(request)
        figures = [{"week": WEEK, "count": 310, "margin": 42}]
        series = {"program": "omnifocus", "table": "system", "value": "macos-26", "weeks": figures}
        return web.json_response({"weeks": [WEEK], "series": [series]})


def figure(value: str, count: int | None, margin: int = 42) -> dict[str, Any]:
    return {"value": value, "count": count, "margin": margin}


def build_release(week: str, *, is_small: bool = False) -> dict[str, Any]:
    is_demo = week == DEMO_WEEK
    systems = {
        "name": "system",
        "program": "omnifocus",
        "base": "reports of omnifocus",
        "base_count": 480,
        "base_margin": 42,
        "figures": [figure("macos-26", 310), figure("ios-26", 178), figure("web", None), figure("other", None)],
        "not_shown": figure("not shown", -8, 73),
    }
    return {
        "release_id": f"rel_{week.lower()}",
        "stream": "demo" if is_demo else "software",
        "is_demonstration": is_demo,
        "week": week,
        "week_closed_at": THEN,
        "published_at": THEN,
        "total": None if is_small else 480,
        "total_margin": 84,
        "min_count": 50,
        "privacy": {
            "epsilon": "0.5",
            "epsilon_micros": 500_000,
            "unit": "one installation in one week",
            "sensitivity": 7,
            "scale": 14,
            "mechanism": "discrete Laplace (OpenDP), one draw for each cell of the closed lists",
        },
        "note": "Counts of reports of installations that said yes.",
        "tables": [] if is_small else [systems],
    }


def build_ledger(stream: str) -> dict[str, Any]:
    return {
        "stream": stream,
        "year": 2027,
        "unit": "one installation in one week",
        "composition": "Basic composition.",
        "limit_micros": 26_500_000,
        "spent_micros": 500_000,
        "remaining_micros": 26_000_000,
        "epsilon_limit": "26.5",
        "epsilon_spent": "0.5",
        "years": [2027],
        "entries": [
            {
                "release_id": "rel_" + "s" * 26,
                "week": WEEK,
                "epsilon": "0.5",
                "epsilon_micros": 500_000,
                "sensitivity": 7,
                "scale": 14,
                "tables": [{"table": "program", "epsilon_micros": 71_428}],
                "recorded_at": THEN,
            }
        ],
    }
