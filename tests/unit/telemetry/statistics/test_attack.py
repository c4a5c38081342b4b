"""C15 by attack: what the best distinguisher learns about one installation, from right and from wrong releases."""

import pytest

from tests.support.statistics.attack import allowed_advantage, measure_advantage
from tests.support.statistics.mechanisms import WRONG, NoisePool, drawn_figures, published_figures
from tests.support.statistics.worlds import SCENARIOS

PAIRS = 600
"""A right release has an advantage of about 0.08; with so many pairs, chance does not bring it to 0.245."""
REVEALED_BY = {
    "suppressed on true counts": "own reports fill a cell",
    "exact total": "in large cells",
    "scale of one cell": "alone in its cells",
    "noise where something occurred": "alone in its cells",
    "withheld by true size": "a week at the minimum",
    "redrawn after each crash": "in large cells",
}


def test_epsilon_one_half_allows_an_advantage_of_0_245() -> None:
    assert round(allowed_advantage(0.5), 3) == 0.245


@pytest.mark.parametrize("name", SCENARIOS)
def test_C15_the_best_distinguisher_stays_below_what_epsilon_allows(name: str, pool: NoisePool) -> None:
    scenario = SCENARIOS[name]
    pairs = PAIRS if scenario.weeks == 1 else 80
    advantage = measure_advantage(drawn_figures, scenario, pool, pairs=pairs)
    assert advantage <= allowed_advantage(scenario.total_epsilon)


@pytest.mark.parametrize("name", [name for name, each in SCENARIOS.items() if each.weeks == 1])
def test_C15_what_is_published_tells_no_more_than_what_was_drawn(name: str, pool: NoisePool) -> None:
    scenario = SCENARIOS[name]
    assert measure_advantage(published_figures, scenario, pool, pairs=500) <= allowed_advantage(scenario.total_epsilon)


@pytest.mark.parametrize("wrong", WRONG)
def test_C15_a_wrong_release_is_caught(wrong: str, pool: NoisePool) -> None:
    scenario = SCENARIOS[REVEALED_BY[wrong]]
    advantage = measure_advantage(WRONG[wrong], scenario, pool, pairs=600 if wrong == "scale of one cell" else 300)
    assert advantage > allowed_advantage(scenario.total_epsilon)
