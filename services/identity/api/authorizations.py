"""Where a logged-in customer lets one of the company's apps in; the page that asks is the portal's."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from services.identity.errors import AppRefusedError
from services.identity.service.authorizations import Authorizations, Wish
from shared.web import Body, Call, RateLimit, Route, View, customer, post


class AuthorizationBody(Body):
    """What the app asks for, as it stands in its request (RFC 6749, 4.1.1; RFC 7636, 4.3)."""

    response_type: Literal["code"] = "code"
    client_id: Annotated[str, Field(min_length=1, max_length=100)]
    redirect_uri: Annotated[str, Field(min_length=1, max_length=500)]
    code_challenge: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")]
    code_challenge_method: Literal["S256"]
    state: Annotated[str, Field(max_length=500)] = ""
    scope: Annotated[str, Field(max_length=100)] = ""


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
        return (
            post(
                "/oauth/authorizations",
                self.authorize_app,
                access=customer(),
                limit=RateLimit(self.requests_a_minute, timedelta(minutes=1)),
                errors=(AppRefusedError,),
            ),
        )

    async def authorize_app(self, call: Call, body: AuthorizationBody) -> AuthorizationView:
        """Let an app in: its code is good for one use within a minute, by the app that knows the verifier."""
        wish = Wish(
            client_id=body.client_id,
            redirect_uri=body.redirect_uri,
            challenge=body.code_challenge,
            state=body.state,
            scope=body.scope,
        )
        return AuthorizationView(redirect_to=self.authorizations.authorize(wish, call.who, at=call.now))
