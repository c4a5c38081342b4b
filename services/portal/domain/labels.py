"""Formats of times, money and sizes on pages, and labels of data categories, purposes and services."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from shared.formatting import format_date as date_text
from shared.formatting import format_datetime as datetime_text
from shared.formatting import format_money as money_text
from shared.registry import get_registry

CATEGORIES = {
    "contact": "contact details",
    "credential": "login credential",
    "pseudonym": "random identifier",
    "device": "device or app",
    "content": "content you created",
    "consent": "your consents",
    "payment": "payment details",
    "usage": "usage times and amounts",
    "legal": "legal record",
}
PURPOSES = {
    "account": "providing your account",
    "security": "protecting your account",
    "critical_notice": "critical notices",
    "legal_disclosure": "notifying you of a legal disclosure",
    "support": "answering your support request",
    "newsletter": "sending the newsletters you subscribed to",
    "sync": "syncing your files",
    "billing": "processing your payments",
    "billing_question": "answering a billing question",
    "refund": "refunds",
    "credit": "credits",
    "statistics": "anonymous statistics",
    "partner_service": "a service that a partner provides to you",
    "operations": "running the service",
    "export": "exporting your data",
    "erasure": "erasing your data",
    "publication": "publishing what you approved",
}
SERVICES = {service.name: service.label for service in get_registry()}
BRANDS = {
    "visa": "Visa",
    "mastercard": "Mastercard",
    "amex": "American Express",
    "discover": "Discover",
    "diners": "Diners Club",
    "jcb": "JCB",
    "unionpay": "UnionPay",
    "maestro": "Maestro",
    "mir": "Mir",
    "rupay": "RuPay",
    "elo": "Elo",
    "verve": "Verve",
    "troy": "Troy",
}
GROUNDS = {
    "law": "Required by law",
    "rights": "Protection of rights or property",
    "emergency": "Emergency",
}
RECIPIENTS = {
    "staff": "Our staff",
    "partner": "A partner",
    "legal": "An authority",
    "service": "Another part of this platform",
    "publication": "The public",
}
STATISTICS_TABLES = {
    "program": "Programs",
    "version": "Version",
    "system": "Operating system",
    "language": "Language",
    "launches": "Launches in the week",
    "crashes": "Crashes in the week",
    "syncs": "Syncs in the week",
}
STATISTICS_VALUES = {
    "omnifocus": "OmniFocus",
    "omnigraffle": "OmniGraffle",
    "omnioutliner": "OmniOutliner",
    "omniplan": "OmniPlan",
    "candor-demo": "Demonstration program",
    "macos-14": "macOS 14",
    "macos-15": "macOS 15",
    "macos-26": "macOS 26",
    "ios-18": "iOS 18",
    "ios-26": "iOS 26",
    "windows-11": "Windows 11",
    "web": "Web",
    "other": "Other",
    "not shown": "Not shown",
}
RETENTION_STARTS = {
    "at": "the event",
    "completed_at": "completion",
    "created_at": "creation",
    "denied_at": "the denial",
    "erased_at": "the erasure",
    "expires_at": "expiry",
    "last_seen_at": "the last use",
    "queued_at": "queuing",
    "received_at": "receipt",
    "removed_at": "deletion",
    "requested_at": "the request",
    "suppressed_at": "suppression",
    "unsubscribed_at": "unsubscribing",
}
_RETENTION = re.compile(r"(\d+) days after (\w+)")
_SIZES = ("bytes", "KB", "MB", "GB", "TB")


def parse_time(text: str | None) -> datetime | None:
    """Parse an RFC 3339 time from an API; None when it is absent or malformed."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC) if text else None
    except ValueError:
        return None


def format_datetime(text: str | None) -> str:
    """Format a time to the minute: ``24 November 2026, 14:05 UTC``."""
    at = parse_time(text)
    return datetime_text(at) if at else "—"


def format_date(text: str | None) -> str:
    """Format a day: ``24 November 2026``."""
    at = parse_time(text)
    return date_text(at) if at else "—"


def format_money(amount: int, currency: str) -> str:
    """Format *amount*, in minor units of *currency*: ``39.99 USD``."""
    return money_text(amount, currency)


def format_range(bounds: Mapping[str, int]) -> str:
    """Format a count that is published as a range only: ``fewer than 5``, ``5 to 9``."""
    least, most = bounds["at_least"], bounds["at_most"]
    return f"{least:,} to {most:,}" if least else f"fewer than {most + 1}"


def format_size(count: float) -> str:
    """Format a number of bytes in decimal units: ``3.1 MB``."""
    for unit in _SIZES:
        if count < 1000 or unit == _SIZES[-1]:
            return f"{count:,.0f} {unit}" if unit == "bytes" else f"{count:,.1f} {unit}"
        count /= 1000
    raise AssertionError("the last unit takes everything")


def format_retention(retention: str) -> str:
    """Format a retention rule: ``7 years after completion``."""
    found = _RETENTION.fullmatch(retention)
    if found is None:
        return humanize(retention)
    days, since = int(found[1]), RETENTION_STARTS.get(found[2], humanize(found[2]))
    return f"{_format_days(days)} after {since}" if days else f"until {since}"


def _format_days(days: int) -> str:
    count, unit = (days // 365, "year") if days % 365 == 0 and days > 365 else (days, "day")
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def category_label(name: str) -> str:
    """Return the label of a category of personal data."""
    return CATEGORIES.get(name, name)


def purpose_label(name: str) -> str:
    """Return the label of a purpose."""
    return PURPOSES.get(name, name.replace("_", " "))


def service_label(name: str) -> str:
    """Return the label of a service for customers."""
    return SERVICES.get(name, name)


def recipient_label(kind: str) -> str:
    """Return the label of a kind of recipient."""
    return RECIPIENTS.get(kind, humanize(kind))


def statistics_kind_label(name: str) -> str:
    """Return the label of what a table of the statistics counts."""
    return STATISTICS_TABLES.get(name, humanize(name).capitalize())


def statistics_value_label(name: str) -> str:
    """Return the label of a value in the statistics."""
    return STATISTICS_VALUES.get(name, name)


def statistics_table_label(table: Mapping[str, str | None]) -> str:
    """Return the heading of a table of the statistics: of one program, or of all."""
    kind = statistics_kind_label(str(table["name"]))
    program = table["program"]
    return kind if program is None else f"{statistics_value_label(program)}: {kind.lower()}"


def brand_label(brand: str) -> str:
    """Return the name of a card network; ``Card`` for one that we do not know."""
    return BRANDS.get(brand, "Card")


def ground_label(name: str) -> str:
    """Return the label of a legal ground for disclosure."""
    return GROUNDS.get(name, humanize(name))


def humanize(name: str) -> str:
    """Turn an identifier into words: ``read_write`` is ``read write``."""
    return name.replace("_", " ").replace(".", " · ")
