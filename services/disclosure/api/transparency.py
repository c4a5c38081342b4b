"""HTTP API of the transparency report: public and machine-readable."""

from dataclasses import dataclass

from services.disclosure.service import BUCKET_SIZE, CountRange, GroundTotals, TransparencyService
from shared.web import PUBLIC, RequestContext, Route, View, get

_NOTE = (
    "A case counts in the year of its approval. Every figure is a range of five, so that no figure and no difference "
    "of two figures reveals a small group. An account affected by two cases counts in both."
)


class CountRangeView(View):
    """An inclusive range that contains the number."""

    at_least: int
    at_most: int


class GroundTotalsView(View):
    """The disclosures on one ground in one year."""

    ground: str
    cases: CountRangeView
    accounts: CountRangeView
    relayed: CountRangeView
    failed: CountRangeView


class YearView(View):
    """All grounds of one year."""

    year: int
    grounds: list[GroundTotalsView]


class TransparencyReportView(View):
    """Every year since the first disclosure, newest first."""

    bucket_size: int
    note: str
    years: list[YearView]


@dataclass(frozen=True, slots=True, kw_only=True)
class TransparencyApi:
    """Handler of the transparency report."""

    transparency: TransparencyService

    def build_routes(self) -> tuple[Route, ...]:
        """Return the route of the report."""
        path = "/v1/disclosure/transparency"
        return (get(path, self.get_transparency_report, access=PUBLIC, summary="Read the transparency report"),)

    async def get_transparency_report(self, call: RequestContext) -> TransparencyReportView:
        """Return cases, affected accounts and notices by year and ground."""
        years = await self.transparency.get_report(at=call.now)
        return TransparencyReportView(
            bucket_size=BUCKET_SIZE,
            note=_NOTE,
            years=[YearView(year=each.year, grounds=[_render_ground(line) for line in each.grounds]) for each in years],
        )


def _render_ground(line: GroundTotals) -> GroundTotalsView:
    return GroundTotalsView(
        ground=line.ground.value,
        cases=_render_range(line.cases),
        accounts=_render_range(line.accounts),
        relayed=_render_range(line.relayed),
        failed=_render_range(line.failed),
    )


def _render_range(figure: CountRange) -> CountRangeView:
    return CountRangeView(at_least=figure.at_least, at_most=figure.at_most)
