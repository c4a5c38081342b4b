"""Small files that are read whole and replaced whole; a reader never sees half of one."""

import json
import os
from contextlib import suppress
from typing import Any

MAX_BYTES = 64 * 1024
UNREADABLE = (OSError, ValueError, RecursionError)
"""What reading and parsing a file of unknown content may raise."""
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


def read_bytes(path: str, limit: int = MAX_BYTES) -> bytes:
    """Return the content of *path*. Raises OSError, also for a pipe or a file above *limit*, and never waits."""
    descriptor = os.open(path, _READ)
    try:
        content = os.read(descriptor, limit + 1)
        while len(content) <= limit and (more := os.read(descriptor, limit + 1 - len(content))):
            content += more
    finally:
        os.close(descriptor)
    if len(content) > limit:
        raise OSError(f"{path} is larger than {limit} bytes")
    return content


def read_object(path: str) -> dict[str, Any] | None:
    """Return the JSON object in *path*; None when there is none that can be read."""
    try:
        found = json.loads(read_bytes(path).decode())
    except UNREADABLE:
        return None
    return found if isinstance(found, dict) else None


def replace_object(path: str, content: dict[str, Any]) -> None:
    """Store *content* in *path*, completely or not at all. Raises OSError."""
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    scratch = f"{path}.{os.getpid()}"
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        try:
            os.write(descriptor, json.dumps(content, indent=1).encode() + b"\n")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(scratch, path)
    except OSError:
        delete_file(scratch)
        raise


def delete_file(path: str) -> None:
    """Delete *path* when it is there and can be deleted."""
    with suppress(OSError):
        os.unlink(path)
