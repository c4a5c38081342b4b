"""Where a logged-in customer lets one of the company's apps in; the page that asks is the portal's."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from services.identity.domain.oauth.clients import APP_SCOPE_DESCRIPTIONS
from services.identity.errors import InvalidAuthorizationRequestError
from services.identity.service.oauth.authorization_code import AuthorizationCodeGrant, AuthorizationRequest
from shared.web import JsonBody, Query, RateLimit, RequestContext, Route, View, customer, get, post

_ClientId = Annotated[str, Field(min_length=1, max_length=100)]
_RedirectUri = Annotated[str, Field(min_length=1, max_length=500)]
_CodeChallenge = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")]
_State = Annotated[str, Field(max_length=500)]
_Scope = Annotated[str, Field(max_length=100)]


class AuthorizationBody(JsonBody):
    """What the app asks for, as it stands in its request (RFC 6749, 4.1.1; RFC 7636, 4.3)."""

    response_type: Literal["code"] = "code"
    client_id: _ClientId
    redirect_uri: _RedirectUri
    code_challenge: _CodeChallenge
    code_challenge_method: Literal["S256"]
    state: _State = ""
    scope: _Scope = ""
    allow: Annotated[bool, Field(description="false: the customer denies it, and the app is told so")] = True


class AuthorizationQuery(Query):
    """What the app asks for, as the page that asks the customer got it."""

    response_type: Literal["code"]
    client_id: _ClientId
    redirect_uri: _RedirectUri
    code_challenge: _CodeChallenge
    code_challenge_method: Literal["S256"]
    state: _State = ""
    scope: _Scope = ""


class ClientView(View):
    """The app that asks, as the customer is shown it."""

    client_id: str
    name: str
    redirect_uri: str
    scope_descriptions: Annotated[list[str], Field(description="in plain words")]


class AuthorizationView(View):
    """Where the browser is to go."""

    redirect_to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationsApi:
    """The handlers."""

    authorizations: AuthorizationCodeGrant
    rate_limit_per_minute: int

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        path, limit = "/oauth/authorizations", RateLimit(self.rate_limit_per_minute, timedelta(minutes=1))
        refused = (InvalidAuthorizationRequestError,)
        return (
            get(path, self.get_authorization_request, access=customer(), limit=limit, errors=refused),
            post(path, self.authorize_client, access=customer(), limit=limit, errors=refused),
        )

    async def get_authorization_request(self, _call: RequestContext, query: AuthorizationQuery) -> ClientView:
        """Read which app asks and what it would get, for the page that asks the customer; it lets nobody in."""
        app = self.authorizations.validate_request(_parse_request(query))
        return ClientView(
            client_id=app.id,
            name=app.name,
            redirect_uri=query.redirect_uri,
            scope_descriptions=list(APP_SCOPE_DESCRIPTIONS),
        )

    async def authorize_client(self, call: RequestContext, body: AuthorizationBody) -> AuthorizationView:
        """Let an app in, or deny it; a code is good for one use within a minute, by the app that knows the verifier."""
        request = _parse_request(body)
        if not body.allow:
            return AuthorizationView(redirect_to=self.authorizations.deny_request(request))
        return AuthorizationView(redirect_to=self.authorizations.authorize(request, call.principal, at=call.now))


def _parse_request(parameters: AuthorizationBody | AuthorizationQuery) -> AuthorizationRequest:
    return AuthorizationRequest(
        client_id=parameters.client_id,
        redirect_uri=parameters.redirect_uri,
        code_challenge=parameters.code_challenge,
        state=parameters.state,
        scope=parameters.scope,
    )
