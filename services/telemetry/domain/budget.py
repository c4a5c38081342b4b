"""The privacy budget of the public statistics, in whole millionths of epsilon (C15).

A float would refuse the tenth tenth of a budget. Releases compose by addition (basic composition): over the tables of
one week, because a report is in one cell of each table, and over the weeks of a year.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.telemetry.domain.streams import Stream
from services.telemetry.errors.statistics import BudgetExceededError

MICROS: Final = 1_000_000
"""The millionths of an epsilon of 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableCharge:
    """The part of a week's epsilon that one table costs, the same for each program: a report is of one program."""

    table: str
    epsilon_micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetEntry:
    """An entry of the budget ledger: what the release of one week cost."""

    release_id: str
    stream: Stream
    week: str
    year: int
    epsilon_micros: int
    sensitivity: int
    scale: int
    charges: tuple[TableCharge, ...]
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class YearlyBudget:
    """The budget of one stream in one year, and what is spent of it."""

    stream: Stream
    year: int
    limit_micros: int
    spent_micros: int = 0

    @property
    def remaining_micros(self) -> int:
        """What may still be spent."""
        return self.limit_micros - self.spent_micros

    def check_covers(self, epsilon_micros: int) -> None:
        """Raise BudgetExceededError when *epsilon_micros* would exceed the limit."""
        if epsilon_micros > self.remaining_micros:
            raise BudgetExceededError(
                f"the release costs {epsilon_micros} millionths and {self.remaining_micros} of "
                f"{self.limit_micros} are left for {self.year}"
            )


def split_epsilon(epsilon_micros: int, tables: Sequence[str]) -> tuple[TableCharge, ...]:
    """Return the charge of each table: equal parts in whole millionths that add up to *epsilon_micros* exactly."""
    parts = len(tables)
    return tuple(
        TableCharge(
            table=table,
            epsilon_micros=(index + 1) * epsilon_micros // parts - index * epsilon_micros // parts,
        )
        for index, table in enumerate(tables)
    )


def format_micros(micros: int) -> str:
    """Return millionths as a decimal number without rounding, for example 500000 as 0.5."""
    sign, size = ("-" if micros < 0 else ""), abs(micros)
    return f"{sign}{size // MICROS}.{size % MICROS:06}".rstrip("0").rstrip(".")
