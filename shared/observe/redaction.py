"""Redacts personal data and secrets from log records and spans (C04, C18).

The last line of defence: code should log only codes and ids. It recognizes formats (addresses, tokens, card numbers),
not names of people. Text is cut to ``_MAX_TEXT``, and no pattern backtracks catastrophically on it.
"""

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address, ip_network
from re import Match
from typing import Any

from shared.card_numbers import MAX_CARD_DIGITS, MIN_CARD_DIGITS, is_card_number, is_well_formed

_MAX_TEXT = 4_000
_TRUNCATION_MARGIN = 300
"""Characters dropped before the cut: a secret cut in half would not be recognized."""
_MAX_ITEMS = 100
_MAX_DEPTH = 6

_SECRET_NAMES = re.compile(
    r"passw|passphrase|secret|token|authorization|cookie|credential|api_?key|private_?key|keyring|signature|"
    r"e_?mail|address$|^to$|recipient|jwe|card|^pan$|number$|security_code|cvc|cvv|^body$|payload|birth|^ip$|remote",
    re.IGNORECASE,
)
_SAFE_NAMES = frozenset({"card_id", "email_id", "mail_id", "token_kind", "line_number"})
_SECRET_NUMBER_NAMES = re.compile(r"passw|secret|^pan$|number$|security_code|cvc|cvv|^pin$|birth", re.IGNORECASE)
"""Names whose numeric values are secret too; other numbers are counts, such as ``cards=3``."""


def redact_value(name: str, value: object, *, depth: int = 0) -> object:
    """Return *value* as it may be logged under *name*: replaced for a secret name, redacted text otherwise."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return "[redacted]" if _SECRET_NUMBER_NAMES.search(name) and name not in _SAFE_NAMES else _redact_number(value)
    if _SECRET_NAMES.search(name) and name not in _SAFE_NAMES:
        return "[redacted]"
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        return "[too deep]" if depth >= _MAX_DEPTH else _redact_items(name, value, depth + 1)
    return "[bytes]" if isinstance(value, bytes | bytearray | memoryview) else redact(str(value))


def redact(text: str) -> str:
    """Return *text* without addresses, credentials, card numbers, query strings and database values."""
    is_cut = len(text) > _MAX_TEXT
    text = text[:_MAX_TEXT]
    for pattern, replacement in _REDACTIONS:
        text = pattern.sub(replacement, text)
    return f"{text[:-_TRUNCATION_MARGIN]}…" if is_cut else text


def redact_event(_logger: Any, _method: str, event: Any) -> Any:
    """Redact every value of a record except the envelope fields; a structlog processor."""
    return {key: value if key in _ENVELOPE_FIELDS else redact_value(key, value) for key, value in event.items()}


_ENVELOPE_FIELDS = frozenset({"time", "level", "service", "logger", "trace_id", "span_id"})


def _redact_items(name: str, value: Any, depth: int) -> object:
    if isinstance(value, Mapping):
        pairs = list(value.items())[:_MAX_ITEMS]
        return {redact(str(key)): redact_value(str(key), item, depth=depth) for key, item in pairs}
    return [redact_value(name, item, depth=depth) for item in list(value)[:_MAX_ITEMS]]


def _redact_number(value: float) -> object:
    """Redact an integer that is a card number."""
    if not isinstance(value, int) or value < 10**12:
        return value
    if value >= 10**MAX_CARD_DIGITS:
        return "[number]"  # not a count; and Python refuses to convert more than 4,300 digits
    text = redact(str(value))
    return value if text == str(value) else text


def _redact_card(found: Match[str]) -> str:
    """Replace a run of digits in which consecutive groups form a card number (``4242 4242 4242 4242 123``)."""
    groups = re.findall(r"\d+", found[0])
    if any(len(group) > MAX_CARD_DIGITS for group in groups):
        return "[number]"
    joined = ("".join(groups[start:end]) for start in range(len(groups)) for end in range(start + 1, start + 20))
    return "[card]" if any(_may_be_card(digits) for digits in joined) else found[0]


def _may_be_card(digits: str) -> bool:
    """Return whether *digits* are a card of a known range, or of none: a log can do without either."""
    return is_card_number(digits) or (len(digits) > MIN_CARD_DIGITS and is_well_formed(digits))


def _redact_address(found: Match[str]) -> str:
    try:
        address = ip_address(found[0])
    except ValueError:
        return found[0]
    return (
        found[0]
        if any(address in network for network in _PRIVATE_NETWORKS if network.version == address.version)
        else "[ip]"
    )


_PRIVATE_NETWORKS = tuple(
    ip_network(each)
    for each in (
        *("0.0.0.0/32", "10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"),
        *("::/127", "fc00::/7", "fe80::/10"),
    )
)
"""Addresses of our own infrastructure; any other address may be a person's."""

