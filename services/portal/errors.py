"""Every refusal of the portal, and those of the platform as the portal passes them on."""

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
    """A part of the platform does not answer at this moment."""

    code = "portal.api.unavailable"
    remedy = "Nothing is lost. Wait a few seconds, then load the page again."


class LoginRequiredError(UnauthenticatedError):
    """You are not logged in, or no longer."""

    code = "portal.session.login_required"
    remedy = "Log in, and you come back to this page."


class CsrfOriginError(ForbiddenError):
    """The form did not come from a page of this site."""

    code = "portal.csrf.origin_invalid"
    remedy = "Open the page here, in a browser that says where a form comes from, and send the form again."


class CsrfTokenError(ForbiddenError):
    """The form is too old, or belongs to another log-in."""

    code = "portal.csrf.token_invalid"
    remedy = "Go back, load the page again and fill the form in anew."


class MalformedFormError(MalformedError):
    """The form cannot be read."""

    code = "portal.form.malformed"
    remedy = "Go back, load the page again and fill the form in anew."


class PageNotFoundError(NotFoundError):
    """There is no such page."""

    code = "portal.page.not_found"
    remedy = "Check the address for a typing mistake, or start again from the first page."


class WrongRoleError(ForbiddenError):
    """This part of the console is the work of others."""

    code = "portal.staff.wrong_role"
    remedy = "Ask a colleague with one of these roles; the menu of the console shows what is yours."


class ApiProblemError(ServiceError):
    """The platform refused the request."""

    code = "portal.api.problem"
    status = 502
    problem: Mapping[str, Any] = {}
    """All that the problem says, what only this refusal carries included (RFC 9457, 3.2)."""

    @classmethod
    def from_problem(cls, status: int, problem: Mapping[str, Any], *, retry_after: int | None = None) -> Self:
        """Return what an API refused, with its own title, code, status and remedy."""
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
