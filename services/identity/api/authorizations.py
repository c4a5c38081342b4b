"""Where a logged-in customer lets one of the company's apps in; the page that asks is the portal's."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from services.identity.domain.apps import APP_SCOPE_GIVES
from services.identity.errors import AppRefusedError
from services.identity.service.authorizations import Authorizations, Wish
from shared.web import Body, Call, Query, RateLimit, Route, View, customer, get, post

_ClientId = Annotated[str, Field(min_length=1, max_length=100)]
_RedirectUri = Annotated[str, Field(min_length=1, max_length=500)]
_Challenge = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")]
_State = Annotated[str, Field(max_length=500)]
_Scope = Annotated[str, Field(max_length=100)]


class AuthorizationBody(Body):
    """What the app asks for, as it stands in its request (RFC 6749, 4.1.1; RFC 7636, 4.3)."""

    response_type: Literal["code"] = "code"
    client_id: _ClientId
    redirect_uri: _RedirectUri
    code_challenge: _Challenge
    code_challenge_method: Literal["S256"]
    state: _State = ""
    scope: _Scope = ""
    allow: Annotated[bool, Field(description="false: the customer denies it, and the app is told so")] = True


class AuthorizationQuery(Query):
    """What the app asks for, as the page that asks the customer got it."""

    response_type: Literal["code"]
    client_id: _ClientId
    redirect_uri: _RedirectUri
    code_challenge: _Challenge
    code_challenge_method: Literal["S256"]
    state: _State = ""
    scope: _Scope = ""


class AskingView(View):
    """The app that asks, as the customer is shown it."""

    client_id: str
    name: str
    redirect_uri: str
    gets: Annotated[list[str], Field(description="in plain words")]


class AuthorizationView(View):
    """Where the browser is to go."""

    redirect_to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationsApi:
    """The handlers."""

    authorizations: Authorizations
    requests_a_minute: int

    def routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        path, limit = "/oauth/authorizations", RateLimit(self.requests_a_minute, timedelta(minutes=1))
        refused = (AppRefusedError,)
        return (
            get(path, self.read_authorization, access=customer(), limit=limit, errors=refused),
            post(path, self.authorize_app, access=customer(), limit=limit, errors=refused),
        )

    async def read_authorization(self, _call: Call, query: AuthorizationQuery) -> AskingView:
        """Read which app asks and what it would get, for the page that asks the customer; it lets nobody in."""
        app = self.authorizations.asking(_wish(query))
        return AskingView(client_id=app.id, name=app.name, redirect_uri=query.redirect_uri, gets=list(APP_SCOPE_GIVES))

    async def authorize_app(self, call: Call, body: AuthorizationBody) -> AuthorizationView:
        """Let an app in, or deny it; a code is good for one use within a minute, by the app that knows the verifier."""
        wish = _wish(body)
        if not body.allow:
            return AuthorizationView(redirect_to=self.authorizations.deny(wish))
        return AuthorizationView(redirect_to=self.authorizations.authorize(wish, call.who, at=call.now))


def _wish(asked: AuthorizationBody | AuthorizationQuery) -> Wish:
    return Wish(
        client_id=asked.client_id,
        redirect_uri=asked.redirect_uri,
        challenge=asked.code_challenge,
        state=asked.state,
        scope=asked.scope,
    )
