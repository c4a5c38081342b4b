"""Access tokens: JWTs (RFC 9068) signed with Ed25519 by identity, checked here by every service."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Annotated, Literal, Protocol

from aiohttp import web
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.errors import UnauthenticatedError
from shared.web.access import ANYBODY, Access, Principal
from shared.web.call import bearer_token
from shared.web.errors import SessionOverError, TokenExpiredError, TokenRefusedError

ALGORITHM = "Ed25519"
"""EdDSA by its fully specified name (RFC 9864): the only one that is accepted."""
AUDIENCE = "candor"
LONGEST_LIFE = timedelta(minutes=10)
_TYPE = "at+jwt"
_MOST_KNOWN = 4_096
_SLOW_CLOCK = timedelta(seconds=60)


Seconds = Annotated[int, Field(ge=0, lt=2**33)]
"""Since 1970, within what a date can hold."""


class Trust(Protocol):
    """Whom to believe: the keys that sign access tokens, and the sessions that were ended before their tokens were."""

    async def key(self, kid: str) -> OKPKey | None:
        """Return the public key *kid*, or None when nobody signs with it; UnavailableError while that is not known."""
        ...

    def ended(self, session: str) -> bool:
        """Tell whether *session* was ended."""
        ...


class Claims(BaseModel):
    """What a token says."""

    model_config = ConfigDict(frozen=True, strict=True)

    iss: str
    aud: Literal["candor"]
    sub: str
    sid: str
    kind: Literal["customer", "staff", "partner"]
    roles: list[str] = []
    scope: str = ""
    purpose: str = ""
    auth_time: Seconds
    iat: Seconds
    nbf: Seconds = 0
    exp: Seconds

    def principal(self) -> Principal:
        """Return the caller."""
        return Principal(
            kind=self.kind,
            id=self.sub,
            session=self.sid,
            scopes=frozenset(self.scope.split()),
            roles=frozenset(self.roles),
            auth_time=datetime.fromtimestamp(self.auth_time, UTC),
            purpose=self.purpose,
        )


def issue(who: Principal, key: OKPKey, *, issuer: str, at: datetime, life: timedelta = LONGEST_LIFE) -> str:
    """Return an access token for *who*, signed with the private *key*; identity alone has one."""
    claims = {
        "iss": issuer,
        "aud": AUDIENCE,
        "sub": who.id,
        "sid": who.session,
        "kind": who.kind,
        "roles": sorted(who.roles),
        "scope": " ".join(sorted(who.scopes)),
        "auth_time": max(0, int(who.auth_time.timestamp())),
        "iat": int(at.timestamp()),
        "exp": int((at + life).timestamp()),
        **({"purpose": who.purpose} if who.purpose else {}),
    }
    return jwt.encode({"alg": ALGORITHM, "kid": key.kid, "typ": _TYPE}, claims, key, algorithms=[ALGORITHM])


@dataclass(frozen=True, slots=True)
class _Known:
    kid: str
    who: Principal
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """Tells who calls; a token is read once and remembered by its digest, its session is looked up each time."""

    trust: Trust
    issuer: str
    _known: dict[bytes, _Known] = field(default_factory=dict)

    async def admit(self, request: web.Request, access: Access, at: datetime) -> Principal:
        """Return who calls if *access* lets them in; a token that is sent must be valid on public routes, too."""
        token = None if access.anonymous else bearer_token(request)
        if token is None:
            if access.public:
                return ANYBODY
            raise UnauthenticatedError
        who = await self.who(token, at)
        access.check(who, at)
        return who

    async def who(self, token: str, at: datetime) -> Principal:
        """Return the caller that *token* names; UnauthenticatedError, or UnavailableError while no key is known."""
        mark = sha256(token.encode(errors="surrogateescape")).digest()
        known = self._known.get(mark)
        if known is None or await self.trust.key(known.kid) is None:
            known = await self._read(token, at)
            self._remember(mark, known)
        if at >= known.expires_at:
            raise TokenExpiredError(headers=_INVALID)
        if self.trust.ended(known.who.session):
            raise SessionOverError(headers=_INVALID)
        return known.who

    async def _read(self, token: str, at: datetime) -> _Known:
        try:
            kid = _kid(jws.extract_compact(token.encode("ascii")).headers())
            key = await self.trust.key(kid)
            if key is None:
                raise TokenRefusedError(headers=_INVALID)
            claims = Claims.model_validate(jwt.decode(token, key, algorithms=[ALGORITHM]).claims)
        except (JoseError, ValidationError, ValueError) as fault:
            raise TokenRefusedError(headers=_INVALID) from fault
        self._check(claims, at)
        return _Known(kid, claims.principal(), datetime.fromtimestamp(claims.exp, UTC))

    def _check(self, claims: Claims, at: datetime) -> None:
        begins, life = (
            datetime.fromtimestamp(max(claims.iat, claims.nbf), UTC),
            timedelta(seconds=claims.exp - claims.iat),
        )
        # Ended sessions are remembered for the longest life of a token: one that lives longer would outlive its end.
        if claims.iss != self.issuer or life > LONGEST_LIFE or begins > at + _SLOW_CLOCK:
            raise TokenRefusedError(headers=_INVALID)

    def _remember(self, mark: bytes, known: _Known) -> None:
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[mark] = known


def _kid(header: Mapping[str, object]) -> str:
    kid = header.get("kid")
    if not isinstance(kid, str) or header.get("typ") != _TYPE:
        raise ValueError("not an access token of this house")
    return kid


_INVALID = {"WWW-Authenticate": 'Bearer realm="candor", error="invalid_token"'}
