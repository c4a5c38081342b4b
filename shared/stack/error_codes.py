"""``python -m shared.stack.error_codes``: the catalogue of all error codes, for the pages under /docs/errors.

Generated from the error classes of every package and service and from the edge's local replies; a test compares the
file with the code.
"""

import json
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from string import Template
from typing import Any

import yaml

from shared.errors import ServiceError
from shared.stack.settings import ROOT

CATALOGUE_FILE = ROOT / "services" / "portal" / "domain" / "error_codes.json"
EDGE_CONFIG_FILE = ROOT / "services" / "gateway" / "envoy.yaml"
_SKIPPED_MODULES = re.compile(r"shared/(stack|contracts)/|__main__")


def build_catalogue() -> list[dict[str, Any]]:
    """Return one entry for each code, sorted; ValueError when two classes differ under one code."""
    for module in _module_names():
        import_module(module)
    found: dict[str, dict[str, Any]] = {}
    for kind in _error_classes(ServiceError):
        entry = _build_entry(kind)
        if found.setdefault(entry["code"], entry) != entry:
            raise ValueError(f"{entry['code']} has two meanings: give {kind.__qualname__} another code")
    for entry in _edge_entries():
        found.setdefault(entry["code"], entry)
    return [found[code] for code in sorted(found)]


def render_catalogue() -> str:
    """Return the catalogue as the text of its file."""
    return json.dumps(build_catalogue(), indent=1, ensure_ascii=False) + "\n"


def _module_names() -> Iterator[str]:
    """Yield the modules that may define errors: all of shared, and the errors of each service."""
    for path in (
        *ROOT.glob("shared/**/*.py"),
        *ROOT.glob("services/*/errors.py"),
        *ROOT.glob("services/*/errors/*.py"),
    ):
        name = path.relative_to(ROOT).as_posix()
        if not _SKIPPED_MODULES.search(name):
            yield name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _error_classes(error_class: type[ServiceError]) -> Iterator[type[ServiceError]]:
    if "code" in vars(error_class) and error_class is not ServiceError and _is_declared(error_class):
        yield error_class
    for below in error_class.__subclasses__():
        yield from _error_classes(below)


def _is_declared(error_class: type[ServiceError]) -> bool:
    """Return whether a module declares the class: the portal creates some at run time for errors of other services."""
    known = error_class.__module__ in set(_module_names())
    return known and getattr(import_module(error_class.__module__), error_class.__name__, None) is error_class


def _build_entry(error_class: type[ServiceError]) -> dict[str, Any]:
    home = error_class.__module__.split(".")
    owner = home[1] if home[0] == "services" else "platform"
    return {
        "code": error_class.code,
        "status": error_class.status,
        "title": error_class.get_title(),
        "remedy": error_class.remedy,
        "owner": owner,
    }


def _edge_entries() -> Iterator[dict[str, Any]]:
    """Yield the edge's local replies, which it gives without calling a service."""
    configuration = yaml.safe_load(
        Template(EDGE_CONFIG_FILE.read_text(encoding="utf-8")).safe_substitute(public_url="")
    )
    for body, status in _edge_replies(configuration):
        if "code" in body:
            yield {
                "code": body["code"],
                "status": status,
                "title": body["title"],
                "remedy": body["remedy"],
                "owner": "gateway",
            }


def _edge_replies(configuration: Any) -> Iterator[tuple[dict[str, Any], int]]:
    replies = _find_value(configuration, "local_reply_config")
    yield replies["body_format"]["json_format"], 400
    for mapper in replies["mappers"]:
        compared = mapper["filter"]["status_code_filter"]["comparison"]
        status = 503 if compared["op"] == "GE" else compared["value"]["default_value"]
        yield mapper["body_format_override"]["json_format"], status


def _find_value(node: Any, name: str) -> Any:
    """Return the value of the first key *name* at any depth."""
    if isinstance(node, dict) and name in node:
        return node[name]
    parts = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return next((found for part in parts if (found := _find_value(part, name)) is not None), None)


def main() -> int:
    """Write the catalogue."""
    Path(CATALOGUE_FILE).write_text(render_catalogue(), encoding="utf-8")
    print(f"{CATALOGUE_FILE.relative_to(ROOT)}: {len(build_catalogue())} codes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
