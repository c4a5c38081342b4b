"""Access tokens: JWTs (RFC 9068) signed with ECDSA by identity, verified by every service."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Annotated, Literal, Protocol

from aiohttp import web
from cachetools import LRUCache
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.errors import UnauthenticatedError, UnavailableError
from shared.ids import new_token
from shared.web.access import PUBLIC_PRINCIPAL, Access, Principal
from shared.web.context import bearer_token
from shared.web.errors import AccessTokenExpiredError, InvalidAccessTokenError, SessionRevokedError

ALGORITHM = "ES256"
"""The only accepted algorithm: the one that the libraries of our partners can verify (decision 17)."""
KEY_CURVE = "P-256"
_ECDSA = ECDSA(SHA256())
_NUMBER_BYTES = 32
"""The length of each of the two numbers of a signature (RFC 7518, section 3.4)."""
AUDIENCE = "candor"
FIRST_PARTY_CLIENT = "candor"
"""The ``client_id`` in tokens of a login without OAuth, such as the portal's. No app can be registered under it."""
MAX_TOKEN_LIFETIME = timedelta(minutes=10)
_TOKEN_TYPE = "at+jwt"  # noqa: S105 - the type of a token, not a secret
_MAX_CACHED_TOKENS = 4_096
_CLOCK_LEEWAY = timedelta(seconds=60)


NumericDate = Annotated[int, Field(ge=0, lt=2**33)]
"""Seconds since 1970, limited to the range of datetime."""


class TokenTrust(Protocol):
    """The keys and session revocations used to verify access tokens."""

    async def get_key(self, kid: str) -> ECKey | None:
        """Return the public key *kid*, or None when no issuer signs with it; UnavailableError while unknown."""
        ...

    def is_revoked(self, session_id: str) -> bool:
        """Return whether *session_id* was revoked."""
        ...


class AccessTokenClaims(BaseModel):
    """The claims of an access token."""

    model_config = ConfigDict(frozen=True, strict=True)

    iss: str
    aud: Literal["candor"]
    sub: str
    sid: str
    kind: Literal["customer", "staff", "partner"]
    roles: list[str] = []
    scope: str = ""
    purpose: str = ""
    client_id: str = ""
    jti: str = ""
    auth_time: NumericDate
    iat: NumericDate
    nbf: NumericDate = 0
    exp: NumericDate

    def to_principal(self) -> Principal:
        """Return the caller."""
        return Principal(
            kind=self.kind,
            id=self.sub,
            session=self.sid,
            scopes=frozenset(self.scope.split()),
            roles=frozenset(self.roles),
            auth_time=datetime.fromtimestamp(self.auth_time, UTC),
            purpose=self.purpose,
            client_id=self.client_id,
        )


def issue_access_token(
    principal: Principal, key: ECKey, *, issuer: str, at: datetime, lifetime: timedelta = MAX_TOKEN_LIFETIME
) -> str:
    """Return an access token for *principal*, signed with the private *key*, which only identity has."""
    claims = {
        "iss": issuer,
        "aud": AUDIENCE,
        "sub": principal.id,
        "sid": principal.session,
        "kind": principal.kind,
        "client_id": principal.client_id or FIRST_PARTY_CLIENT,
        "jti": new_token(128),
        "roles": sorted(principal.roles),
        **({"scope": " ".join(sorted(principal.scopes))} if principal.scopes else {}),
        "auth_time": max(0, int(principal.auth_time.timestamp())),
        "iat": int(at.timestamp()),
        "exp": int((at + lifetime).timestamp()),
        **({"purpose": principal.purpose} if principal.purpose else {}),
    }
    # Signed here: the library checks header and key for each token, which takes longer than the signature.
    signed = f"{_encode_header(key.kid)}.{_encode_json(claims)}"
    private_key = key.private_key
    assert private_key is not None, "only identity has private keys"
    r, s = decode_dss_signature(private_key.sign(signed.encode(), _ECDSA))
    return f"{signed}.{_encode_base64url(r.to_bytes(_NUMBER_BYTES) + s.to_bytes(_NUMBER_BYTES))}"


