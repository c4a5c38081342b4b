"""The release that this code is; pyproject.toml and the chart say the same (tests/architecture)."""

RELEASE = "0.1.0"

DATA_FORMAT = 2
"""The format of what is stored: databases and the stack's folder. Increase it when older data cannot be read.

Nothing is released yet, so there are no migrations: data of another format is refused at start.
"""


def version_key(release: str) -> tuple[int, ...]:
    """Return what releases are ordered by: 0.10.0 comes after 0.9.1."""
    return tuple(int(part) for part in release.split("."))
