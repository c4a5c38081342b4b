"""Addresses of pages and APIs with names in them."""

from urllib.parse import quote


def build_path(template: str, *names: str) -> str:
    """Return *template* with each ``{}`` filled by a quoted name: an id from an address stays one part of the path."""
    return template.format(*(quote(name, safe="").replace(".", "%2E") for name in names))
