"""The counts of open and closed weeks: one file a week, to which each run of the program appends one line.

Appending needs no lock, so a program never waits for another one. A line begins with its newline: after a line that a
full disk cut short, the next one is still whole.
"""

import json
import os
from collections import Counter
from collections.abc import Mapping

from candor_telemetry.files import UNREADABLE, delete_file, read_bytes

_PREFIX, _SUFFIX = "counts-", ".jsonl"
MAX_FILE_BYTES = 256 * 1024
"""Some thousands of runs: by then every counter is in its largest range."""
MAX_COUNT = 1_000_000
_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)


def append_counts(folder: str, week: str, counts: Mapping[str, int]) -> None:
    """Add *counts* to *week*. Raises OSError when that is impossible, and never waits."""
    os.makedirs(folder, mode=0o700, exist_ok=True)
    descriptor = os.open(_path(folder, week), _APPEND, 0o600)
    try:
        if os.fstat(descriptor).st_size < MAX_FILE_BYTES:
            os.write(descriptor, b"\n" + json.dumps(dict(counts)).encode())
    finally:
        os.close(descriptor)


def read_counts(folder: str, week: str) -> Counter[str]:
    """Return the counts of *week*; lines that are damaged do not count."""
    found: Counter[str] = Counter()
    try:
        lines = read_bytes(_path(folder, week), 2 * MAX_FILE_BYTES).splitlines()
    except OSError:
        return found
    for line in lines:
        for name, count in _parse_line(line).items():
            found[name] = min(found[name] + count, MAX_COUNT)
    return found


def list_weeks(folder: str) -> list[str]:
    """Return the weeks that have counts, the oldest first."""
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    return sorted(
        name[len(_PREFIX) : -len(_SUFFIX)] for name in names if name.startswith(_PREFIX) and name.endswith(_SUFFIX)
    )


def delete_counts(folder: str, week: str) -> None:
    """Delete the counts of *week*."""
    delete_file(_path(folder, week))


def _parse_line(line: bytes) -> dict[str, int]:
    try:
        found = json.loads(line) if line else {}
    except UNREADABLE:
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: count for name, count in found.items() if type(count) is int and 0 <= count <= MAX_COUNT}


def _path(folder: str, week: str) -> str:
    return os.path.join(folder, f"{_PREFIX}{week}{_SUFFIX}")
