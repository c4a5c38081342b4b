"""How pages say times, money, sizes, and what kinds of data and purposes there are."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from shared.registry import get_registry

CATEGORIES = {
    "contact": "how to reach you",
    "credential": "proof that it is you",
    "pseudonym": "a random number that stands for you",
    "device": "which device or app",
    "content": "what you wrote or stored",
    "consent": "what you agreed to",
    "payment": "what a payment needs",
    "usage": "when and how much",
    "legal": "what a law demands",
}
PURPOSES = {
    "account": "to give you your account",
    "security": "to protect your account",
    "critical_notice": "to warn you of something critical",
    "legal_disclosure": "to tell you of a disclosure",
    "support": "to answer your question",
    "newsletter": "to send the newsletter you asked for",
    "sync": "to keep your files in sync",
    "billing": "to take a payment you ordered",
    "billing_question": "to answer a question about a payment",
    "refund": "to give money back",
    "credit": "to give credit",
    "statistics": "to count, in totals that lead to nobody",
    "partner_service": "to let a partner do its task for you",
    "operations": "to keep the service running",
    "export": "to hand you everything we hold",
    "erasure": "to find what must be erased",
    "publication": "to publish what you allowed",
}
SERVICES = {service.name: service.label for service in get_registry()}
GROUNDS = {
    "law": "the law requires it",
    "rights": "it protects rights or property",
    "emergency": "an emergency",
}
RECIPIENTS = {
    "staff": "our staff",
    "partner": "a partner",
    "legal": "an authority",
    "service": "another part of this platform",
    "publication": "the public",
}
DIMENSIONS = {"os": "Operating system", "program": "Program", "version": "Version", "locale": "Language"}
RETENTION_STARTS = {
    "asked_at": "it was asked for",
    "at": "it happened",
    "completed_at": "it was completed",
    "created_at": "it was made",
    "denied_at": "it was denied",
    "ended_at": "it ended",
    "erased_at": "the erasure",
    "expires_at": "it expires",
    "last_seen_at": "the last use",
    "queued_at": "it was queued",
    "received_at": "it arrived",
    "removed_at": "it was deleted",
    "requested_at": "it was requested",
    "settled_at": "it was settled",
    "unsubscribed_at": "you unsubscribed",
}
_RETENTION = re.compile(r"(\d+) days after (\w+)")
_NO_MINOR_UNITS = frozenset({"JPY"})
_SIZES = ("bytes", "KB", "MB", "GB", "TB")


def parse_time(text: str | None) -> datetime | None:
    """Return the time that an API gave; None for none, and for one that cannot be read."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC) if text else None
    except ValueError:
        return None


def format_datetime(text: str | None) -> str:
    """Return a time to the minute: ``24 November 2026, 14:05 UTC``."""
    at = parse_time(text)
    return f"{at.day} {at:%B %Y, %H:%M} UTC" if at else "—"


def format_date(text: str | None) -> str:
    """Return a day: ``24 November 2026``."""
    at = parse_time(text)
    return f"{at.day} {at:%B %Y}" if at else "—"


def format_money(amount: int, currency: str) -> str:
    """Return an amount of minor units: ``39.99 USD``."""
    return f"{amount:,} {currency}" if currency in _NO_MINOR_UNITS else f"{amount / 100:,.2f} {currency}"


def format_range(bounds: Mapping[str, int]) -> str:
    """Return a number that is published as a step alone: ``fewer than 5``, ``5 to 9``."""
    least, most = bounds["at_least"], bounds["at_most"]
    return f"{least:,} to {most:,}" if least else f"fewer than {most + 1}"


def format_size(count: float) -> str:
    """Return a number of bytes in a unit that people use: ``3.1 MB``."""
    for unit in _SIZES:
        if count < 1000 or unit == _SIZES[-1]:
            return f"{count:,.0f} {unit}" if unit == "bytes" else f"{count:,.1f} {unit}"
        count /= 1000
    raise AssertionError("the last unit takes everything")


def format_retention(retention: str) -> str:
    """Return how long a field is kept, as people say it: ``7 years after it was settled``."""
    found = _RETENTION.fullmatch(retention)
    if found is None:
        return humanize(retention)
    days, since = int(found[1]), RETENTION_STARTS.get(found[2], humanize(found[2]))
    return f"{_format_days(days)} after {since}" if days else f"until {since}"


def _format_days(days: int) -> str:
    count, unit = (days // 365, "year") if days % 365 == 0 and days > 365 else (days, "day")
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def category_label(name: str) -> str:
    """Return what a category of personal data is called."""
    return CATEGORIES.get(name, name)


def purpose_label(name: str) -> str:
    """Return what a purpose is called."""
    return PURPOSES.get(name, name.replace("_", " "))


def service_label(name: str) -> str:
    """Return what a service is called by those who use it."""
    return SERVICES.get(name, name)


def recipient_label(kind: str) -> str:
    """Return what a kind of reader of the ledger is called."""
    return RECIPIENTS.get(kind, humanize(kind))


def dimension_label(name: str) -> str:
    """Return what a dimension of the statistics is called."""
    return DIMENSIONS.get(name, humanize(name).capitalize())


def ground_label(name: str) -> str:
    """Return what a ground of disclosure is called."""
    return GROUNDS.get(name, humanize(name))


def humanize(name: str) -> str:
    """Return a technical name as words: ``read_write`` is ``read write``."""
    return name.replace("_", " ").replace(".", " · ")
