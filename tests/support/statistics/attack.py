"""The best of many distinguishers: from what is published it guesses whether the victim's reports were counted."""

import math
from collections.abc import Sequence

from tests.support.statistics.mechanisms import Mechanism, NoisePool, View, touched_names, true_figures
from tests.support.statistics.worlds import Scenario

_HIDDEN = -1e9
Sample = list[list[float]]
"""The features of many worlds: a line for each world."""


def allowed_advantage(epsilon: float) -> float:
    """Return what any distinguisher can win at most against epsilon-differential privacy."""
    return math.tanh(epsilon / 2)


def measure_advantage(mechanism: Mechanism, scenario: Scenario, pool: NoisePool, *, pairs: int) -> float:
    """Return how much better than guessing the best distinguisher is; it is chosen on half of the *pairs*.

    The other half measures it: the best of many measured on the same worlds would always look better than it is.
    """
    without = [_observe(mechanism, scenario, pool, has_victim=False) for _ in range(pairs)]
    with_victim = [_observe(mechanism, scenario, pool, has_victim=True) for _ in range(pairs)]
    out, into = _features(without, scenario), _features(with_victim, scenario)
    half = pairs // 2
    feature, threshold, sign = _choose(out[:half], into[:half])
    hits = sum(sign * line[feature] >= sign * threshold for line in into[half:])
    false_alarms = sum(sign * line[feature] >= sign * threshold for line in out[half:])
    return (hits - false_alarms) / (pairs - half)


def _observe(mechanism: Mechanism, scenario: Scenario, pool: NoisePool, *, has_victim: bool) -> list[View]:
    weeks = scenario.with_victim() if has_victim else scenario.without()
    return [mechanism(week, pool) for week in weeks]


def _features(worlds: Sequence[Sequence[View]], scenario: Scenario) -> Sample:
    """Return, over all weeks: how much likelier the victim's figures are with it, each figure, and what is shown.

    The attacker knows the reports of all others. For Laplace noise of any scale, the first is the best there is.
    """
    names = touched_names([scenario.victim])
    others = true_figures(scenario.others)
    return [
        [
            sum(_likelihood(view[name] - others[name]) for view in views for name in names if name in view),
            *(sum(view.get(name, _HIDDEN) for view in views) for name in (*names, "total")),
            sum(len(view) for view in views),
        ]
        for views in worlds
    ]


def _likelihood(difference: float) -> float:
    """Return the logarithm of the likelihood ratio of one figure, in units of the scale."""
    return abs(difference) - abs(difference - 1)


def _choose(out: Sample, into: Sample) -> tuple[int, float, int]:
    best = max(
        (_best_threshold([line[feature] for line in out], [line[feature] for line in into]), feature)
        for feature in range(len(out[0]))
    )
    (_, threshold, sign), feature = best
    return feature, threshold, sign


def _best_threshold(out: list[float], into: list[float]) -> tuple[float, float, int]:
    """Return the advantage of the best threshold, the threshold, and 1 when more speaks for the victim."""
    tagged = sorted([(value, 0) for value in out] + [(value, 1) for value in into])
    below = [0, 0]
    best = (0.0, 0.0, 1)
    for index, (value, world) in enumerate(tagged):
        if index == 0 or tagged[index - 1][0] != value:
            ahead = (below[0] - below[1]) / len(out)  # "at least this value" speaks for the victim
            best = max(best, (ahead, value, 1), (-ahead, math.nextafter(value, -math.inf), -1))
        below[world] += 1
    return best
