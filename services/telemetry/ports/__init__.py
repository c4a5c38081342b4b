"""The adapters of telemetry: the oblivious function that makes and checks tokens, the noise of releases, the website."""

from services.telemetry.ports.noise import NoiseProcess
from services.telemetry.ports.voprf import Evaluation, InvalidElementError, TokenKeys
from services.telemetry.ports.website import Visitor, Website, WebsiteUnavailableError

__all__ = [
    "Evaluation",
    "InvalidElementError",
    "NoiseProcess",
    "TokenKeys",
    "Visitor",
    "Website",
    "WebsiteUnavailableError",
]
