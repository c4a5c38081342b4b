"""What staff may do to an account: who may ask for it, who must allow it, and for how long the wish stands (C21)."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.identity.domain.sessions.access import Role

APPROVAL_WINDOW = timedelta(hours=72)
"""A wish that nobody has allowed by then is void."""
MAX_HOLD_DURATION = timedelta(days=2 * 365)
"""A hold that must last longer is asked for again: nothing is kept without somebody who still wants it."""


class AdminActionKind(StrEnum):
    """What can be done."""

    CANCEL_PASSWORD = "cancel_password"  # noqa: S105 - the name of an act, not a secret
    """The owner asked for it: password, sessions and app passwords end (C27)."""
    CORRECT_EMAIL = "correct_email"
    """The owner cannot do it: another address is to be proven and put in place of the old one (C26)."""
    FREEZE = "freeze"
    UNFREEZE = "unfreeze"
    PURGE_CHILD = "purge_child"
    """The account is that of a child under 13: everything is erased at once (C23)."""
    PLACE_HOLD = "place_hold"
    """Law or a dispute obliges to keep something, even when its owner asks for erasure (C31)."""
    RELEASE_HOLD = "release_hold"


class AdminActionState(StrEnum):
    """Where an act stands."""

    PENDING = "pending"
    COMPLETED = "completed"
    REJECTED = "rejected"
    EXPIRED = "expired"


class HoldScope(StrEnum):
    """What a hold keeps."""

    ACCOUNT = "account"
    """Who the person is and how to reach them; all other services erase."""
    EVERYTHING = "everything"
    """Whatever any service holds, until the hold ends."""


class OwnerVerification(StrEnum):
    """How staff made sure that the owner is asking."""

    REPLY_FROM_ADDRESS = "reply_from_address"
    CALLED_BACK = "called_back"
    IN_PERSON = "in_person"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminActionRule:
    """Who may ask for an act and who may allow it; with nobody to allow it, it is done by whoever asks."""

    requesters: frozenset[Role]
    approvers: frozenset[Role] = frozenset()
    is_owner_requested: bool = False
    """Whether the owner asks for it: then it must be said how that was verified."""

    @property
    def needs_approval(self) -> bool:
        """Whether somebody else must allow it."""
        return bool(self.approvers)

    def may_request(self, roles: AbstractSet[str]) -> bool:
        """Tell whether somebody with *roles* may ask for it."""
        return bool(self.requesters & roles)

    def may_approve(self, roles: AbstractSet[str]) -> bool:
        """Tell whether somebody with *roles* may allow it."""
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
}


def approval_deadline(requested_at: datetime) -> datetime:
    """Return until when the act may be allowed."""
    return requested_at + APPROVAL_WINDOW
