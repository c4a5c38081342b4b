"""The transparency report over HTTP: public, machine-readable."""

from dataclasses import dataclass

from services.disclosure.service import STEP, Figure, Line, Transparency
from shared.web import PUBLIC, Call, Route, View, get

_NOTE = (
    "A case counts in the year in which a second person approved it. Every figure is a step of five, never a number: "
    "no figure, and no difference of two, is about a few people. An account that two cases concern counts in both."
)


class FigureView(View):
    """A number lies within these bounds, both included."""

    at_least: int
    at_most: int


class LineView(View):
    """The disclosures on one ground in one year."""

    ground: str
    cases: FigureView
    accounts: FigureView
    delivered: FigureView
    undeliverable: FigureView


class YearView(View):
    """All grounds of one year."""

    year: int
    grounds: list[LineView]


class TransparencyView(View):
    """Every year since the first disclosure, the newest first."""

    step: int
    note: str
    years: list[YearView]


@dataclass(frozen=True, slots=True, kw_only=True)
class TransparencyApi:
    """The handler."""

    transparency: Transparency

    def routes(self) -> tuple[Route, ...]:
        """Return the route of the report."""
        path = "/v1/disclosure/transparency"
        return (get(path, self.read_transparency, access=PUBLIC, summary="Read how often data was disclosed"),)

    async def read_transparency(self, call: Call) -> TransparencyView:
        """Return how many cases there were by year and ground, how many accounts they concerned, and who was told."""
        years = await self.transparency.report(at=call.now)
        return TransparencyView(
            step=STEP,
            note=_NOTE,
            years=[YearView(year=each.year, grounds=[_line(line) for line in each.lines]) for each in years],
        )


def _line(line: Line) -> LineView:
    return LineView(
        ground=line.ground.value,
        cases=_figure(line.cases),
        accounts=_figure(line.accounts),
        delivered=_figure(line.delivered),
        undeliverable=_figure(line.undeliverable),
    )


def _figure(figure: Figure) -> FigureView:
    return FigureView(at_least=figure.at_least, at_most=figure.at_most)
