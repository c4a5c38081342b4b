"""Builds paths with variables."""

from urllib.parse import quote


def build_path(template: str, *names: str) -> str:
    """Fill each ``{}`` of *template* with a percent-encoded name, which stays one path segment."""
    return template.format(*(quote(name, safe="").replace(".", "%2E") for name in names))
