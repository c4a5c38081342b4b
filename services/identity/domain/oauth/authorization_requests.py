"""Authorization requests, and which of their errors the app is told (RFC 6749, section 4.1.2.1)."""

import re
from dataclasses import dataclass

from services.identity.domain.oauth.clients import APP_SCOPE

_CODE_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """An authorization request of an app (RFC 6749, section 4.1.1; RFC 7636, section 4.3)."""

    client_id: str
    redirect_uri: str
    response_type: str
    code_challenge: str
    code_challenge_method: str
    state: str
    scope: str
    repeated: frozenset[str] = frozenset()
    """The parameters that were sent more than once."""


@dataclass(frozen=True, slots=True)
class AuthorizationError:
    """An error that the app is told by a redirect."""

    error: str
    description: str


def find_error(request: AuthorizationRequest) -> AuthorizationError | None:
    """Return the first error of a request whose client and redirect URI are registered, or None."""
    invalid, challenge = "invalid_request", request.code_challenge
    checks = (
        (not request.repeated, invalid, f"{min(request.repeated, default='')} is repeated"),
        (bool(request.response_type), invalid, "response_type is missing"),
        (request.response_type == "code", "unsupported_response_type", "the only response_type is code"),
        (request.code_challenge_method == "S256", invalid, "code_challenge_method must be S256"),
        (_CODE_CHALLENGE.fullmatch(challenge), invalid, "code_challenge must be 43 characters of base64url"),
        (request.scope in {"", APP_SCOPE}, "invalid_scope", f"the only scope is {APP_SCOPE}"),
    )
    return next((AuthorizationError(error, description) for passed, error, description in checks if not passed), None)
