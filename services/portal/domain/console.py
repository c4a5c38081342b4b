"""What the staff console offers to whom, in words. Each API decides anew: here it only decides what a page shows."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

_FRONT = frozenset({"support", "admin"})
_GUARDS = frozenset({"support", "security", "admin"})
_LAW = frozenset({"disclosure", "admin"})
_CHILDREN = frozenset({"disclosure", "security", "admin"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One part of the console, and the roles whose work it is; no roles means all."""

    path: str
    label: str
    roles: frozenset[str] = frozenset()

    def is_for(self, roles: AbstractSet[str]) -> bool:
        """Tell whether somebody with *roles* works here."""
        return not self.roles or bool(self.roles & roles)


_COLLEAGUES = frozenset({"support", "disclosure", "security", "admin"})
FIND = Desk(path="/staff/accounts", label="Find an account", roles=frozenset({"support", "disclosure", "admin"}))
DESKS = (
    Desk(path="/staff", label="Desk"),
    FIND,
    Desk(path="/staff/freeze", label="Freeze an account", roles=_GUARDS),
    Desk(path="/staff/acts", label="Acts", roles=_COLLEAGUES),
    Desk(path="/staff/reports", label="Reports", roles=_GUARDS),
    Desk(path="/staff/requests", label="Open requests", roles=_COLLEAGUES),
    Desk(path="/staff/holds", label="Legal holds", roles=_COLLEAGUES),
    Desk(path="/staff/newsletters", label="Unsubscribe", roles=_FRONT),
    Desk(path="/staff/cases", label="Disclosure cases", roles=_LAW),
    Desk(path="/staff/agreements", label="Agreements", roles=_LAW),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActWords:
    """One kind of act: what it is called, what it does, who asks for it and who allows it."""

    label: str
    does: str
    asks: frozenset[str]
    allows: frozenset[str] = frozenset()
    """Nobody: it is done at once, by whoever asks."""
    on_request: bool = False
    """Whether its owner asks, and it must be said how that was made sure."""


ACTS: Mapping[str, ActWords] = {
    "cancel_password": ActWords(
        label="Cancel a password",
        does="The password, all sessions and all app passwords end, and a passkey alone opens nothing until there is "
        "another password. The owner is told how to choose one; nobody here can set, see or ask for it.",
        asks=_FRONT,
        allows=_GUARDS,
        on_request=True,
    ),
    "correct_address": ActWords(
        label="Correct a mail address",
        does="The new address gets a link to prove itself, and takes the old one's place when it does. The old one is "
        "told, and can undo it for seven days.",
        asks=_FRONT,
        allows=_GUARDS,
        on_request=True,
    ),
    "freeze": ActWords(
        label="Freeze an account",
        does="Nobody is let in any more, whatever they know; sessions and app passwords end for good. Nothing is lost. "
        "The owner is told by mail, with your reason.",
        asks=_GUARDS,
    ),
    "unfreeze": ActWords(
        label="Open a frozen account again",
        does="Its owner can log in again, with the password and the second factor that were there before.",
        asks=_GUARDS,
        allows=_GUARDS,
        on_request=True,
    ),
    "purge_child": ActWords(
        label="Erase a child's account",
        does="It belongs to somebody under 13: everything is erased at once, in all services, and cannot be brought "
        "back.",
        asks=_CHILDREN | _FRONT,
        allows=_CHILDREN,
    ),
    "hold": ActWords(
        label="Put a legal hold on an account",
        does="What the hold names is kept even when the owner asks for erasure. The owner is told what, why and until "
        "when.",
        asks=_LAW,
        allows=_LAW,
    ),
    "release_hold": ActWords(
        label="Release the holds of an account",
        does="Every hold on the account ends; an erasure that waited for that goes on.",
        asks=_LAW,
        allows=_LAW,
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
