"""The report of a week: what is counted becomes the one request that is sent, and that the preview shows."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from candor_telemetry.program import QUESTION_VERSION, RECEIVER_ADDS, Program, bucket_label, language_name, system_name
from candor_telemetry.tokens import Token
from candor_telemetry.wire import Server, build_request

REPORTS_PATH = "/v1/telemetry/reports"
NO_TOKEN = Token("drawn after your yes", "made after your yes", "")
"""Stands in a preview where a week has no token yet; such a report cannot be sent."""


class Preview(NamedTuple):
    """A report before it is sent."""

    week: str
    request: bytes
    """Exactly the bytes that are sent."""
    is_complete: bool
    """False: the week is still running, or has no token yet."""
    receiver_adds: str = RECEIVER_ADDS


def build_report(program: Program, week: str, token: Token, counts: Mapping[str, int]) -> dict[str, Any]:
    """Return the content of the report of *week*."""
    return {
        "question_version": QUESTION_VERSION,
        "week": week,
        "number": token.number,
        "token": token.token,
        "program": program.name,
        "version": program.version,
        "os": system_name(),
        "locale": language_name(),
        "counters": {feature: bucket_label(counts.get(feature, 0)) for feature in program.features},
    }


def build_report_request(server: Server, report: dict[str, Any]) -> bytes:
    """Return the request with the report of one week: two weeks in one request would belong together."""
    return build_request(server, "POST", REPORTS_PATH, {"reports": [report]})
