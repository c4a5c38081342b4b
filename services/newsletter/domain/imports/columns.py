"""The columns of exported contacts: Mailchimp, Substack, Ghost, listmonk, or any file with an address column.

Only the address, the state and the time of leaving are read. Names, tags, IP addresses and places are thrown away
(C01).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from services.newsletter.domain.subscriptions.addresses import extract_address
from services.newsletter.errors.imports import ContactFileError


class ContactState(StrEnum):
    """The state of a contact in the file; all but ACTIVE become suppressions."""

    ACTIVE = "active"
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One contact of a file; *email* is as it is written there."""

    line: int
    email: str
    state: ContactState
    left_at: datetime | None
    """When the contact left or the address failed, as the file says."""


class RowRefusedError(ValueError):
    """A row that cannot be used; its text is the code of the reason."""


_EMAIL_NAMES = {"email address", "email", "e mail", "e mail address", "emailaddress", "subscriber email"}
_YES, _NO = {"true", "1", "yes", "t", "y"}, {"false", "0", "no", "f", "n", ""}
_STATUSES: Mapping[str, ContactState] = {
    **dict.fromkeys(("subscribed", "active", "enabled", "confirmed", "free", "paid"), ContactState.ACTIVE),
    **dict.fromkeys(("unsubscribed", "disabled", "inactive"), ContactState.UNSUBSCRIBED),
    **dict.fromkeys(("cleaned", "bounced"), ContactState.BOUNCED),
    **dict.fromkeys(("complained", "spam"), ContactState.COMPLAINED),
    **dict.fromkeys(("blocklisted", "blacklisted", "blocked", "suppressed"), ContactState.BLOCKED),
}
_FILE_STATES = (("unsubscribed", ContactState.UNSUBSCRIBED), ("cleaned", ContactState.BOUNCED))
_MORE_THAN_MICROSECONDS = re.compile(r"(\.\d{6})\d+")

Rule = Callable[[str], ContactState]


def _read_status(text: str) -> ContactState:
    state = _STATUSES.get(text.casefold())
    if state is None:
        # It may mean "has left": the row is refused rather than guessed.
        raise RowRefusedError("status_unknown")
    return state


def _read_flag(*, leaves_when: bool) -> Rule:
    def read(text: str) -> ContactState:
        lower = text.casefold()
        if lower not in _YES | _NO:
            raise RowRefusedError("status_unknown")
        return ContactState.UNSUBSCRIBED if (lower in _YES) is leaves_when else ContactState.ACTIVE

    return read


def _read_subscribed_flag(text: str) -> ContactState:
    # An empty cell does not say that the contact agreed.
    return _read_flag(leaves_when=False)(text)


def _read_presence(state: ContactState) -> Rule:
    return lambda text: state if text else ContactState.ACTIVE


_RULES: Mapping[str, Rule] = {
    "status": _read_status,  # listmonk, and what people write themselves
    "email disabled": _read_flag(leaves_when=True),  # Substack
    "subscribed to emails": _read_subscribed_flag,  # Ghost
    "deleted at": _read_presence(ContactState.UNSUBSCRIBED),  # Ghost
    "unsub time": _read_presence(ContactState.UNSUBSCRIBED),  # Mailchimp
    "clean time": _read_presence(ContactState.BOUNCED),  # Mailchimp
}
_LEAVING_TIMES = ("unsub time", "clean time", "deleted at", "updated at", "last changed")


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactColumns:
    """Where a file has what is read of it."""

    width: int
    email: int
    rules: tuple[tuple[int, Rule], ...]
    times: tuple[int, ...]
    default: ContactState

    @classmethod
    def find_in(cls, header: Sequence[str], *, file_name: str = "") -> "ContactColumns | None":
        """Return the columns of *header*; None when it names no address, ContactFileError when it names two."""
        names = [_normalize(cell) for cell in header]
        emails = [at for at, name in enumerate(names) if name in _EMAIL_NAMES]
        if not emails:
            return None
        twice = sorted({name for name in (*_RULES, *_EMAIL_NAMES) if names.count(name) > 1})
        if len(emails) > 1 or twice:
            raise ContactFileError.at_line(1, "column_ambiguous")
        lower = file_name.rpartition("/")[2].casefold()
        return cls(
            width=len(names),
            email=emails[0],
            rules=tuple((at, _RULES[name]) for at, name in enumerate(names) if name in _RULES),
            times=tuple(names.index(name) for name in _LEAVING_TIMES if name in names),
            default=next((state for start, state in _FILE_STATES if lower.startswith(start)), ContactState.ACTIVE),
        )

    def read_contact(self, line: int, cells: Sequence[str]) -> Contact:
        """Return the contact of a row; RowRefusedError with the reason when it cannot be used."""
        if len(cells) != self.width:
            raise RowRefusedError("cell_count")  # its cells may stand under the wrong names
        email = _clean_email(cells[self.email])
        if not email:
            raise RowRefusedError("email_missing")
        states = [rule(cells[at].strip()) for at, rule in self.rules]
        left = [state for state in states if state is not ContactState.ACTIVE]
        state = left[0] if left else self.default
        return Contact(line=line, email=email, state=state, left_at=self._read_time(cells, state))

    def _read_time(self, cells: Sequence[str], state: ContactState) -> datetime | None:
        if state is ContactState.ACTIVE:
            return None
        return next((at for index in self.times if (at := parse_time(cells[index]))), None)


def parse_time(text: str) -> datetime | None:
    """Return a time as exports write it, in UTC unless it says otherwise; None when it cannot be read.

    ``2026-01-02 03:04:05`` (Mailchimp), ISO 8601 with Z (Ghost, Substack), Go's ``… +0000 UTC`` (listmonk).
    """
    text = _MORE_THAN_MICROSECONDS.sub(r"\1", text.strip().removesuffix(" UTC"))
    for spelling in (text, text.replace(" +", "+").replace(" -", "-")):
        with suppress(ValueError, OverflowError):
            at = datetime.fromisoformat(spelling)
            return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    return None


def _normalize(cell: str) -> str:
    return " ".join(re.sub(r"[_\-]+", " ", cell.strip().strip("'\"")).casefold().split())


def _clean_email(cell: str) -> str:
    """Return the address of a cell, without the quote that guards a spreadsheet against a formula."""
    text = cell.strip()
    is_guarded = text.startswith("'") and text[1:2] in tuple("=+-@")
    return extract_address(text[1:] if is_guarded else text)
