"""Compares what is stored of a charge with the processor's own figures."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.payments.domain.charges import Charge
from services.payments.domain.reports import ReportedPayment

COMPARE_AFTER = (timedelta(days=1), timedelta(days=7), timedelta(days=30))
"""When a captured charge is compared: a refund may fail, and a dispute begin, weeks later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureDifference:
    """A figure that differs; amounts are in minor units of the currency that each side names."""

    charge_id: str
    figure: str
    own: str
    reported: str


def next_comparison(captured_at: datetime, count: int) -> datetime | None:
    """Return when a charge is compared after *count* comparisons; None after the last one."""
    return captured_at + COMPARE_AFTER[count] if count < len(COMPARE_AFTER) else None


def compare_figures(charge: Charge, report: ReportedPayment) -> Iterator[FigureDifference]:
    """Yield the figures of *charge* that differ from the processor's; the figure that was sent is no evidence."""
    reported = "unreadable" if report.price is None else f"{report.price.amount} {report.price.currency}"
    pairs = (
        ("price", f"{charge.price.amount} {charge.price.currency}", reported),
        ("captured", str(charge.amount_captured), str(report.amount_captured)),
        ("refunded", str(charge.amount_refunded), str(report.amount_refunded)),
    )
    for figure, own, other in pairs:
        if own != other:
            yield FigureDifference(charge_id=charge.charge_id, figure=figure, own=own, reported=other)
