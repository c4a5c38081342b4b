"""Bar charts of the statistics, with the margin of each figure as an error bar: geometry only, the template draws."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

WIDTH: Final = 320
"""Units of the drawing: it fits the narrowest phone one to one."""
ROW_HEIGHT: Final = 36
_PLOT_START: Final = 4
_PLOT_WIDTH: Final = WIDTH - 2 * _PLOT_START


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A row of a chart: the label stands above the bar. A hidden figure has no bar."""

    label: str
    text: str
    y: int
    left: int = 0
    width: int = 0
    low: int = 0
    high: int = 0
    is_hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A bar chart; *zero* is where the axis stands."""

    height: int
    zero: int
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureRow:
    """A row of the table beside the chart."""

    label: str
    count: int | None
    share: str
    interval: str


def build_chart(table: Mapping[str, Any]) -> Chart:
    """Return the chart of a published table; negative figures reach left of the axis."""
    figures = _list_figures(table)
    shown = [figure for figure in figures if figure["count"] is not None]
    lowest: int = min([0, *(figure["count"] - figure["margin"] for figure in shown)])
    highest: int = max([1, *(figure["count"] + figure["margin"] for figure in shown)])

    def place(value: int) -> int:
        return _PLOT_START + round((value - lowest) * _PLOT_WIDTH / (highest - lowest))

    return Chart(
        height=len(figures) * ROW_HEIGHT,
        zero=place(0),
        bars=tuple(
            Bar(label=figure["value"], text="too few for a release", y=index * ROW_HEIGHT, is_hidden=True)
            if figure["count"] is None
            else Bar(
                label=figure["value"],
                text=f"{figure['count']} ± {figure['margin']}",
                y=index * ROW_HEIGHT,
                left=min(place(0), place(figure["count"])),
                width=abs(place(figure["count"]) - place(0)),
                low=place(figure["count"] - figure["margin"]),
                high=place(figure["count"] + figure["margin"]),
            )
            for index, figure in enumerate(figures)
        ),
    )


def list_rows(table: Mapping[str, Any]) -> list[FigureRow]:
    """Return the rows of the table in the order of the values, with shares of its base."""
    base = table["base_count"]
    return [
        FigureRow(
            label=figure["value"],
            count=figure["count"],
            share="" if figure["count"] is None or base <= 0 else f"{round(100 * figure['count'] / base)} %",
            interval="too few for a release" if figure["count"] is None else describe_interval(figure),
        )
        for figure in _list_figures(table)
    ]


def describe_interval(figure: Mapping[str, Any]) -> str:
    """Return the error bar in words: where the true count is, in 95 of 100 cases. A true count is never negative."""
    low, high = figure["count"] - figure["margin"], figure["count"] + figure["margin"]
    if high < 0:
        return "probably 0"
    return f"at most {high}" if low <= 0 else f"{low} to {high}"


def _list_figures(table: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return [*table["figures"], table["not_shown"]]
