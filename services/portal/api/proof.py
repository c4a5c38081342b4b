"""What somebody types, or a passkey signs, to prove who they are: as the APIs take it."""

import json
from typing import Any

from services.portal.api.visit import Typed
from shared.errors import FieldProblem, InvalidInputError


def passkey_in(typed: Typed) -> dict[str, Any]:
    """Return what the script of the page got from a passkey; without the script there is none."""
    try:
        found = json.loads(typed.get("credential", ""))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        told = "No passkey was used. Turn JavaScript on for this one page: only a script can ask for one."
        raise InvalidInputError(told, fields=(FieldProblem(field="credential", code="missing", message=told),))
    return found


def by_code_or_passkey(typed: Typed) -> dict[str, Any]:
    """Return the second factor: a passkey where one has signed, else the code."""
    return {"passkey": passkey_in(typed)} if typed.get("credential") else {"code": typed.get("code", "")}
