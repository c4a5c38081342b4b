"""Which page views are counted: of public pages alone, and never against a signal of the browser."""

from collections.abc import Mapping

COUNTED_PAGES = frozenset(
    {
        "cookies",
        "data_map",
        "docs",
        "docs_service",
        "errors",
        "home",
        "newsletter",
        "newsletter_archive",
        "newsletter_issue",
        "policy",
        "promises",
        "security",
        "statistics",
        "transparency",
        "usage",
    }
)
"""The names of the templates; telemetry accepts no other page. No page with a form for an account is among them."""
_REFUSALS = ("Sec-GPC", "DNT")


def is_counting_refused(headers: Mapping[str, str]) -> bool:
    """Return whether the browser asks not to be tracked, by Global Privacy Control or Do Not Track."""
    return any(headers.get(name, "").strip() == "1" for name in _REFUSALS)
