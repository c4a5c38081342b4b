"""OpenDP's discrete Laplace on 64-bit integers, drawn by a child process in one vector call.

No other program of the service draws noise, and the child is given counts only: no key, no environment, no database.
"""

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from services.telemetry.domain.budget import MICROS
from services.telemetry.domain.noise import NoiseScale
from services.telemetry.errors.statistics import NoiseUnavailableError

_SCRIPT: Final = Path(__file__).with_name("noise_child.py")
_TIME_LIMIT_SECONDS: Final = 120
_TOLERANCE_MICROS: Final = 1e-3
"""A thousandth of a millionth: OpenDP rounds its float epsilon up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseProcess:
    """Draws noise with the Python interpreter at *python*, in which OpenDP is installed."""

    python: str
    time_limit: float = _TIME_LIMIT_SECONDS

    async def draw_noise(self, counts: Sequence[int], noise: NoiseScale) -> tuple[int, ...]:
        """Return *counts* with noise; NoiseUnavailableError when it cannot be drawn, or protects too little."""
        request = {"counts": list(counts), "scale": noise.scale, "sensitivity": noise.sensitivity}
        reply = json.loads(await self._run(json.dumps(request).encode()))
        if reply["epsilon"] * MICROS > noise.epsilon_micros + _TOLERANCE_MICROS:
            raise NoiseUnavailableError("the library states a greater epsilon than the release")
        return _check_drawn(reply["counts"], expected=len(counts))

    async def _run(self, request: bytes) -> bytes:
        try:
            child = await asyncio.create_subprocess_exec(
                *(self.python, "-I", str(_SCRIPT)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env={},
            )
        except OSError as fault:
            raise NoiseUnavailableError(f"the Python of the noise does not start: {fault.strerror}") from None
        try:
            async with asyncio.timeout(self.time_limit):
                output, _ = await child.communicate(request)
        except TimeoutError:
            raise NoiseUnavailableError("the draw took too long") from None
        finally:
            with suppress(ProcessLookupError):
                child.kill()
            await child.wait()
        if child.returncode:
            raise NoiseUnavailableError(f"the draw ended with exit code {child.returncode}")
        return output


def _check_drawn(counts: Any, *, expected: int) -> tuple[int, ...]:
    if len(counts) != expected or not all(type(count) is int for count in counts):
        raise NoiseUnavailableError("the draw is incomplete")
    return tuple(counts)
