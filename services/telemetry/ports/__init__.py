"""The adapters of telemetry: the oblivious function that makes and checks tokens."""

from services.telemetry.ports.voprf import Evaluation, InvalidElementError, TokenKeys

__all__ = ["Evaluation", "InvalidElementError", "TokenKeys"]
