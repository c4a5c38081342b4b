"""What a client program says to the test that runs it: one JSON text a line."""

import json
import sys
from collections.abc import Callable
from typing import Any

ASKED: dict[str, Any] = json.loads(sys.stdin.readline())
"""Where the server is, and the credentials of a client."""


def say(**said: object) -> None:
    print(json.dumps(said), flush=True)


def open_in_browser(url: str) -> str:
    """Let the customer allow the app; return the address to which the browser is sent back."""
    say(open=url)
    return str(json.loads(sys.stdin.readline())["callback"])


def wait(seconds: int) -> None:
    """Let the clock of the server go on."""
    say(wait=seconds)
    sys.stdin.readline()


def step(name: str, run: Callable[[], object]) -> object:
    """Run one step, and say that it worked; what the library raises ends the program."""
    result = run()
    say(step=name, fault="")
    return result


def check(passed: object, what: str) -> None:
    if not passed:
        raise AssertionError(what)
