"""The adapters of telemetry: the oblivious function that makes and checks tokens, and the noise of releases."""

from services.telemetry.ports.noise import NoiseProcess
from services.telemetry.ports.voprf import Evaluation, InvalidElementError, TokenKeys

__all__ = ["Evaluation", "InvalidElementError", "NoiseProcess", "TokenKeys"]
