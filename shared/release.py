"""The release of this code; pyproject.toml and the chart have the same (tests/architecture)."""

RELEASE = "0.1.0"

DATA_FORMAT = 2
"""The format of the stored data: databases and the stack's folder. Increase it when older data cannot be read.

Nothing is released yet, so there are no migrations: data of another format is rejected at startup.
"""


def version_key(release: str) -> tuple[int, ...]:
    """Return the sort key of a release: 0.10.0 comes after 0.9.1."""
    return tuple(int(part) for part in release.split("."))
