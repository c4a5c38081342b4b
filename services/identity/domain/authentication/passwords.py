"""Password rules (C24): length, no common passwords, nothing similar to the owner's address. No composition rules."""

import re
import unicodedata
from collections.abc import Container, Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from services.identity.domain.authentication.keyboard_walks import strip_walks
from services.identity.domain.authentication.sameness import normalize_password

MIN_LENGTH = 15
MIN_LENGTH_WITH_SECOND_FACTOR = 8
MAX_LENGTH = 256
CONTEXT_WORDS = ("candor", "candour", "password", "passphrase", "passwort", "account", "newsletter", "login", "welcome")
_MIN_REMAINDER = 8
"""Without the known words, a password must have this many other characters."""
_LEET_SUBSTITUTIONS = str.maketrans(
    {"@": "a", "4": "a", "3": "e", "1": "i", "!": "i", "0": "o", "$": "s", "5": "s", "7": "t"}
)


@dataclass(frozen=True, slots=True)
class PasswordIssue:
    """Why a password is rejected: a stable code, and a message that says what is accepted."""

    code: str
    message: str


TOO_SHORT = PasswordIssue("too_short", f"Use at least {MIN_LENGTH} characters; several words are fine.")
TOO_SHORT_WITH_SECOND_FACTOR = PasswordIssue("too_short", f"Use at least {MIN_LENGTH_WITH_SECOND_FACTOR} characters.")
TOO_LONG = PasswordIssue("too_long", f"Use at most {MAX_LENGTH} characters.")
COMMON = PasswordIssue("common", "This password is too common.")
BREACHED = PasswordIssue("breached", "This password has appeared in a data breach.")
LIKE_OWNER = PasswordIssue("like_owner", "It is too similar to your email address or our product name.")


def validate_password(
    password: str, *, address: str, second_factor: bool = False, breached: Iterable[Container[str]] = ()
) -> PasswordIssue | None:
    """Return what is wrong with *password* for the owner of *address*, or None. Every path uses it (I-21)."""
    password = normalize_password(password)
    min_length = MIN_LENGTH_WITH_SECOND_FACTOR if second_factor else MIN_LENGTH
    if len(password) < min_length:
        return TOO_SHORT_WITH_SECOND_FACTOR if second_factor else TOO_SHORT
    if len(password) > MAX_LENGTH:
        return TOO_LONG
    if _is_common(password, min_length):
        return COMMON
    if any(spelling in known for known in breached for spelling in _breached_spellings(password)):
        return BREACHED
    words = [*_address_words(address), *CONTEXT_WORDS]
    folded = password.casefold()
    return LIKE_OWNER if _is_similar(folded, words) or _is_similar(folded[::-1], words) else None


def is_short(password: str) -> bool:
    """Return whether *password* is acceptable only while the account has a second factor."""
    return len(normalize_password(password)) < MIN_LENGTH


def _is_common(password: str, min_length: int) -> bool:
    """Return whether it is a common password in any spelling, a repeated short one, or a walk on the keyboard."""
    if any(spelling in _COMMON_PASSWORDS for spelling in _spellings(password)):
        return True
    folded = unicodedata.normalize("NFKC", password).casefold()
    if any(_is_repetitive(text, password, min_length) for text in (folded, _alphanumerics(password))):
        return True
    left = strip_walks("".join(folded.split()))
    return _is_sequence(password) or (len(left) < _MIN_REMAINDER and len(left) <= len(password) // 2)


def _spellings(password: str) -> Iterable[str]:
    """Return the letters and digits of *password* as written, undisguised (p4ssw0rd), and each of them backwards."""
    for plain in (_alphanumerics(password), _alphanumerics(password.casefold().translate(_LEET_SUBSTITUTIONS))):
        yield plain
        yield plain[::-1]


def _breached_spellings(password: str) -> set[str]:
    return {password, password.lower(), password.strip(), unicodedata.normalize("NFKC", password), password[::-1]}


def _alphanumerics(text: str) -> str:
    """The letters and digits without case, width and accents."""
    return "".join(sign for sign in unicodedata.normalize("NFKD", text.casefold()) if sign.isalnum())


def _address_words(address: str) -> list[str]:
    """The address and its parts of three characters or more, longest first."""
    local, _, domain = address.casefold().partition("@")
    parts = {address.casefold(), local, domain, *re.split(r"[^\w]|_", address.casefold())}
    return sorted((part for part in parts if len(part) >= 3), key=len, reverse=True)


def _is_similar(password: str, words: Iterable[str]) -> bool:
    """Return whether little remains without *words*, disguised ones (c@nd0r) included."""
    plain, undisguised = password, password.translate(_LEET_SUBSTITUTIONS)
    for word in words:
        plain = plain.replace(word, "")
        undisguised = undisguised.replace(word.translate(_LEET_SUBSTITUTIONS), "")
    shortest = min(plain, undisguised, key=len)
    return len(shortest) < len(password) and (
        len(shortest) < _MIN_REMAINDER or len(set(shortest)) < _MIN_REMAINDER // 2
    )


def _is_repetitive(text: str, password: str, min_length: int) -> bool:
    """Return whether *text* of *password* repeats a piece too short for a password: guessed as soon as the piece is."""
    if len(text) * 2 < len(password):
        return False
    longest = min(len(text) // 2, (min_length - 1) * len(text) // len(password))
    return any(text == (text[:size] * (len(text) // size + 1))[: len(text)] for size in range(1, longest + 1))


def _is_sequence(password: str) -> bool:
    """Return whether it counts in equal steps, such as 147036925814703."""
    steps = {(ord(current) - ord(previous)) % 10 for previous, current in pairwise(password)}
    return password.isdigit() and len(steps) == 1


def _load_common_passwords() -> frozenset[str]:
    listed = Path(__file__).with_name("common_passwords.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(_alphanumerics(line) for line in listed if line and not line.startswith("#"))


_COMMON_PASSWORDS = _load_common_passwords()
