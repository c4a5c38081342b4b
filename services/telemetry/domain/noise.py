"""The noise of a release: discrete Laplace with a stated scale, and how far it may move a figure.

The draw itself is OpenDP's (``services.telemetry.ports.noise``); this module only states what was drawn.
"""

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from services.telemetry.domain.budget import MICROS

CONFIDENCE: Final = 0.95
"""The probability with which an error bar covers the true figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseScale:
    """The L1 scale of a release: *sensitivity* cells of one report, divided by epsilon."""

    epsilon_micros: int
    sensitivity: int
    scale: int

    @classmethod
    def from_epsilon(cls, *, epsilon_micros: int, sensitivity: int) -> "NoiseScale":
        """Return the scale of *epsilon_micros*, rounded up to a whole number so that it can be stated exactly."""
        scale = -(-sensitivity * MICROS // epsilon_micros)
        return cls(epsilon_micros=epsilon_micros, sensitivity=sensitivity, scale=scale)


DrawNoise = Callable[[Sequence[int], NoiseScale], Awaitable[tuple[int, ...]]]
"""Returns the counts with noise, in the same order; raises NoiseUnavailableError."""


def mean_absolute_noise(scale: float) -> float:
    """Return the mean of |noise| of the discrete Laplace distribution."""
    return 1 / math.sinh(1 / scale)


@cache
def error_margin(scale: int, terms: int = 1) -> int:
    """Return how far a figure made of *terms* drawn figures is from the truth at most, with CONFIDENCE.

    Exact for one term. The quantile of a sum grows more slowly than the root of its terms, so the bound also holds
    for several.
    """
    ratio = math.exp(-1 / scale)
    # P(|noise| > k) = 2 r^(k+1) / (1 + r)
    single = math.ceil(math.log((1 - CONFIDENCE) * (1 + ratio) / 2) / math.log(ratio)) - 1
    return math.ceil(single * math.sqrt(terms))
