"""What staff may do to an account: who may ask for it, who must allow it, and for how long the wish stands (C21)."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.identity.domain.access import Role

STANDS_FOR = timedelta(hours=72)
"""A wish that nobody has allowed by then is void."""
HOLD_LONGEST = timedelta(days=2 * 365)
"""A hold that must last longer is asked for again: nothing is kept without somebody who still wants it."""


class ActKind(StrEnum):
    """What can be done."""

    CANCEL_PASSWORD = "cancel_password"  # noqa: S105 - the name of an act, not a secret
    """The owner asked for it: password, sessions and app passwords end (C27)."""
    CORRECT_ADDRESS = "correct_address"
    """The owner cannot do it: another address is to be proven and put in place of the old one (C26)."""
    FREEZE = "freeze"
    UNFREEZE = "unfreeze"
    PURGE_CHILD = "purge_child"
    """The account is that of a child under 13: everything is erased at once (C23)."""
    HOLD = "hold"
    """Law or a dispute obliges to keep something, even when its owner asks for erasure (C31)."""
    RELEASE_HOLD = "release_hold"


class ActState(StrEnum):
    """Where an act stands."""

    ASKED = "asked"
    DONE = "done"
    REFUSED = "refused"
    EXPIRED = "expired"


class HoldScope(StrEnum):
    """What a hold keeps."""

    ACCOUNT = "account"
    """Who the person is and how to reach them; all other services erase."""
    EVERYTHING = "everything"
    """Whatever any service holds, until the hold ends."""


class Verification(StrEnum):
    """How staff made sure that the owner is asking."""

    REPLY_FROM_ADDRESS = "reply_from_address"
    CALLED_BACK = "called_back"
    IN_PERSON = "in_person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Who may ask for an act and who may allow it; with nobody to allow it, it is done by whoever asks."""

    asks: frozenset[Role]
    allows: frozenset[Role] = frozenset()
    on_request: bool = False
    """Whether the owner asks for it: then it must be said how that was verified."""

    @property
    def two_people(self) -> bool:
        """Whether somebody else must allow it."""
        return bool(self.allows)

    def may_ask(self, roles: AbstractSet[str]) -> bool:
        """Tell whether somebody with *roles* may ask for it."""
        return bool(self.asks & roles)

    def may_allow(self, roles: AbstractSet[str]) -> bool:
        """Tell whether somebody with *roles* may allow it."""
        return bool(self.allows & roles)


_FRONT = frozenset({Role.SUPPORT, Role.ADMIN})
_GUARDS = frozenset({Role.SUPPORT, Role.SECURITY, Role.ADMIN})
_LAW = frozenset({Role.DISCLOSURE, Role.ADMIN})
_CHILDREN = frozenset({Role.DISCLOSURE, Role.SECURITY, Role.ADMIN})

RULES = {
    ActKind.CANCEL_PASSWORD: Rule(asks=_FRONT, allows=_GUARDS, on_request=True),
    ActKind.CORRECT_ADDRESS: Rule(asks=_FRONT, allows=_GUARDS, on_request=True),
    ActKind.FREEZE: Rule(asks=_GUARDS),
    ActKind.UNFREEZE: Rule(asks=_GUARDS, allows=_GUARDS, on_request=True),
    ActKind.PURGE_CHILD: Rule(asks=_CHILDREN | _FRONT, allows=_CHILDREN),
    ActKind.HOLD: Rule(asks=_LAW, allows=_LAW),
    ActKind.RELEASE_HOLD: Rule(asks=_LAW, allows=_LAW),
}


def expires_at(asked_at: datetime) -> datetime:
    """Return until when the act may be allowed."""
    return asked_at + STANDS_FOR
