"""Errors of the portal, and errors of the APIs as the portal shows them."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Self

from shared.errors import (
    FieldProblem,
    ForbiddenError,
    MalformedError,
    NotFoundError,
    ServiceError,
    UnauthenticatedError,
    UnavailableError,
)

_PHRASES = {status.value: status.phrase for status in HTTPStatus}


class ApiUnavailableError(UnavailableError):
    """A service is currently unavailable."""

    code = "portal.api.unavailable"
    remedy = "Nothing was lost. Wait a few seconds, then reload the page."


class LoginRequiredError(UnauthenticatedError):
    """Please log in to continue."""

    code = "portal.session.login_required"
    remedy = "Log in; you return to this page afterwards."


class CsrfOriginError(ForbiddenError):
    """The form was not sent from this site."""

    code = "portal.csrf.origin_invalid"
    remedy = "Open the page on this site, in a browser that sends the Origin header, and submit the form again."


class CsrfTokenError(ForbiddenError):
    """The form has expired or belongs to another session."""

    code = "portal.csrf.token_invalid"
    remedy = "Go back, reload the page and fill in the form again."


class MalformedFormError(MalformedError):
    """The form could not be read."""

    code = "portal.form.malformed"
    remedy = "Go back, reload the page and fill in the form again."


class PageNotFoundError(NotFoundError):
    """Page not found."""

    code = "portal.page.not_found"
    remedy = "Check the address for typing mistakes, or start from the home page."


class WrongRoleError(ForbiddenError):
    """This section of the console is for other roles."""

    code = "portal.staff.wrong_role"
    remedy = "Ask a colleague with one of these roles; the console menu shows the sections you can use."


class ApiProblemError(ServiceError):
    """The request was rejected."""

    code = "portal.api.problem"
    status = 502
    problem: Mapping[str, Any] = {}
    """All members of the problem document, extension members included (RFC 9457, section 3.2)."""

    @classmethod
    def from_problem(cls, status: int, problem: Mapping[str, Any], *, retry_after: int | None = None) -> Self:
        """Build the error for a problem document of an API, with its title, code, status and remedy."""
        attributes = {
            "__doc__": str(problem.get("title") or _PHRASES.get(status, cls.__doc__)),
            "code": str(problem.get("code") or f"http.request.status_{status}"),
            "status": status,
            "remedy": str(problem.get("remedy") or ""),
            "problem": dict(problem),
        }
        kind: type[Self] = type(cls.__name__, (cls,), attributes)
        return kind(problem.get("detail"), fields=_parse_fields(problem), retry_after=retry_after)


def _parse_fields(problem: Mapping[str, Any]) -> tuple[FieldProblem, ...]:
    return tuple(
        FieldProblem(field=str(each["field"]), code=str(each["code"]), message=str(each["message"]))
        for each in problem.get("fields", ())
    )
