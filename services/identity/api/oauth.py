"""OAuth 2.1 endpoints: token, revocation (RFC 7009), introspection (RFC 7662), keys and metadata (RFC 8414)."""

import base64
import binascii
import json
import re
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import unquote_plus

from aiohttp import web
from pydantic import ConfigDict, Field

from services.identity.api.authorizations import AuthorizationsApi
from services.identity.errors import InvalidClientError, OAuthError, UnsupportedGrantTypeError
from services.identity.service.authorizations import Authorizations, Shown
from services.identity.service.oauth import ClientCredentials, TokenDesk
from services.identity.service.partners import PartnerClients
from services.identity.service.sessions import Granted, LiveSessions
from services.identity.service.tokens import SigningKeys
from shared.web import PUBLIC, Call, Form, Principal, RateLimit, Route, View, get, post
from shared.web.problems import PROBLEMS

_Parameter = Annotated[str, Field(max_length=4096)]
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


class OAuthForm(Form):
    """What every endpoint here reads; RFC 6749 3.2: what is not known is ignored."""

    model_config = ConfigDict(extra="ignore")

    client_id: _Parameter = ""
    client_secret: _Parameter = ""


class TokenForm(OAuthForm):
    """The parameters of the token endpoint."""

    grant_type: _Parameter = ""
    refresh_token: _Parameter = ""
    code: _Parameter = ""
    redirect_uri: _Parameter = ""
    code_verifier: _Parameter = ""
    scope: _Parameter = ""


class HintedForm(OAuthForm):
    """A token that somebody asks about."""

    token: _Parameter = ""
    token_type_hint: _Parameter = ""


class TokenView(View):
    """New tokens (RFC 6749, section 5.1)."""

    access_token: str
    token_type: str = "Bearer"  # noqa: S105 - the name of a scheme, not a secret
    expires_in: int
    refresh_token: str | None = None
    scope: str | None = None


class IntrospectionView(View):
    """What a token says (RFC 7662, section 2.2)."""

    active: bool
    sub: str | None = None
    client_id: str | None = None
    scope: str | None = None
    purpose: str | None = None
    token_type: str | None = None
    iss: str | None = None


class KeyView(View):
    """A public key (RFC 8037)."""

    kty: str
    crv: str
    x: str
    kid: str
    use: str
    alg: str


class KeysView(View):
    """A JWK set (RFC 7517)."""

    keys: list[KeyView]


