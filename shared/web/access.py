"""Access rules: ``PUBLIC``, ``ANONYMOUS``, ``customer()``, ``staff("role")``, ``partner("scope")``, joined by ``|``."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from shared.errors import ForbiddenError
from shared.web.errors import ReauthenticationRequiredError

PrincipalKind = Literal["public", "customer", "staff", "partner"]
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """The caller, as the access token names it."""

    kind: PrincipalKind
    id: str = ""
    session: str = ""
    scopes: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    auth_time: datetime = NEVER
    purpose: str = ""
    """The purpose of a partner's token (C13)."""
    client_id: str = ""
    """The OAuth client that the token was issued to; empty in an ``issue_access_token`` without one."""


PUBLIC_PRINCIPAL = Principal(kind="public")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRule:
    """One access rule: the kind, any one of the roles, the scope, and authentication within *max_age*."""

    kind: PrincipalKind
    roles: frozenset[str] = frozenset()
    scope: str | None = None
    max_age: timedelta | None = None

    def allows(self, principal: Principal) -> bool:
        """Return whether *principal* has this kind, one of the roles and the scope."""
        return (
            principal.kind == self.kind
            and (not self.roles or bool(self.roles & principal.roles))
            and (self.scope is None or self.scope in principal.scopes)
        )

    def __str__(self) -> str:
        named = sorted(self.roles) or ([self.scope] if self.scope else [])
        return f"{self.kind} ({' or '.join(named)})" if named else self.kind


@dataclass(frozen=True, slots=True)
class Access:
    """Access for callers that match any of *rules*; without rules the route is public."""

    rules: tuple[AccessRule, ...] = field(default=())
    anonymous: bool = False
    """Whether credentials are ignored if sent, so that a request cannot be linked to an account."""

    @property
    def public(self) -> bool:
        """Whether a caller needs no credential."""
        return not self.rules

    def __or__(self, other: "Access") -> "Access":
        return Access(self.rules + other.rules)

    def __str__(self) -> str:
        return ", or ".join(str(rule) for rule in self.rules) or "everyone"

    def check(self, principal: Principal, at: datetime) -> None:
        """Raise ForbiddenError, or ReauthenticationRequiredError when only the authentication is too old."""
        if self.public:
            return
        admitting = [rule for rule in self.rules if rule.allows(principal)]
        if not admitting:
            raise ForbiddenError(f"This is for {self}.", headers=_bearer_challenge("insufficient_scope"))
        ages = [rule.max_age for rule in admitting]
        limit = max((age for age in ages if age is not None), default=None)
        if limit is not None and None not in ages and at - principal.auth_time > limit:
            # RFC 9470: tells the client to authenticate again instead of asking for another right.
            seconds = int(limit.total_seconds())
            raise ReauthenticationRequiredError(
                headers=_bearer_challenge(f'insufficient_user_authentication", max_age="{seconds}')
            )


PUBLIC = Access()
ANONYMOUS = Access(anonymous=True)


def customer(*, max_age: timedelta | None = None) -> Access:
    """A customer; with *max_age*, one that authenticated within it."""
    return Access((AccessRule(kind="customer", max_age=max_age),))


def staff(*roles: str, max_age: timedelta | None = None) -> Access:
    """Staff with any one of *roles*; without roles, any staff."""
    return Access((AccessRule(kind="staff", roles=frozenset(roles), max_age=max_age),))


def partner(scope: str) -> Access:
    """A partner's client whose token carries *scope*."""
    return Access((AccessRule(kind="partner", scope=scope),))


def _bearer_challenge(error: str) -> dict[str, str]:
    return {"WWW-Authenticate": f'Bearer realm="candor", error="{error}"'}
