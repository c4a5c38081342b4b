"""Names of programs and systems from a User-Agent header, by the tables of uap-core (ua-parser)."""

import re

from ua_parser import parse

from shared.card_numbers import contains_card_number

_MAX_LENGTH = 500
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9 .+-]{0,29}")
"""Some names of the tables are copied from the header; one that is longer or stranger is dropped."""
_PROGRAMS = {"Mobile Safari": "Safari", "Mobile Safari UI/WKWebView": "Safari", "Chromium": "Chrome"}
_SYSTEMS = {
    "Mac OS X": "macOS",
    "Windows": "Windows",
    "Android": "Android",
    "Chrome OS": "ChromeOS",
    "iOS": "iOS",
    **dict.fromkeys(("Linux", "Ubuntu", "Debian", "Fedora", "Red Hat", "SUSE", "Arch Linux"), "Linux"),
}
_DEVICES = {"iPhone", "iPad"}

parse("")  # compiles the tables (about half a second) before the first request instead of during it


def describe_user_agent(user_agent: str) -> str:
    """Return program and system without versions: ``Firefox on Linux``, ``curl``, ``An app`` (C01)."""
    found = parse(user_agent[:_MAX_LENGTH])
    family = found.user_agent.family if found.user_agent else ""
    family = re.sub(r" (Mobile|iOS|Mobile iOS|WebView)$", "", _PROGRAMS.get(family, family))
    program = family if _NAME.fullmatch(family) and not contains_card_number(family) else "An app"
    system = _SYSTEMS.get(found.os.family, "") if found.os else ""
    if found.device and found.device.family in _DEVICES:
        system = found.device.family
    return f"{program} on {system}" if system else program
