"""Takes personal data and secrets out of whatever is about to leave the process as a log line or a span (C04, C18)."""

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from re import Match
from typing import Any

_SECRET_NAMES = re.compile(
    r"passw|passphrase|secret|token|authorization|cookie|credential|api_?key|private_?key|keyring|signature|"
    r"e_?mail|address$|^to$|recipient|jwe|card|^pan$|number$|security_code|cvc|cvv|^body$|payload|birth|^ip$|remote",
    re.IGNORECASE,
)
_HARMLESS_NAMES = frozenset({"card_id", "email_id", "mail_id", "token_kind", "line_number"})
_MAX_TEXT = 4_000


def redact_value(name: str, value: object) -> object:
    """Return *value* as it may be told under *name*: nothing of a secret name, cleaned text otherwise."""
    if _SECRET_NAMES.search(name) and name not in _HARMLESS_NAMES and not isinstance(value, bool | int | float | None):
        return "[redacted]"
    if isinstance(value, Mapping):
        return {redact(str(key)): redact_value(str(key), item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact_value(name, item) for item in value]
    if isinstance(value, bool | int | float | None):
        return _luhn_number(value)
    return redact(str(value))


def redact(text: str) -> str:
    """Return *text* without addresses, credentials, card numbers, query strings and database values."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text if len(text) <= _MAX_TEXT else text[:_MAX_TEXT] + "…"


def _luhn_number(value: object) -> object:
    """A card number may come as an integer, too."""
    is_long = isinstance(value, int) and value >= 10**12
    return redact(str(value)) if is_long and redact(str(value)) != str(value) else value


def _card(found: Match[str]) -> str:
    digits = [int(char) for char in found[0] if char.isdigit()]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]
    return "[card]" if (sum(digits[::-2]) + sum(doubled)) % 10 == 0 else found[0]


def _address(found: Match[str]) -> str:
    try:
        return "[ip]" if ip_address(found[0]).is_global else found[0]
    except ValueError:
        return found[0]


_RULES: tuple[tuple[re.Pattern[str], str | Callable[[Match[str]], str]], ...] = (
    # user:password@ of a URL, then the query, before their parts look like something else
    (re.compile(r"(?<=://)[^\s/@]+@"), "[credentials]@"),
    (re.compile(r"(?<=[\w/])\?[^\s\"'<>]*=[^\s\"'<>]*"), "?[query]"),
    (re.compile(r"\b(Bearer|Basic|Digest)\s+[^\s,;\"']+", re.IGNORECASE), r"\1 [redacted]"),
    (re.compile(r"eyJ[\w-]{5,}(?:\.[\w-]*){1,4}"), "[token]"),
    (re.compile(r"-----BEGIN [\s\S]*?(?:-----END [^-]*-----|$)"), "[armoured]"),
    (re.compile(r"[^\s@\"'<>(){}\[\],;:=/]+@[^\s@\"'<>(){}\[\],;:=/]*[^\s@\"'<>(){}\[\],;:=/.]"), "[email]"),
    (
        re.compile(r"(passw\w*|secret|token|api_?key|security_code|cvc|cvv)([\"']?\s*[=:]\s*)[^\s,;&]+", re.IGNORECASE),
        r"\1\2[redacted]",
    ),
    # what pydantic and the database quote of a refused value
    (re.compile(r"input_value=.*?(?=, input_type=|\]|$)", re.DOTALL), "input_value=[redacted]"),
    (re.compile(r"(dup key: |keyValue'?: ?)\{.*?\}", re.DOTALL), r"\1{[redacted]}"),
    (re.compile(r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w-])"), _card),
    # app passwords, and any unguessable string of 256 bits in base64url or hexadecimal
    (re.compile(r"(?<![\w-])(?=[\w-]*\d)(?:[0-9a-zA-Z]{4,8}-){3,}[0-9a-zA-Z]{4,8}(?![\w-])"), "[token]"),
    (re.compile(r"(?<![\w-])(?=[\w-]*\d)(?=[\w-]*[A-Z])(?=[\w-]*[a-z])[\w-]{32,}(?![\w])"), "[token]"),
    (re.compile(r"(?<![\w])[0-9a-fA-F]{64,}(?![\w])"), "[token]"),
    (re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])"), _address),
    (re.compile(r"(?<![\w:])[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7}(?![\w:])"), _address),
)


def redact_event(_logger: Any, _method: str, event: Any) -> Any:
    """The structlog processor: cleans every value of a record; its own fields stay as they are."""
    return {key: value if key in _OWN else redact_value(key, value) for key, value in event.items()}


_OWN = frozenset({"time", "level", "service", "logger", "trace_id", "span_id"})
