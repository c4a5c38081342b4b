"""Sections and labels of the staff console.

The roles here only decide what a page shows; each API checks permissions itself.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

_SUPPORT_ROLES = frozenset({"support", "admin"})
_SECURITY_ROLES = frozenset({"support", "security", "admin"})
_DISCLOSURE_ROLES = frozenset({"disclosure", "admin"})
_PRODUCT_ROLES = frozenset({"engineer", "admin"})
_CHILD_SAFETY_ROLES = frozenset({"disclosure", "security", "admin"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleSection:
    """One section of the console and the roles that may use it; an empty set means every role."""

    path: str
    label: str
    roles: frozenset[str] = frozenset()

    def is_allowed_for(self, roles: AbstractSet[str]) -> bool:
        """Whether a member of staff with *roles* may use the section."""
        return not self.roles or bool(self.roles & roles)


_ALL_ROLES = frozenset({"support", "disclosure", "security", "admin"})
FIND_ACCOUNT = ConsoleSection(
    path="/staff/accounts", label="Find an account", roles=frozenset({"support", "disclosure", "admin"})
)
SECTIONS = (
    ConsoleSection(path="/staff", label="Dashboard"),
    FIND_ACCOUNT,
    ConsoleSection(path="/staff/freeze", label="Freeze an account", roles=_SECURITY_ROLES),
    ConsoleSection(path="/staff/admin-actions", label="Admin actions", roles=_ALL_ROLES),
    ConsoleSection(path="/staff/abuse-reports", label="Reports", roles=_SECURITY_ROLES),
    ConsoleSection(path="/staff/privacy-requests", label="Privacy requests", roles=_ALL_ROLES),
    ConsoleSection(path="/staff/legal-holds", label="Legal holds", roles=_ALL_ROLES),
    ConsoleSection(path="/staff/payments", label="Payments", roles=_SUPPORT_ROLES),
    ConsoleSection(path="/staff/newsletters", label="Unsubscribe", roles=_SUPPORT_ROLES),
    ConsoleSection(path="/staff/usage-reports", label="Usage reports", roles=_PRODUCT_ROLES),
    ConsoleSection(path="/staff/page-views", label="Page views"),
    ConsoleSection(path="/staff/cases", label="Disclosure cases", roles=_DISCLOSURE_ROLES),
    ConsoleSection(path="/staff/agreements", label="Agreements", roles=_DISCLOSURE_ROLES),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminActionText:
    """Label and description of one kind of admin action, and the roles that request and approve it."""

    label: str
    description: str
    requesters: frozenset[str]
    approvers: frozenset[str] = frozenset()
    """Empty when the action takes effect at once, without a second person."""
    needs_verification: bool = False
    """Whether the owner asks for it, so that staff must record how they verified the owner."""


ADMIN_ACTIONS: Mapping[str, AdminActionText] = {
    "cancel_password": AdminActionText(
        label="Cancel a password",
        description="Revokes the password, all sessions and all app passwords. A passkey alone cannot log in until a "
        "new password is set. We email the owner a link to set one; staff can never set or see it.",
        requesters=_SUPPORT_ROLES,
        approvers=_SECURITY_ROLES,
        needs_verification=True,
    ),
    "correct_email": AdminActionText(
        label="Correct an email address",
        description="Sends a confirmation link to the new address, which replaces the old one once confirmed. We "
        "notify the old address, and the owner can undo the change for seven days.",
        requesters=_SUPPORT_ROLES,
        approvers=_SECURITY_ROLES,
        needs_verification=True,
    ),
    "remove_second_factors": AdminActionText(
        label="Remove second factors",
        description="For an owner who has lost phone and recovery codes. We tell every address of the account and wait "
        "five days, in which the owner can object. Then all passkeys, the authenticator app and the recovery codes are "
        "removed and all sessions end. The password stays.",
        requesters=_SUPPORT_ROLES,
        approvers=_SECURITY_ROLES,
        needs_verification=True,
    ),
    "export": AdminActionText(
        label="Export for an owner who cannot log in",
        description="We tell every address of the account and wait five days, in which the owner can object. Then we "
        "collect all data and email the link to the archive to the address of the account.",
        requesters=_SUPPORT_ROLES,
        approvers=_SECURITY_ROLES,
        needs_verification=True,
    ),
    "erase": AdminActionText(
        label="Erase for an owner who cannot log in",
        description="We tell every address of the account and wait five days, in which the owner can object. Then all "
        "data is erased in every service. This cannot be undone.",
        requesters=_SUPPORT_ROLES,
        approvers=_SECURITY_ROLES,
        needs_verification=True,
    ),
    "freeze": AdminActionText(
        label="Freeze an account",
        description="Blocks every login and revokes all sessions and app passwords. No data is deleted. We email the "
        "owner your reason.",
        requesters=_SECURITY_ROLES,
    ),
    "unfreeze": AdminActionText(
        label="Unfreeze an account",
        description="Lets the owner log in again with the previous password and second factor.",
        requesters=_SECURITY_ROLES,
        approvers=_SECURITY_ROLES,
        needs_verification=True,
    ),
    "purge_child": AdminActionText(
        label="Erase a child’s account",
        description="For an account of a child under 13: erases all data in every service at once. This cannot be "
        "undone.",
        requesters=_CHILD_SAFETY_ROLES | _SUPPORT_ROLES,
        approvers=_CHILD_SAFETY_ROLES,
    ),
    "place_hold": AdminActionText(
        label="Place a legal hold",
        description="Keeps the named data even if the owner requests erasure. The owner sees what is kept, why, and "
        "until when.",
        requesters=_DISCLOSURE_ROLES,
        approvers=_DISCLOSURE_ROLES,
    ),
    "release_hold": AdminActionText(
        label="Release a legal hold",
        description="Ends every hold on the account. A pending erasure continues.",
        requesters=_DISCLOSURE_ROLES,
        approvers=_DISCLOSURE_ROLES,
    ),
}
VERIFICATIONS = {
    "reply_from_address": "The owner replied from the email address of the account",
    "called_back": "We called back on a number already on file",
    "in_person": "In person, with proof of identity",
}
SCOPES = {
    "account": "the account and its email address; all other services erase",
    "everything": "everything in every service",
}
REPORTS = {
    "unauthorized_use": "Unauthorized account use",
    "security_problem": "Security problem",
    "password_phishing": "Someone asked for a password",
}
PRIVACY_REQUESTS = {"export": "Export", "erasure": "Erasure"}