@lru_cache(maxsize=100)
def _encode_header(kid: str) -> str:
    return _encode_json({"alg": ALGORITHM, "kid": kid, "typ": _TOKEN_TYPE})


def _encode_json(value: Mapping[str, object]) -> str:
    return _encode_base64url(json.dumps(value, separators=(",", ":")).encode())


def _encode_base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class _VerifiedToken:
    kid: str
    principal: Principal
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenVerifier:
    """Authenticates callers. A verified token is cached by its digest; its session is checked each time."""

    trust: TokenTrust
    issuer: str
    _cache: LRUCache[bytes, _VerifiedToken] = field(default_factory=lambda: LRUCache(_MAX_CACHED_TOKENS))
    """Verified tokens by the digest of their text."""

    async def authorize(self, request: web.Request, access: Access, at: datetime) -> Principal:
        """Return the caller if *access* allows it; on a public route a token that is not valid counts as none.

        Many HTTP clients add the last token to every request: with an expired one they could neither refresh it nor
        log in again.
        """
        if access.public:
            return PUBLIC_PRINCIPAL if access.anonymous else await self._identify(request, at)
        token = bearer_token(request)
        if token is None:
            raise UnauthenticatedError
        principal = await self.authenticate(token, at)
        access.check(principal, at)
        return principal

    async def _identify(self, request: web.Request, at: datetime) -> Principal:
        try:
            token = bearer_token(request)
            return PUBLIC_PRINCIPAL if token is None else await self.authenticate(token, at)
        except (UnauthenticatedError, UnavailableError):
            return PUBLIC_PRINCIPAL

    async def authenticate(self, token: str, at: datetime) -> Principal:
        """Return the caller that *token* names; UnauthenticatedError, or UnavailableError while no key is known."""
        digest = sha256(token.encode(errors="surrogateescape")).digest()
        verified = self._cache.get(digest)
        if verified is None or await self.trust.get_key(verified.kid) is None:
            verified = await self._decode(token, at)
            self._cache[digest] = verified
        if at >= verified.expires_at:
            raise AccessTokenExpiredError(headers=_INVALID_TOKEN_HEADERS)
        if self.trust.is_revoked(verified.principal.session):
            raise SessionRevokedError(headers=_INVALID_TOKEN_HEADERS)
        return verified.principal

    async def _decode(self, token: str, at: datetime) -> _VerifiedToken:
        try:
            kid = _parse_key_id(jws.extract_compact(token.encode("ascii")).headers())
            key = await self.trust.get_key(kid)
            if key is None:
                raise InvalidAccessTokenError(headers=_INVALID_TOKEN_HEADERS)
            claims = AccessTokenClaims.model_validate(jwt.decode(token, key, algorithms=[ALGORITHM]).claims)
        except (JoseError, ValidationError, ValueError) as fault:
            raise InvalidAccessTokenError(headers=_INVALID_TOKEN_HEADERS) from fault
        self._check_claims(claims, at)
        return _VerifiedToken(kid, claims.to_principal(), datetime.fromtimestamp(claims.exp, UTC))

    def _check_claims(self, claims: AccessTokenClaims, at: datetime) -> None:
        not_before = datetime.fromtimestamp(max(claims.iat, claims.nbf), UTC)
        lifetime = timedelta(seconds=claims.exp - claims.iat)
        # Revocations are stored for the maximum lifetime: a token that lives longer would become valid again.
        if claims.iss != self.issuer or lifetime > MAX_TOKEN_LIFETIME or not_before > at + _CLOCK_LEEWAY:
            raise InvalidAccessTokenError(headers=_INVALID_TOKEN_HEADERS)


def _parse_key_id(header: Mapping[str, object]) -> str:
    kid = header.get("kid")
    if not isinstance(kid, str) or header.get("typ") != _TOKEN_TYPE:
        raise ValueError("not an access token of Candor")
    return kid


_INVALID_TOKEN_HEADERS = {"WWW-Authenticate": 'Bearer realm="candor", error="invalid_token"'}
