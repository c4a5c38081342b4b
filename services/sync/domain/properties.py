"""Dead properties: what clients store about a resource, kept unchanged (RFC 4918 §4.3)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.sync.errors import PropertiesTooLargeError

MAX_PROPERTIES_BYTES = 64 << 10

LIVE_PROPERTIES = frozenset(
    f"{{DAV:}}{name}"
    for name in (
        "creationdate",
        "getcontentlength",
        "getcontenttype",
        "getetag",
        "getlastmodified",
        "lockdiscovery",
        "quota-available-bytes",
        "quota-used-bytes",
        "resourcetype",
        "supported-report-set",
        "supportedlock",
        "sync-token",
    )
)
"""The live properties that clients cannot set, in Clark notation."""


@dataclass(frozen=True, slots=True)
class PropertyUpdate:
    """Set the property *name* (Clark notation) to the element *xml*, or remove it when there is none."""

    name: str
    xml: str | None


def parse_properties(properties: str) -> Mapping[str, str]:
    """Return the dead properties of a node: the XML of each element by its name."""
    found: dict[str, str] = json.loads(properties) if properties else {}
    return found


def apply_updates(properties: str, updates: Sequence[PropertyUpdate]) -> str:
    """Return *properties* after *instructions*, applied in order; PropertiesTooLargeError beyond the limit."""
    found = dict(parse_properties(properties))
    for instruction in updates:
        if instruction.xml is None:
            found.pop(instruction.name, None)
        else:
            found[instruction.name] = instruction.xml
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":")) if found else ""
    if len(text.encode()) > MAX_PROPERTIES_BYTES:
        raise PropertiesTooLargeError
    return text


def find_protected(updates: Sequence[PropertyUpdate]) -> frozenset[str]:
    """Return the names among *instructions* that clients cannot set."""
    return LIVE_PROPERTIES & {instruction.name for instruction in updates}
