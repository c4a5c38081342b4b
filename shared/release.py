"""The release that this code is; pyproject.toml and the chart say the same (tests/architecture)."""

RELEASE = "0.1.0"


def version_key(release: str) -> tuple[int, ...]:
    """Return what releases are ordered by: 0.10.0 comes after 0.9.1."""
    return tuple(int(part) for part in release.split("."))
