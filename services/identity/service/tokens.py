"""Access tokens and the keys that sign them; refresh tokens, which nobody but identity can make or read."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import OKPKey

from services.identity.domain.access import ACCESS_LIFETIME, KEY_SHOWN_FIRST, REFRESH_LIFETIME, Bearer
from services.identity.errors import InvalidGrantError
from services.identity.store import EndedSessions
from shared.crypto import Key, Keyring, LinkRefusedError, Links, Use
from shared.web import Principal, issue

_REFRESH = "identity.refresh"


class SigningKeys:
    """The keys of the keyring that sign access tokens: one signs, all of them verify.

    A new key is shown for a while before it signs, so that every replica and every service knows it by then.
    """

    def __init__(self, keyring: Keyring, *, issuer: str) -> None:
        """A keyring without a key to sign fails here, not at the first log-in."""
        self.issuer = issuer
        keyring.active(Use.SIGN)
        self._signing = [(key.created, _private(key)) for key in keyring.all(Use.SIGN) if not key.retired]
        self._public = {key.id: _public(key) for key in keyring.all(Use.SIGN)}

    def public(self, kid: str) -> OKPKey | None:
        """Return the public key *kid*."""
        return self._public.get(kid)

    def jwks(self) -> dict[str, Any]:
        """Return the JWK set (RFC 7517); older keys stay in it, so that a rotation refuses nobody."""
        return {"keys": [dict(key.as_dict(private=False)) for key in self._public.values()]}

    def access_token(self, bearer: Bearer, *, at: datetime, life: timedelta = ACCESS_LIFETIME) -> str:
        """Return an access token for *bearer*."""
        who = Principal(
            kind=bearer.kind,
            id=bearer.id,
            session=bearer.session,
            scopes=bearer.scopes,
            roles=bearer.roles,
            auth_time=bearer.authenticated_at,
            purpose=bearer.purpose,
        )
        return issue(who, self._signer(at), issuer=self.issuer, at=at, life=life)

    def _signer(self, at: datetime) -> OKPKey:
        """Return the newest key that is known everywhere; where none is old enough, the oldest."""
        known = [key for created, key in self._signing if created + KEY_SHOWN_FIRST <= at]
        return known[-1] if known else self._signing[0][1]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnTrust:
    """Whom identity believes: itself (a ``shared.web.Trust``)."""

    keys: SigningKeys
    sessions: EndedSessions

    async def key(self, kid: str) -> OKPKey | None:
        """Return the public key *kid*."""
        return self.keys.public(kid)

    def ended(self, session: str) -> bool:
        """Tell whether *session* was ended."""
        return self.sessions.ended(session)

    def note(self, session_id: str, *, tokens_end_at: datetime) -> None:
        """Refuse the tokens of a session that another process has ended."""
        self.sessions.note(session_id, tokens_end_at=tokens_end_at)

    async def refresh(self, *, at: datetime) -> dict[str, datetime]:
        """Take the database's word for what is ended; return it: each session, and when its last token ends."""
        return {row.id: row.tokens_end_at for row in await self.sessions.refresh(at=at)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh:
    """What a refresh token says: which session, and how often it had been rotated."""

    session_id: str
    generation: int


@dataclass(frozen=True, slots=True)
class RefreshTokens:
    """Makes and reads refresh tokens: sealed, so that the session's row is all the state there is (I-04)."""

    links: Links

    def make(self, session_id: str, generation: int, *, at: datetime) -> str:
        """Return the token of this generation of the session."""
        claims = {"session": session_id, "generation": str(generation)}
        return self.links.make(_REFRESH, claims, expires_at=at + REFRESH_LIFETIME)

    def read(self, token: str, *, at: datetime) -> Refresh:
        """Return what *token* says; InvalidGrantError when it is forged, altered or expired."""
        try:
            claims = self.links.read(_REFRESH, token, at=at)
        except LinkRefusedError as fault:
            raise InvalidGrantError from fault
        return Refresh(session_id=claims["session"], generation=int(claims["generation"]))


def _private(key: Key) -> OKPKey:
    return OKPKey.import_key({**_jwk(key), "d": _encoded(key.secret)})


def _public(key: Key) -> OKPKey:
    return OKPKey.import_key(dict(_jwk(key)))


def _jwk(key: Key) -> Mapping[str, str]:
    public = Ed25519PrivateKey.from_private_bytes(key.secret).public_key().public_bytes_raw()
    # RFC 9864: the fully specified name of the algorithm.
    return {"kty": "OKP", "crv": "Ed25519", "x": _encoded(public), "kid": key.id, "use": "sig", "alg": "Ed25519"}


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
