"""Metadata of the authorization server (RFC 8414, OpenID Discovery) and of the APIs (RFC 9728), and the keys."""

from dataclasses import dataclass
from functools import partial

from services.identity.domain.oauth.agreements import CONTACT_READ
from services.identity.domain.oauth.clients import APP_SCOPE
from services.identity.service.sessions.tokens import SigningKeys
from shared.web import PUBLIC, RequestContext, Route, View, get
from shared.web.cors import any_origin
from shared.web.tokens import ALGORITHM

_SECRETS = ["client_secret_basic", "client_secret_post"]
_SCOPES = [APP_SCOPE, CONTACT_READ]


class JwkView(View):
    """A public key (RFC 7518, section 6.2)."""

    kty: str
    crv: str
    x: str
    y: str
    kid: str
    use: str
    alg: str


class JwksView(View):
    """A JWK set (RFC 7517)."""

    keys: list[JwkView]


class ServerMetadataView(View):
    """The metadata of the authorization server (RFC 8414)."""

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
    scopes_supported: list[str]
    code_challenge_methods_supported: list[str]
    authorization_response_iss_parameter_supported: bool
    protected_resources: list[str]
    service_documentation: str
    op_policy_uri: str


class OpenidConfigurationView(ServerMetadataView):
    """The same, with what OpenID Discovery requires. No ID tokens are issued."""

    subject_types_supported: list[str]
    id_token_signing_alg_values_supported: list[str]


class ResourceMetadataView(View):
    """The metadata of the APIs as a protected resource (RFC 9728)."""

    resource: str
    authorization_servers: list[str]
    scopes_supported: list[str]
    bearer_methods_supported: list[str]
    resource_name: str
    resource_documentation: str
    resource_policy_uri: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataApi:
    """HTTP handlers of the metadata."""

    signing_keys: SigningKeys

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        public = partial(get, access=PUBLIC, origins=any_origin)
        return (
            public("/.well-known/jwks.json", self.get_jwks),
            public("/.well-known/oauth-authorization-server", self.get_server_metadata),
            public("/.well-known/openid-configuration", self.get_openid_configuration),
            public("/.well-known/oauth-protected-resource", self.get_resource_metadata),
        )

    async def get_jwks(self, _call: RequestContext) -> JwksView:
        """Get the keys that verify access tokens."""
        return JwksView(**self.signing_keys.build_jwks())

    async def get_server_metadata(self, _call: RequestContext) -> ServerMetadataView:
        """Get the metadata of the authorization server."""
        return self._build_metadata()

    async def get_openid_configuration(self, _call: RequestContext) -> OpenidConfigurationView:
        """Get the metadata of the authorization server where OpenID clients look for it."""
        return OpenidConfigurationView(
            **self._build_metadata().model_dump(),
            subject_types_supported=["public"],
            id_token_signing_alg_values_supported=[ALGORITHM],
        )

    async def get_resource_metadata(self, _call: RequestContext) -> ResourceMetadataView:
        """Get the metadata of the APIs: which authorization server issues their tokens."""
        issuer = self.signing_keys.issuer
        return ResourceMetadataView(
            resource=issuer,
            authorization_servers=[issuer],
            scopes_supported=_SCOPES,
            bearer_methods_supported=["header"],
            resource_name="Candor",
            resource_documentation=f"{issuer}/docs",
            resource_policy_uri=f"{issuer}/policy",
        )

    def _build_metadata(self) -> ServerMetadataView:
        issuer = self.signing_keys.issuer
        return ServerMetadataView(
            issuer=issuer,
            authorization_endpoint=f"{issuer}/account/authorize",  # a page of the portal
            jwks_uri=f"{issuer}/.well-known/jwks.json",
            token_endpoint=f"{issuer}/oauth/token",
            token_endpoint_auth_methods_supported=[*_SECRETS, "none"],
            revocation_endpoint=f"{issuer}/oauth/revoke",
            revocation_endpoint_auth_methods_supported=[*_SECRETS, "none"],
            introspection_endpoint=f"{issuer}/oauth/introspect",
            introspection_endpoint_auth_methods_supported=_SECRETS,
            grant_types_supported=["authorization_code", "refresh_token", "client_credentials"],
            response_types_supported=["code"],
            response_modes_supported=["query"],
            scopes_supported=_SCOPES,
            code_challenge_methods_supported=["S256"],
            authorization_response_iss_parameter_supported=True,
            protected_resources=[issuer],
            service_documentation=f"{issuer}/docs",
            op_policy_uri=f"{issuer}/policy",
        )
