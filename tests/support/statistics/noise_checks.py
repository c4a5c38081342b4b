"""Whether noise has the stated scale, shape and independence."""

import math
from collections.abc import Sequence

from services.telemetry.domain.noise import mean_absolute_noise

LIMIT = 5.0
"""Standard errors that a measured value may be away from the stated one."""


def find_faults(noises: Sequence[int], scale: float) -> list[str]:
    """Return what is wrong with *noises*, which should be discrete Laplace of *scale*, each drawn by itself."""
    size = len(noises)
    ratio = math.exp(-1 / scale)
    variance = 2 * ratio / (1 - ratio) ** 2
    found = []
    if abs(sum(noises) / size) > LIMIT * math.sqrt(variance / size):
        found.append("the mean is not 0")
    spread = math.sqrt((variance - mean_absolute_noise(scale) ** 2) / size)
    if abs(sum(map(abs, noises)) / size - mean_absolute_noise(scale)) > LIMIT * spread:
        found.append("the scale is not the stated one")
    for quantile in (0, round(scale), round(3 * scale), round(6 * scale)):
        wanted = 2 * ratio ** (quantile + 1) / (1 + ratio)
        measured = sum(abs(noise) > quantile for noise in noises) / size
        if abs(measured - wanted) > LIMIT * math.sqrt(wanted * (1 - wanted) / size):
            found.append(f"the share beyond {quantile} is {measured:.4f}, not {wanted:.4f}")
    for lag in (1, 2, 46):
        pairs = zip(noises, noises[lag:], strict=False)
        if abs(sum(one * two for one, two in pairs)) / size > LIMIT * variance / math.sqrt(size):
            found.append(f"figures {lag} apart depend on each other")
    return found
