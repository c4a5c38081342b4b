"""The adapters of telemetry: tokens by an oblivious function, the noise of releases, and the website as seen."""

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
