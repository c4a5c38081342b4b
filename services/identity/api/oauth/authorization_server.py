"""OAuth 2.1 endpoints: token, revocation (RFC 7009), and introspection (RFC 7662)."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import Annotated, Literal
from urllib.parse import unquote_plus

from aiohttp import web
from pydantic import ConfigDict, Field

from services.identity.api.oauth.authorizations import AuthorizationsApi
from services.identity.api.oauth.metadata import MetadataApi
from services.identity.errors import InvalidClientError, OAuthError, UnsupportedGrantTypeError
from services.identity.service.oauth.authorization_code import AccessTokenRequest, AuthorizationCodeGrant
from services.identity.service.oauth.partner_clients import PartnerClientService
from services.identity.service.oauth.token_service import ClientCredentials, TokenService
from services.identity.service.sessions.sessions import SessionService, TokenResponse
from services.identity.service.sessions.tokens import SigningKeys
from shared.errors import ServiceError, TooManyRequestsError
from shared.web import PUBLIC, FormBody, OpaqueText, Principal, RateLimit, RequestContext, Route, View, post

_Parameter = Annotated[str, Field(max_length=4096), OpaqueText("compared, looked up or decrypted")]
_NOT_IN_DESCRIPTION = re.compile(r"[^ !#-\[\]-~]")
"""What an ``error_description`` may not contain."""
_CODE_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


class OAuthForm(FormBody):
    """The parameters that all endpoints share. Unknown ones are ignored (RFC 6749, 3.2)."""

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
    on_reuse: Annotated[
        Literal["", "access_token"],
        Field(
            description="with a refresh token that another process of yours has just used: an access token only, "
            "and its new refresh token stays valid"
        ),
    ] = ""


class TokenHintForm(OAuthForm):
    """A token to revoke or introspect."""

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
    """The claims of a token (RFC 7662, section 2.2)."""

    active: bool
    sub: str | None = None
    client_id: str | None = None
    scope: str | None = None
    purpose: str | None = None
    token_type: str | None = None
    iss: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthApi:
    """HTTP handlers of the authorization server."""

    session_service: SessionService
    partner_client_service: PartnerClientService
    token_service: TokenService
    authorizations: AuthorizationCodeGrant
    signing_keys: SigningKeys
    rate_limit_per_minute: int

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        limit = RateLimit(10 * self.rate_limit_per_minute, timedelta(minutes=1))
        app_origins = self.authorizations.client_registry.allows_origin
        endpoint = partial(post, access=PUBLIC, limit=limit, error_members=build_error_members)
        return (
            *AuthorizationsApi(
                authorizations=self.authorizations, rate_limit_per_minute=self.rate_limit_per_minute
            ).build_routes(),
            endpoint("/oauth/token", self.issue_token, origins=app_origins, replies=TokenView, errors=(OAuthError,)),
            endpoint("/oauth/revoke", self.revoke_token, origins=app_origins, errors=(InvalidClientError,)),
            endpoint(
                "/oauth/introspect", self.introspect_token, replies=IntrospectionView, errors=(InvalidClientError,)
            ),
            *MetadataApi(signing_keys=self.signing_keys).build_routes(),
        )

    async def issue_token(self, call: RequestContext, form: TokenForm) -> web.Response:
        """Get an access token with a code, a refresh token or client credentials.

        A refresh token is rotated: it works once. If it is sent again within 20 seconds (two processes do so, or the
        response was lost), the response has new tokens, and the refresh token of the first response is void. A later
        reuse, or the use of a void token, revokes the session.
        """
        return _render_view(await self._grant(call, form))

    async def revoke_token(self, call: RequestContext, form: TokenHintForm) -> web.Response:
        """Revoke a token and its session. An invalid token is no error (RFC 7009)."""
        return _render_view(await self._revoke(call, form))

    async def introspect_token(self, call: RequestContext, form: TokenHintForm) -> web.Response:
        """Check whether a token of yours is valid. A partner sends its client credentials."""
        return _render_view(await self._introspect(call, form))

    async def _grant(self, call: RequestContext, form: TokenForm) -> View:
        if form.grant_type == "refresh_token":
            return _token_view(await self._refresh(call, form))
        if form.grant_type == "authorization_code":
            return _token_view(await self._exchange_code(call, form))
        if form.grant_type == "client_credentials":
            return await self._issue_partner_token(call, form)
        raise UnsupportedGrantTypeError if form.grant_type else OAuthError("grant_type is missing")

    async def _refresh(self, call: RequestContext, form: TokenForm) -> TokenResponse:
        return await self.session_service.refresh_session(
            form.refresh_token,
            client_id=_parse_public_client(call, form),
            keeps_newest=form.on_reuse == "access_token",
            at=call.now,
        )

    async def _exchange_code(self, call: RequestContext, form: TokenForm) -> TokenResponse:
        if _CODE_VERIFIER.fullmatch(form.code_verifier) is None:
            raise OAuthError("code_verifier is missing or malformed")
        request = AccessTokenRequest(
            code=form.code,
            client_id=_parse_public_client(call, form),
            redirect_uri=form.redirect_uri,
            code_verifier=form.code_verifier,
        )
        agent = call.get_header("User-Agent") or ""
        return await self.authorizations.exchange_code(
            request, user_agent=agent, client_ip=call.client_address, at=call.now
        )

    async def _issue_partner_token(self, call: RequestContext, form: TokenForm) -> View:
        credentials = _parse_credentials(call, form)
        client = await self.partner_client_service.authenticate(credentials.client_id, credentials.secret, at=call.now)
        token = await self.partner_client_service.issue_token(client, frozenset(form.scope.split()), at=call.now)
        return TokenView(
            access_token=token.access_token, expires_in=token.expires_in, scope=" ".join(sorted(token.scopes))
        )

    async def _revoke(self, call: RequestContext, form: TokenHintForm) -> View | None:
        if not form.token:
            raise OAuthError("token is missing")
        await self.token_service.revoke(form.token, _parse_credentials(call, form), at=call.now)
        return None

    async def _introspect(self, call: RequestContext, form: TokenHintForm) -> View:
        if not form.token:
            raise OAuthError("token is missing")
        found = await self.token_service.introspect(
            form.token, call.principal, _parse_credentials(call, form), at=call.now
        )
        return (
            IntrospectionView(active=False) if found is None else _introspection_view(found, self.signing_keys.issuer)
        )


def _token_view(tokens: TokenResponse) -> TokenView:
    return TokenView(
        access_token=tokens.access_token,
        expires_in=tokens.expires_in,
        refresh_token=tokens.refresh_token or None,
        scope=" ".join(sorted(tokens.scopes)) or None,
    )


def _introspection_view(principal: Principal, issuer: str) -> IntrospectionView:
    return IntrospectionView(
        active=True,
        sub=principal.id,
        client_id=principal.client_id or None,
        scope=" ".join(sorted(principal.scopes)) or None,
        purpose=principal.purpose or None,
        token_type="Bearer",  # noqa: S106 - the name of a scheme, not a secret
        iss=issuer,
    )


def _parse_public_client(call: RequestContext, form: OAuthForm) -> str:
    """Return the id of an app, which has no secret. Some libraries send it by Basic with an empty secret."""
    credentials = _parse_credentials(call, form)
    if credentials.secret or form.client_id not in {"", credentials.client_id}:
        raise InvalidClientError
    return credentials.client_id


def _parse_credentials(call: RequestContext, form: OAuthForm) -> ClientCredentials:
    """Return the client credentials from the header or the body; RFC 6749, 2.3 forbids both at once.

    The secret is empty for an app, which is a public client.
    """
    scheme, _, encoded = (call.get_header("Authorization") or "").partition(" ")
    if scheme.lower() == "basic":
        if form.client_secret:
            raise OAuthError("send the client credentials in the header or the body, not both")
        return _parse_basic(encoded)
    return ClientCredentials(form.client_id, form.client_secret)


def _parse_basic(encoded: str) -> ClientCredentials:
    try:
        client_id, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode("ascii").partition(":")
    except (binascii.Error, ValueError) as fault:
        raise InvalidClientError from fault
    if not colon:
        raise InvalidClientError
    return ClientCredentials(unquote_plus(client_id), unquote_plus(secret))


def _render_view(view: View | None) -> web.Response:
    if view is None:
        return web.Response(status=200)
    return web.json_response(view.model_dump(exclude_none=True), headers={"Pragma": "no-cache"})


def build_error_members(fault: ServiceError) -> Mapping[str, str]:
    """Return ``error`` and ``error_description`` (RFC 6749, section 5.2), also of errors raised before the handler."""
    if isinstance(fault, OAuthError):
        error = fault.error
    elif fault.status >= HTTPStatus.INTERNAL_SERVER_ERROR or isinstance(fault, TooManyRequestsError):
        error = "server_error" if fault.status == HTTPStatus.INTERNAL_SERVER_ERROR else "temporarily_unavailable"
    else:
        error = OAuthError.error
    return {"error": error, "error_description": _NOT_IN_DESCRIPTION.sub("'", fault.detail)}
