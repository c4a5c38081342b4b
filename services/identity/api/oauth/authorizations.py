"""Authorization of the company's apps by a customer. The consent page is the portal's."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from services.identity.domain.oauth.authorization_requests import AuthorizationRequest
from services.identity.domain.oauth.clients import APP_SCOPE_DESCRIPTIONS
from services.identity.errors import InvalidAuthorizationRequestError
from services.identity.service.oauth.authorization_code import AuthorizationCodeGrant
from shared.web import PUBLIC, JsonBody, OpaqueText, Query, RateLimit, RequestContext, Route, View, customer, get, post

_ClientId = Annotated[str, Field(min_length=1, max_length=100), OpaqueText("looked up")]
_RedirectUri = Annotated[str, Field(min_length=1, max_length=500), OpaqueText("compared")]
_Parameter = Annotated[str, OpaqueText("compared; the app is told of an error by a redirect")]
_CodeChallenge = Annotated[str, OpaqueText("sealed in the code")]
_State = Annotated[str, Field(description="as long as a URL can be"), OpaqueText("sent back")]


class AuthorizationBody(JsonBody):
    """An authorization request (RFC 6749, 4.1.1; RFC 7636, 4.3) and the customer's decision."""

    response_type: _Parameter = "code"
    client_id: _ClientId
    redirect_uri: _RedirectUri
    code_challenge: _CodeChallenge = ""
    code_challenge_method: _Parameter = ""
    state: _State = ""
    scope: _Parameter = ""
    allow: Annotated[bool, Field(description="false: the customer denies access, and the app gets access_denied")] = (
        True
    )


class AuthorizationQuery(Query):
    """An authorization request, for the consent page."""

    response_type: _Parameter = ""
    client_id: _ClientId
    redirect_uri: _RedirectUri
    code_challenge: _CodeChallenge = ""
    code_challenge_method: _Parameter = ""
    state: _State = ""
    scope: _Parameter = ""
    repeated: Annotated[
        str, Field(max_length=200, description="the parameters that the app sent more than once, separated by blanks")
    ] = ""


class ClientView(View):
    """The client, as the consent page shows it."""

    client_id: str
    name: str
    redirect_uri: str
    scope_descriptions: Annotated[list[str], Field(description="in plain language")]
    redirect_to: Annotated[
        str | None, Field(description="the request has an error: redirect the browser there, which tells the app")
    ]


class AuthorizationView(View):
    """The URI to redirect the browser to."""

    redirect_to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationsApi:
    """HTTP handlers of authorizations."""

    authorizations: AuthorizationCodeGrant
    rate_limit_per_minute: int

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        path, limit = "/oauth/authorizations", RateLimit(self.rate_limit_per_minute, timedelta(minutes=1))
        refused = (InvalidAuthorizationRequestError,)
        return (
            get(path, self.get_authorization_request, access=PUBLIC, limit=limit, errors=refused),
            post(path, self.authorize_client, access=customer(), limit=limit, errors=refused),
        )

    async def get_authorization_request(self, _call: RequestContext, query: AuthorizationQuery) -> ClientView:
        """Get the client and the scopes of an authorization request, for the consent page. Grants nothing.

        Needs no login, so that an app is told of a wrong request at once. An unregistered client or redirect URI is a
        problem, and never redirected to.
        """
        request = _parse_request(query, repeated=frozenset(query.repeated.split()))
        app = self.authorizations.find_client(request)
        return ClientView(
            client_id=app.id,
            name=app.name,
            redirect_uri=query.redirect_uri,
            scope_descriptions=list(APP_SCOPE_DESCRIPTIONS),
            redirect_to=self.authorizations.reject_request(request),
        )

    async def authorize_client(self, call: RequestContext, body: AuthorizationBody) -> AuthorizationView:
        """Allow or deny an app. The code works once, within a minute, with the PKCE verifier."""
        request = _parse_request(body)
        if not body.allow:
            return AuthorizationView(redirect_to=self.authorizations.deny_request(request))
        return AuthorizationView(redirect_to=self.authorizations.authorize(request, call.principal, at=call.now))


def _parse_request(
    parameters: AuthorizationBody | AuthorizationQuery, *, repeated: frozenset[str] = frozenset()
) -> AuthorizationRequest:
    return AuthorizationRequest(
        client_id=parameters.client_id,
        redirect_uri=parameters.redirect_uri,
        response_type=parameters.response_type,
        code_challenge_method=parameters.code_challenge_method,
        repeated=repeated,
        code_challenge=parameters.code_challenge,
        state=parameters.state,
        scope=parameters.scope,
    )
