"""What the staff console offers to whom, in words. Each API decides anew: here it only decides what a page shows."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

_SUPPORT_ROLES = frozenset({"support", "admin"})
_SECURITY_ROLES = frozenset({"support", "security", "admin"})
_DISCLOSURE_ROLES = frozenset({"disclosure", "admin"})
_CHILD_SAFETY_ROLES = frozenset({"disclosure", "security", "admin"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleSection:
    """One part of the console, and the roles whose work it is; no roles means all."""

    path: str
    label: str
    roles: frozenset[str] = frozenset()

    def is_allowed_for(self, roles: AbstractSet[str]) -> bool:
        """Tell whether somebody with *roles* works here."""
        return not self.roles or bool(self.roles & roles)


_ALL_ROLES = frozenset({"support", "disclosure", "security", "admin"})
FIND_ACCOUNT = ConsoleSection(
    path="/staff/accounts", label="Find an account", roles=frozenset({"support", "disclosure", "admin"})
)
SECTIONS = (
    ConsoleSection(path="/staff", label="Desk"),
    FIND_ACCOUNT,
    ConsoleSection(path="/staff/freeze", label="Freeze an account", roles=_SECURITY_ROLES),
    ConsoleSection(path="/staff/admin-actions", label="Acts", roles=_ALL_ROLES),
    ConsoleSection(path="/staff/abuse-reports", label="Reports", roles=_SECURITY_ROLES),
    ConsoleSection(path="/staff/privacy-requests", label="Open requests", roles=_ALL_ROLES),
    ConsoleSection(path="/staff/legal-holds", label="Legal holds", roles=_ALL_ROLES),
    ConsoleSection(path="/staff/newsletters", label="Unsubscribe", roles=_SUPPORT_ROLES),
    ConsoleSection(path="/staff/cases", label="Disclosure cases", roles=_DISCLOSURE_ROLES),
    ConsoleSection(path="/staff/agreements", label="Agreements", roles=_DISCLOSURE_ROLES),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminActionText:
    """One kind of act: what it is called, what it does, who asks for it and who allows it."""

    label: str
    description: str
    requesters: frozenset[str]
    approvers: frozenset[str] = frozenset()
    """Nobody: it is done at once, by whoever asks."""
    needs_verification: bool = False
    """Whether its owner asks, and it must be said how that was made sure."""


ADMIN_ACTIONS: Mapping[str, AdminActionText] = {
    "cancel_password": AdminActionText(
        label="Cancel a password",
        description="The password, all sessions and all app passwords end, and a passkey alone opens nothing until there is "
        "another password. The owner is told how to choose one; nobody here can set, see or ask for it.",
        requesters=_SUPPORT_ROLES,
        approvers=_SECURITY_ROLES,
        needs_verification=True,
    ),
    "correct_address": AdminActionText(
        label="Correct a mail address",
        description="The new address gets a link to prove itself, and takes the old one's place when it does. The old one is "
        "told, and can undo it for seven days.",
        requesters=_SUPPORT_ROLES,
        approvers=_SECURITY_ROLES,
        needs_verification=True,
    ),
    "freeze": AdminActionText(
        label="Freeze an account",
        description="Nobody is let in any more, whatever they know; sessions and app passwords end for good. Nothing is lost. "
        "The owner is told by mail, with your reason.",
        requesters=_SECURITY_ROLES,
    ),
    "unfreeze": AdminActionText(
        label="Open a frozen account again",
        description="Its owner can log in again, with the password and the second factor that were there before.",
        requesters=_SECURITY_ROLES,
        approvers=_SECURITY_ROLES,
        needs_verification=True,
    ),
    "purge_child": AdminActionText(
        label="Erase a child's account",
        description="It belongs to somebody under 13: everything is erased at once, in all services, and cannot be brought "
        "back.",
        requesters=_CHILD_SAFETY_ROLES | _SUPPORT_ROLES,
        approvers=_CHILD_SAFETY_ROLES,
    ),
    "hold": AdminActionText(
        label="Put a legal hold on an account",
        description="What the hold names is kept even when the owner asks for erasure. The owner is told what, why and until "
        "when.",
        requesters=_DISCLOSURE_ROLES,
        approvers=_DISCLOSURE_ROLES,
    ),
    "release_hold": AdminActionText(
        label="Release the holds of an account",
        description="Every hold on the account ends; an erasure that waited for that goes on.",
        requesters=_DISCLOSURE_ROLES,
        approvers=_DISCLOSURE_ROLES,
    ),
}
VERIFICATIONS = {
    "reply_from_address": "The owner replied from the address of the account",
    "called_back": "We called back at a number that we had before",
    "in_person": "In person, with proof of who it is",
}
SCOPES = {
    "account": "the account and its address; all other services erase",
    "everything": "everything that any service holds",
}
REPORTS = {
    "unauthorised_use": "Somebody else uses an account",
    "security_problem": "A security problem",
    "asked_for_password": "Somebody asked for a password",
}
SAGAS = {"export": "Export", "erasure": "Erasure"}
