"""Admin actions: who may request and who must approve each kind, and within which time (C21)."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.identity.domain.sessions.access import Role

APPROVAL_WINDOW = timedelta(hours=72)
"""A request expires if no one approves it within this time."""
OBJECTION_WINDOW = timedelta(days=5)
"""How long the owner can object: longer than a weekend without email."""
MAX_HOLD_DURATION = timedelta(days=2 * 365)
"""A longer hold must be requested again, so that its need is reviewed."""


class AdminActionKind(StrEnum):
    """The kinds of actions."""

    CANCEL_PASSWORD = "cancel_password"  # noqa: S105 - the name of an act, not a secret
    """At the owner's request: revokes the password, sessions and app passwords (C27)."""
    CORRECT_EMAIL = "correct_email"
    """At the owner's request: starts a change to another email address, which must be confirmed there (C26)."""
    FREEZE = "freeze"
    UNFREEZE = "unfreeze"
    PURGE_CHILD = "purge_child"
    """Erases the account of a child under 13 at once (C23)."""
    PLACE_HOLD = "place_hold"
    """Retains data that the law or a dispute requires, even if the owner requests erasure (C31)."""
    RELEASE_HOLD = "release_hold"
    REMOVE_SECOND_FACTORS = "remove_second_factors"
    """For an owner without phone and recovery codes. The password stays, and is needed to log in."""
    EXPORT = "export"
    """For an owner who cannot log in: the link to the archive goes to the address of the account (C26)."""
    ERASE = "erase"
    """For an owner who cannot log in (C26, C31)."""


class AdminActionState(StrEnum):
    """The states of an action."""

    PENDING = "pending"
    WAITING = "waiting"
    """Approved. The owner has been told, and can object until it takes effect."""
    OBJECTED = "objected"
    COMPLETED = "completed"
    REJECTED = "rejected"
    EXPIRED = "expired"


class HoldScope(StrEnum):
    """What a hold retains."""

    ACCOUNT = "account"
    """The account and its email address; all other services erase."""
    EVERYTHING = "everything"
    """The data of every service."""


class OwnerVerification(StrEnum):
    """How staff verified the identity of the owner."""

    REPLY_FROM_ADDRESS = "reply_from_address"
    CALLED_BACK = "called_back"
    IN_PERSON = "in_person"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminActionRule:
    """Who may request an action and who may approve it. Without approvers it is carried out at once."""

    requesters: frozenset[Role]
    approvers: frozenset[Role] = frozenset()
    is_owner_requested: bool = False
    """Whether the owner asks for it. Then staff must say how they verified the owner's identity."""
    wait: timedelta | None = None
    """How long the owner can object after the approval: such an action opens the account, or ends it."""

    @property
    def needs_approval(self) -> bool:
        """Whether a second person must approve it."""
        return bool(self.approvers)

    def may_request(self, roles: AbstractSet[str]) -> bool:
        """Return whether *roles* may request it."""
        return bool(self.requesters & roles)

    def may_approve(self, roles: AbstractSet[str]) -> bool:
        """Return whether *roles* may approve it."""
        return bool(self.approvers & roles)


_SUPPORT_ROLES = frozenset({Role.SUPPORT, Role.ADMIN})
_SECURITY_ROLES = frozenset({Role.SUPPORT, Role.SECURITY, Role.ADMIN})
_LEGAL_ROLES = frozenset({Role.DISCLOSURE, Role.ADMIN})
_CHILD_SAFETY_ROLES = frozenset({Role.DISCLOSURE, Role.SECURITY, Role.ADMIN})

ADMIN_ACTION_RULES = {
    AdminActionKind.CANCEL_PASSWORD: AdminActionRule(
        requesters=_SUPPORT_ROLES, approvers=_SECURITY_ROLES, is_owner_requested=True
    ),
    AdminActionKind.CORRECT_EMAIL: AdminActionRule(
        requesters=_SUPPORT_ROLES, approvers=_SECURITY_ROLES, is_owner_requested=True
    ),
    AdminActionKind.FREEZE: AdminActionRule(requesters=_SECURITY_ROLES),
    AdminActionKind.UNFREEZE: AdminActionRule(
        requesters=_SECURITY_ROLES, approvers=_SECURITY_ROLES, is_owner_requested=True
    ),
    AdminActionKind.PURGE_CHILD: AdminActionRule(
        requesters=_CHILD_SAFETY_ROLES | _SUPPORT_ROLES, approvers=_CHILD_SAFETY_ROLES
    ),
    AdminActionKind.PLACE_HOLD: AdminActionRule(requesters=_LEGAL_ROLES, approvers=_LEGAL_ROLES),
    AdminActionKind.RELEASE_HOLD: AdminActionRule(requesters=_LEGAL_ROLES, approvers=_LEGAL_ROLES),
    **dict.fromkeys(
        (AdminActionKind.REMOVE_SECOND_FACTORS, AdminActionKind.EXPORT, AdminActionKind.ERASE),
        AdminActionRule(
            requesters=_SUPPORT_ROLES, approvers=_SECURITY_ROLES, is_owner_requested=True, wait=OBJECTION_WINDOW
        ),
    ),
}


def approval_deadline(requested_at: datetime) -> datetime:
    """Return when the request expires."""
    return requested_at + APPROVAL_WINDOW
