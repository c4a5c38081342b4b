"""What in the environment forbids reports, whatever the person answered."""

import os
import sys
from collections.abc import Mapping
from enum import Enum

DO_NOT_TRACK = "DO_NOT_TRACK"
CI = "CI"
NO_TERMINAL = "no terminal"
FALSE_WORDS = frozenset({"", "0", "false", "no", "off"})
"""The values of DO_NOT_TRACK that ask for nothing; every other value forbids reports."""


class Kind(Enum):
    """Command-line programs also run in scripts, containers and CI, where no person could have been asked."""

    COMMAND_LINE = "command line"
    GRAPHICAL = "graphical"


def find_block(environment: Mapping[str, str], *, kind: Kind, has_terminal: bool) -> str | None:
    """Return what forbids to ask, to accept a yes, to count and to send; None when nothing does."""
    if environment.get(DO_NOT_TRACK, "").strip().lower() not in FALSE_WORDS:
        return DO_NOT_TRACK
    if kind is Kind.COMMAND_LINE:
        if environment.get(CI, ""):
            return CI
        if not has_terminal:
            return NO_TERMINAL
    return None


def has_terminal() -> bool:
    """Return whether a person may be looking: one of the three standard streams is a terminal."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        try:
            if stream is not None and stream.isatty():
                return True
        except ValueError:  # closed
            continue
    return False


def default_folder(program: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """Return the folder of *program*; None when the user has no home."""
    if sys.platform == "darwin":
        base = os.path.expanduser("~/Library/Application Support")
    else:
        base = environment.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return os.path.join(base, "candor-telemetry", program) if os.path.isabs(base) else None
