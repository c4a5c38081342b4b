"""When two typed secrets are the same (decision 15): passwords by RFC 8265, typed codes without their separators."""

import unicodedata

_GROUPED_SECRET_CHARS = 28
_GROUP_CHARS = 4
_GROUPING = frozenset({"Zs", "Pd"})
"""Blanks and dashes of any kind."""
_CROCKFORD = str.maketrans("iIlLoO", "111100")
"""Crockford base 32 has none of these letters: a typed one was read from a digit."""


def normalize_password(password: str) -> str:
    """Return *password* as it is counted, compared and hashed: the OpaqueString profile of RFC 8265, section 4.2.

    Blanks of all kinds become U+0020, and the text is composed (NFC): keyboards and clipboards differ in both, and the
    customer sees neither. Letter case and width stay. Blanks stay in their number and place.
    """
    with_plain_blanks = "".join(" " if unicodedata.category(sign) == "Zs" else sign for sign in password)
    return unicodedata.normalize("NFC", with_plain_blanks)


def normalize_code(code: str) -> str:
    """Return a typed code without separators, in lower case, its digits in ASCII whichever keyboard they came from."""
    return _strip_separators(code).lower()


def normalize_app_password(secret: str) -> str:
    """Return a typed app password as it was shown, ``k3f9-…``; other texts as they are."""
    if any(not (sign.isalnum() or unicodedata.category(sign) in _GROUPING) for sign in secret):
        return secret  # another sign is not how a person groups it
    plain = _strip_separators(secret).translate(_CROCKFORD)
    if len(plain) != _GROUPED_SECRET_CHARS:
        return secret
    return "-".join(plain[at : at + _GROUP_CHARS] for at in range(0, len(plain), _GROUP_CHARS))


def _strip_separators(text: str) -> str:
    return "".join(_to_ascii_digit(sign) for sign in unicodedata.normalize("NFKC", text) if sign.isalnum())


def _to_ascii_digit(sign: str) -> str:
    return str(unicodedata.decimal(sign)) if sign.isdecimal() else sign