class MetadataView(View):
    """What clients need to know (RFC 8414)."""

    issuer: str
    authorization_endpoint: str
    jwks_uri: str
    token_endpoint: str
    token_endpoint_auth_methods_supported: list[str]
    revocation_endpoint: str
    revocation_endpoint_auth_methods_supported: list[str]
    introspection_endpoint: str
    introspection_endpoint_auth_methods_supported: list[str]
    grant_types_supported: list[str]
    response_types_supported: list[str]
    response_modes_supported: list[str]
    code_challenge_methods_supported: list[str]
    authorization_response_iss_parameter_supported: bool
    service_documentation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthApi:
    """The handlers."""

    live: LiveSessions
    clients: PartnerClients
    desk: TokenDesk
    authorizations: Authorizations
    keys: SigningKeys
    requests_a_minute: int

    def routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        limit = RateLimit(10 * self.requests_a_minute, timedelta(minutes=1))
        return (
            *AuthorizationsApi(authorizations=self.authorizations, requests_a_minute=self.requests_a_minute).routes(),
            post("/oauth/token", self.token, access=PUBLIC, limit=limit, replies=TokenView, errors=(OAuthError,)),
            post("/oauth/revoke", self.revoke, access=PUBLIC, limit=limit, errors=(InvalidClientError,)),
            post(
                "/oauth/introspect",
                self.introspect,
                access=PUBLIC,
                limit=limit,
                replies=IntrospectionView,
                errors=(InvalidClientError,),
            ),
            get("/.well-known/jwks.json", self.jwks, access=PUBLIC),
            get("/.well-known/openid-configuration", self.metadata, access=PUBLIC),
        )

    async def token(self, call: Call, form: TokenForm) -> web.Response:
        """Get an access token: with a code, with a refresh token, which is replaced, or with client credentials.

        A refresh token works once. Sent again within 20 seconds, as by two tabs, it gives an access token alone; later
        its second use ends the session.
        """
        return await _answered(call, self._token(call, form))

    async def revoke(self, call: Call, form: HintedForm) -> web.Response:
        """Revoke a token and its session; a token that is not valid needs no revocation and is no error."""
        return await _answered(call, self._revoke(call, form))

    async def introspect(self, call: Call, form: HintedForm) -> web.Response:
        """Ask whether an own token is valid; a partner asks with its client credentials."""
        return await _answered(call, self._introspect(call, form))

    async def jwks(self, _call: Call) -> KeysView:
        """Read the keys that sign access tokens."""
        return KeysView(**self.keys.jwks())

    async def metadata(self, _call: Call) -> MetadataView:
        """Read the metadata of the authorization server."""
        issuer = self.keys.issuer
        secrets = ["client_secret_basic", "client_secret_post"]
        return MetadataView(
            issuer=issuer,
            authorization_endpoint=f"{issuer}/account/authorize",  # a page of the portal
            jwks_uri=f"{issuer}/.well-known/jwks.json",
            token_endpoint=f"{issuer}/oauth/token",
            token_endpoint_auth_methods_supported=[*secrets, "none"],
            revocation_endpoint=f"{issuer}/oauth/revoke",
            revocation_endpoint_auth_methods_supported=[*secrets, "none"],
            introspection_endpoint=f"{issuer}/oauth/introspect",
            introspection_endpoint_auth_methods_supported=secrets,
            grant_types_supported=["authorization_code", "refresh_token", "client_credentials"],
            response_types_supported=["code"],
            response_modes_supported=["query"],
            code_challenge_methods_supported=["S256"],
            authorization_response_iss_parameter_supported=True,
            service_documentation=f"{issuer}/docs",
        )

    async def _token(self, call: Call, form: TokenForm) -> View:
        if form.grant_type == "refresh_token":
            return _granted(await self.live.refresh(form.refresh_token, client_id=form.client_id, at=call.now))
        if form.grant_type == "authorization_code":
            return _granted(await self._for_code(call, form))
        if form.grant_type == "client_credentials":
            return await self._partner_token(call, form)
        raise UnsupportedGrantTypeError if form.grant_type else OAuthError("grant_type is missing")

    async def _for_code(self, call: Call, form: TokenForm) -> Granted:
        if _VERIFIER.fullmatch(form.code_verifier) is None:
            raise OAuthError("code_verifier is missing or not of its form")
        shown = Shown(
            code=form.code,
            client_id=form.client_id,
            redirect_uri=form.redirect_uri,
            verifier=form.code_verifier,
        )
        agent = call.header("User-Agent") or ""
        return await self.authorizations.tokens(shown, user_agent=agent, address=call.client, at=call.now)

    async def _partner_token(self, call: Call, form: TokenForm) -> View:
        credentials = _credentials(call, form)
        if credentials is None:
            raise InvalidClientError
        client = await self.clients.authenticated(credentials.client_id, credentials.secret)
        token = await self.clients.token(client, frozenset(form.scope.split()), at=call.now)
        return TokenView(
            access_token=token.access_token, expires_in=token.expires_in, scope=" ".join(sorted(token.scopes))
        )

    async def _revoke(self, call: Call, form: HintedForm) -> View | None:
        if not form.token:
            raise OAuthError("token is missing")
        await self.desk.revoke(form.token, _credentials(call, form), at=call.now)
        return None

    async def _introspect(self, call: Call, form: HintedForm) -> View:
        if not form.token:
            raise OAuthError("token is missing")
        found = await self.desk.describe(form.token, call.who, _credentials(call, form), at=call.now)
        return IntrospectionView(active=False) if found is None else _described(found, self.keys.issuer)


def _granted(granted: Granted) -> TokenView:
    return TokenView(
        access_token=granted.access_token,
        expires_in=granted.expires_in,
        refresh_token=granted.refresh_token or None,
    )


def _described(who: Principal, issuer: str) -> IntrospectionView:
    return IntrospectionView(
        active=True,
        sub=who.id,
        client_id=who.id if who.kind == "partner" else None,
        scope=" ".join(sorted(who.scopes)) or None,
        purpose=who.purpose or None,
        token_type="Bearer",  # noqa: S106 - the name of a scheme, not a secret
        iss=issuer,
    )


def _credentials(call: Call, form: OAuthForm) -> ClientCredentials | None:
    """Return the credentials of the client, from the header or the body: RFC 6749 2.3 forbids both at once."""
    scheme, _, encoded = (call.header("Authorization") or "").partition(" ")
    if scheme.lower() == "basic":
        if form.client_secret:
            raise OAuthError("send the credentials once")
        return _basic(encoded)
    return ClientCredentials(form.client_id, form.client_secret) if form.client_secret else None


def _basic(encoded: str) -> ClientCredentials:
    try:
        client_id, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode("ascii").partition(":")
    except (binascii.Error, ValueError) as fault:
        raise InvalidClientError from fault
    if not colon:
        raise InvalidClientError
    return ClientCredentials(unquote_plus(client_id), unquote_plus(secret))


async def _answered(call: Call, work: Awaitable[View | None]) -> web.Response:
    """Return what *work* returns, or its refusal as RFC 6749 5.2 has it, which is a problem besides."""
    try:
        view = await work
    except OAuthError as fault:
        return _refused(call, fault)
    if view is None:
        return web.Response(status=200)
    return web.json_response(view.model_dump(exclude_none=True), headers={"Pragma": "no-cache"})


def _refused(call: Call, fault: OAuthError) -> web.Response:
    problem = call.request.app[PROBLEMS].render(fault, call.request)
    assert isinstance(problem.body, bytes)
    said: dict[str, Any] = {"error": fault.error, "error_description": fault.detail, **json.loads(problem.body)}
    headers = {name: value for name, value in problem.headers.items() if name not in {"Content-Type", "Content-Length"}}
    return web.json_response(said, status=fault.status, headers=headers)
