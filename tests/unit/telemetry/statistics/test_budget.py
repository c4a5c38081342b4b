"""The privacy budget: whole millionths, refused before anything is drawn."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.telemetry.domain.budget import MICROS, YearlyBudget, format_micros, split_epsilon
from services.telemetry.domain.streams import Stream
from services.telemetry.errors.statistics import BudgetExceededError


def spend(budget: YearlyBudget, epsilon_micros: int) -> YearlyBudget:
    budget.check_covers(epsilon_micros)
    return YearlyBudget(
        stream=budget.stream,
        year=budget.year,
        limit_micros=budget.limit_micros,
        spent_micros=budget.spent_micros + epsilon_micros,
    )


def test_b12_ten_tenths_fit_one_exactly_and_the_eleventh_does_not() -> None:
    budget = YearlyBudget(stream=Stream.SOFTWARE, year=2026, limit_micros=MICROS)
    for _ in range(10):
        budget = spend(budget, 100_000)
    assert budget.remaining_micros == 0
    with pytest.raises(BudgetExceededError, match="100000 millionths and 0 of 1000000"):
        spend(budget, 100_000)


def test_b12_one_millionth_too_much_is_refused() -> None:
    with pytest.raises(BudgetExceededError):
        YearlyBudget(stream=Stream.SOFTWARE, year=2026, limit_micros=499_999).check_covers(500_000)


@settings(deadline=None)
@given(epsilon_micros=st.integers(1, 10 * MICROS), tables=st.lists(st.text(), min_size=1, max_size=12, unique=True))
def test_the_charges_of_the_tables_add_up_to_the_epsilon_of_the_week(epsilon_micros: int, tables: list[str]) -> None:
    charges = split_epsilon(epsilon_micros, tables)
    sizes = [charge.epsilon_micros for charge in charges]
    assert sum(sizes) == epsilon_micros
    assert max(sizes) - min(sizes) <= 1
    assert [charge.table for charge in charges] == tables


@pytest.mark.parametrize(
    ("micros", "text"), [(0, "0"), (500_000, "0.5"), (1, "0.000001"), (26_500_000, "26.5"), (-1_100_000, "-1.1")]
)
def test_millionths_are_written_without_rounding(micros: int, text: str) -> None:
    assert format_micros(micros) == text
