"""The noise of a release: OpenDP's discrete Laplace with the stated scale, each figure by itself, signed."""

import math
from collections.abc import Callable, Sequence

import pytest

from services.telemetry.domain.noise import NoiseScale, error_margin, mean_absolute_noise
from services.telemetry.errors.statistics import NoiseUnavailableError
from services.telemetry.ports.noise import NoiseProcess
from tests.support.statistics.mechanisms import PYTHON, SCALE, NoisePool
from tests.support.statistics.noise_checks import find_faults


def test_C15_the_noise_has_the_stated_scale_shape_and_independence(pool: NoisePool) -> None:
    assert find_faults(pool.drawn, SCALE.scale) == []


PLANTED: dict[str, Callable[[Sequence[int]], list[int]]] = {
    "half the scale": lambda drawn: [round(each / 2) for each in drawn],
    "cut at zero": lambda drawn: [max(each, 0) for each in drawn],
    "one draw for two figures": lambda drawn: [drawn[index // 2] for index in range(len(drawn))],
    "uniform": lambda drawn: [index % 57 - 28 for index in range(len(drawn))],
    "bounded": lambda drawn: [max(-60, min(60, each)) for each in drawn],
    "never zero": lambda drawn: [each or 1 for each in drawn],
}


@pytest.mark.parametrize("wrong", PLANTED)
def test_C15_wrong_noise_is_caught(wrong: str, pool: NoisePool) -> None:
    assert find_faults(PLANTED[wrong](pool.drawn), SCALE.scale)


def test_C15_the_scale_is_what_a_report_touches_divided_by_epsilon() -> None:
    assert NoiseScale(epsilon_micros=500_000, sensitivity=7, scale=14) == SCALE
    assert NoiseScale.from_epsilon(epsilon_micros=300_000, sensitivity=7).scale == 24  # 23.3, rounded up


def test_b12_the_error_margin_covers_the_truth_in_95_of_100(pool: NoisePool) -> None:
    margin = error_margin(SCALE.scale)
    assert 0.95 <= sum(abs(each) <= margin for each in pool.drawn) / len(pool.drawn) < 0.97
    fours = [sum(pool.drawn[at : at + 4]) for at in range(0, len(pool.drawn), 4)]
    assert sum(abs(each) <= error_margin(SCALE.scale, 4) for each in fours) / len(fours) >= 0.95


def test_the_mean_of_the_noise_is_as_stated() -> None:
    assert math.isclose(mean_absolute_noise(14), 13.988, abs_tol=0.001)


@pytest.mark.skipif(not PYTHON.exists(), reason="OpenDP is not installed: make setup")
async def test_b11_small_counts_become_negative_and_large_ones_do_not_wrap() -> None:
    process = NoiseProcess(python=str(PYTHON))
    drawn = await process.draw_noise([0] * 200 + [2**40] * 200, SCALE)
    assert min(drawn[:200]) < 0
    assert all(abs(each - 2**40) < 1_000 for each in drawn[200:])


@pytest.mark.skipif(not PYTHON.exists(), reason="OpenDP is not installed: make setup")
async def test_C15_a_scale_too_small_for_the_stated_epsilon_is_refused() -> None:
    careless = NoiseScale(epsilon_micros=500_000, sensitivity=7, scale=2)
    with pytest.raises(NoiseUnavailableError, match="greater epsilon"):
        await NoiseProcess(python=str(PYTHON)).draw_noise([1, 2, 3], careless)


async def test_without_the_library_nothing_is_drawn(tmp_path: object) -> None:
    with pytest.raises(NoiseUnavailableError, match="does not start"):
        await NoiseProcess(python=f"{tmp_path}/python").draw_noise([1], SCALE)
    with pytest.raises(NoiseUnavailableError, match="exit code 3"):
        await NoiseProcess(python="/usr/bin/python3").draw_noise([1], SCALE)


@pytest.mark.skipif(not PYTHON.exists(), reason="OpenDP is not installed: make setup")
async def test_a_draw_has_a_time_limit() -> None:
    with pytest.raises(NoiseUnavailableError, match="too long"):
        await NoiseProcess(python=str(PYTHON), time_limit=0.01).draw_noise([1], SCALE)
