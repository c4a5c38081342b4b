"""Parses credentials of forms into API requests."""

import json
from typing import Any

from services.portal.api.context import FormData
from shared.errors import FieldProblem, InvalidInputError


def parse_passkey(typed: FormData) -> dict[str, Any]:
    """Return what the script of the page got from a passkey; without the script there is none."""
    try:
        found = json.loads(typed.get("credential", ""))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        message = "No passkey was used. Turn JavaScript on for this one page: only a script can ask for one."
        raise InvalidInputError(message, fields=(FieldProblem(field="credential", code="missing", message=message),))
    return found


def parse_second_factor(typed: FormData) -> dict[str, Any]:
    """Return the second factor: a passkey where one has signed, else the code."""
    return {"passkey": parse_passkey(typed)} if typed.get("credential") else {"code": typed.get("code", "")}
