"""Access tokens and their signing keys; refresh tokens, which only identity can open."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc.jwk import ECKey, KeyParameters

from services.identity.domain.sessions.access import (
    ACCESS_TOKEN_LIFETIME,
    KEY_PREPUBLISH_PERIOD,
    REFRESH_TOKEN_LIFETIME,
    TokenSubject,
)
from services.identity.errors import InvalidGrantError
from services.identity.store import RevokedSessions
from shared.crypto import InvalidTokenError, Key, Keyring, KeyUse, TokenSealer
from shared.web import Principal, issue_access_token
from shared.web.tokens import ALGORITHM

_REFRESH_TOKEN_KIND = "identity.refresh"  # noqa: S105 - the kind of a token, not a secret
_KEY_INFO = b"candor access tokens ES256"


class SigningKeys:
    """The signing keys of access tokens. One signs, all of them verify.

    A new key is published before it signs, so that every replica and every service knows it by then.
    """

    def __init__(self, keyring: Keyring, *, issuer: str) -> None:
        """Load the keys; fails here, not at the first login, if the keyring has none."""
        self.issuer = issuer
        keyring.get_active(KeyUse.SIGN)
        self._private_keys = [
            (key.created_at, _private_jwk(key)) for key in keyring.list_by_use(KeyUse.SIGN) if not key.retired
        ]
        self._public_keys = {key.id: _public_jwk(key) for key in keyring.list_by_use(KeyUse.SIGN)}

    def get_public_key(self, kid: str) -> ECKey | None:
        """Return the public key *kid*, or None."""
        return self._public_keys.get(kid)

    def build_jwks(self) -> dict[str, Any]:
        """Return the JWK set (RFC 7517). Older keys stay in it, so that a rotation invalidates no token."""
        return {"keys": [dict(key.as_dict(private=False)) for key in self._public_keys.values()]}

    def issue_access_token(
        self, subject: TokenSubject, *, at: datetime, lifetime: timedelta = ACCESS_TOKEN_LIFETIME
    ) -> str:
        """Return an access token for *subject*."""
        principal = Principal(
            kind=subject.kind,
            id=subject.id,
            session=subject.session_id,
            scopes=subject.scopes,
            roles=subject.roles,
            auth_time=subject.authenticated_at,
            purpose=subject.purpose,
            client_id=subject.client_id,
        )
        return issue_access_token(principal, self._signing_key(at), issuer=self.issuer, at=at, lifetime=lifetime)

    def _signing_key(self, at: datetime) -> ECKey:
        """Return the newest key that was published long enough, else the oldest."""
        published = [key for created, key in self._private_keys if created + KEY_PREPUBLISH_PERIOD <= at]
        return published[-1] if published else self._private_keys[0][1]


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalTokenTrust:
    """The keys and revocations used to verify access tokens in identity itself (a ``shared.web.TokenTrust``)."""

    signing_keys: SigningKeys
    revoked_sessions: RevokedSessions

    async def get_key(self, kid: str) -> ECKey | None:
        """Return the public key *kid*, or None."""
        return self.signing_keys.get_public_key(kid)

    def is_revoked(self, session: str) -> bool:
        """Return whether *session* was revoked."""
        return self.revoked_sessions.is_revoked(session)

    def record_revocation(self, session_id: str, *, tokens_end_at: datetime) -> None:
        """Reject the tokens of a session that another process revoked."""
        self.revoked_sessions.add_to_cache(session_id, tokens_expire_at=tokens_end_at)

    async def load_revocations(self, *, at: datetime) -> dict[str, datetime]:
        """Reload the revocations; return the expiry of the last token by session id."""
        return {row.id: row.tokens_expire_at for row in await self.revoked_sessions.reload_cache(at=at)}


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshTokenClaims:
    """The claims of a refresh token: the session and its generation."""

    session_id: str
    generation: int


@dataclass(frozen=True, slots=True)
class RefreshTokens:
    """Issues and opens refresh tokens. They are sealed, so the session document is the only state (I-04)."""

    token_sealer: TokenSealer

    def issue(self, session_id: str, generation: int, *, at: datetime) -> str:
        """Return the token of this generation of the session."""
        claims = {"session": session_id, "generation": str(generation)}
        return self.token_sealer.issue(_REFRESH_TOKEN_KIND, claims, expires_at=at + REFRESH_TOKEN_LIFETIME)

    def open(self, token: str, *, at: datetime) -> RefreshTokenClaims:
        """Return the claims; InvalidGrantError if the token is forged, altered or expired."""
        try:
            claims = self.token_sealer.open(_REFRESH_TOKEN_KIND, token, at=at)
        except InvalidTokenError as fault:
            raise InvalidGrantError from fault
        return RefreshTokenClaims(session_id=claims["session"], generation=int(claims["generation"]))


def _private_jwk(key: Key) -> ECKey:
    return ECKey.import_key(_derive_key(key), parameters=_parameters(key))


def _public_jwk(key: Key) -> ECKey:
    return ECKey.import_key(_derive_key(key).public_key(), parameters=_parameters(key))


def _parameters(key: Key) -> KeyParameters:
    return {"kid": key.id, "use": "sig", "alg": ALGORITHM}


def _derive_key(key: Key) -> ec.EllipticCurvePrivateKey:
    """Return the private key of a secret of the keyring, by extra random bits (FIPS 186-5, A.2.1)."""
    derived = HKDF(algorithm=hashes.SHA256(), length=48, salt=None, info=_KEY_INFO).derive(key.secret)
    curve = ec.SECP256R1()
    return ec.derive_private_key(int.from_bytes(derived) % (curve.group_order - 1) + 1, curve)