_WORD_PATTERN = r"[^\s@\"'<>(){}\[\],;:=/&?]"
_SEPARATOR_PATTERN = r"[ \t\u00a0\u2009-]{0,2}"

_REDACTIONS: tuple[tuple[re.Pattern[str], str | Callable[[Match[str]], str]], ...] = (
    # what pydantic and the database quote of a rejected value: to the end, because the value may contain delimiters
    (re.compile(r"(input_value=|dup key: |keyValue['\"]?: ?).*", re.DOTALL), r"\1[redacted]"),
    (re.compile(r"-----BEGIN [\s\S]*?(?:-----END [^-]*-----|$)"), "[armoured]"),
    # user:password@ of a URL, then the query, before other patterns match parts of them
    (re.compile(r"(?<=://)[^\s/@]++@"), "[credentials]@"),
    (re.compile(r"(?<=[\w/])\?[^\s\"'<>=?]*+=[^\s\"'<>]*+"), "?[query]"),
    (re.compile(r"\b(cookie|authorization)(['\"]?\s*[:=]\s*)[^\r\n]++", re.IGNORECASE), r"\1\2[redacted]"),
    (re.compile(r"\b(Bearer|Basic|Digest)\s+[^\s,;\"']{8,}", re.IGNORECASE), r"\1 [redacted]"),
    (
        re.compile(
            r"(passw\w*+|secret|token|api_?key|security_code|cvc|cvv)([\"']?\s*[=:]\s*)(?:\"[^\"]*+\"?|'[^']*+'?|[^\s,;&]++)",
            re.IGNORECASE,
        ),
        r"\1\2[redacted]",
    ),
    (re.compile(r"eyJ[\w-]{5,}+(?:\.[\w-]*+){1,4}"), "[token]"),
    (
        re.compile(rf"(?<!{_WORD_PATTERN}){_WORD_PATTERN}++@{_WORD_PATTERN}*+|\"[^\"\n]{{1,64}}\"@{_WORD_PATTERN}++"),
        "[email]",
    ),
    (re.compile(rf"(?<!{_WORD_PATTERN}){_WORD_PATTERN}+?%40{_WORD_PATTERN}*+"), "[email]"),
    # app passwords (shared/ids.py), before some of them match as a card number
    (re.compile(r"(?<![\w-])(?:[0-9a-hjkmnp-tv-z]{4}-){6}[0-9a-hjkmnp-tv-z]{4}(?![\w-])"), "[token]"),
    (re.compile(rf"(?<!\d)(?<!\d\.)\d(?:{_SEPARATOR_PATTERN}\d){{{MIN_CARD_DIGITS - 1},}}+"), _redact_card),
    # recovery codes, and any 256-bit random string in base64url or hexadecimal
    (re.compile(r"(?<![\w-])(?=[\w-]*\d)(?:[0-9a-zA-Z]{4,8}-){3,}[0-9a-zA-Z]{4,8}(?![\w-])"), "[token]"),
    (re.compile(r"(?<![\w-])(?=[\w-]*\d)(?=[\w-]*[A-Z])(?=[\w-]*[a-z])[\w-]{32,}+"), "[token]"),
    (re.compile(r"(?<!\w)[0-9a-fA-F]{64,}+(?!\w)"), "[token]"),
    (re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]*\w)"), _redact_address),
    (re.compile(r"(?<![\w:])[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7}(?![\w:])"), _redact_address),
)
