"""Password rules (C24): length, no common passwords, nothing similar to the owner's address. No composition rules."""

import re
from collections.abc import Container, Iterable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

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
    if len(password) < (MIN_LENGTH_WITH_SECOND_FACTOR if second_factor else MIN_LENGTH):
        return TOO_SHORT_WITH_SECOND_FACTOR if second_factor else TOO_SHORT
    if len(password) > MAX_LENGTH:
        return TOO_LONG
    if _alphanumerics(password) in _common_passwords() or _is_repetitive(password.casefold()):
        return COMMON
    if any(password in known for known in breached):
        return BREACHED
    return LIKE_OWNER if _is_similar(password.casefold(), [*_address_words(address), *CONTEXT_WORDS]) else None


def _alphanumerics(text: str) -> str:
    return "".join(sign for sign in text.casefold() if sign.isalnum())


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


def _is_repetitive(password: str) -> bool:
    """Return whether it repeats a short piece, or is a sequence such as 123456789012345."""
    repeated = any(password == (password[:size] * len(password))[: len(password)] for size in range(1, 7))
    steps = {(ord(current) - ord(previous)) % 10 for previous, current in pairwise(password)}
    return repeated or (password.isdigit() and len(steps) == 1)


@cache
def _common_passwords() -> frozenset[str]:
    listed = Path(__file__).with_name("common_passwords.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(_alphanumerics(line) for line in listed if line and not line.startswith("#"))
