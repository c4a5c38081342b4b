"""``python -m shared.stack.error_codes``: the catalogue of all error codes, for the pages under /docs/errors.

Made from the classes of every package and service and from the edge's own refusals; a test sees that it is in step.
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

CATALOGUE = ROOT / "services" / "portal" / "domain" / "error_codes.json"
EDGE = ROOT / "services" / "gateway" / "envoy.yaml"
_NOT_LOOKED_INTO = re.compile(r"shared/(stack|contracts)/|__main__")


def catalogue() -> list[dict[str, Any]]:
    """Return one entry for each code, in order; two classes with one code are a ValueError."""
    for module in _modules():
        import_module(module)
    found: dict[str, dict[str, Any]] = {}
    for kind in _kinds(ServiceError):
        entry = _entry(kind)
        if found.setdefault(entry["code"], entry) != entry:
            raise ValueError(f"{entry['code']} has two meanings: {kind.__qualname__} needs a code of its own")
    for entry in _of_edge():
        found.setdefault(entry["code"], entry)
    return [found[code] for code in sorted(found)]


def as_text() -> str:
    """Return the catalogue as the text of its file."""
    return json.dumps(catalogue(), indent=1, ensure_ascii=False) + "\n"


def _modules() -> Iterator[str]:
    """Yield the modules that may hold errors: all of shared, and the errors of each service."""
    for path in (
        *ROOT.glob("shared/**/*.py"),
        *ROOT.glob("services/*/errors.py"),
        *ROOT.glob("services/*/errors/*.py"),
    ):
        name = path.relative_to(ROOT).as_posix()
        if not _NOT_LOOKED_INTO.search(name):
            yield name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _kinds(kind: type[ServiceError]) -> Iterator[type[ServiceError]]:
    if "code" in vars(kind) and kind is not ServiceError and _is_declared(kind):
        yield kind
    for below in kind.__subclasses__():
        yield from _kinds(below)


def _is_declared(kind: type[ServiceError]) -> bool:
    """Tell whether it stands in a module for errors: the portal makes classes for what others have refused."""
    known = kind.__module__ in set(_modules())
    return known and getattr(import_module(kind.__module__), kind.__name__, None) is kind


def _entry(kind: type[ServiceError]) -> dict[str, Any]:
    home = kind.__module__.split(".")
    owner = home[1] if home[0] == "services" else "platform"
    return {"code": kind.code, "status": kind.status, "title": kind.title(), "remedy": kind.remedy, "owner": owner}


def _of_edge() -> Iterator[dict[str, Any]]:
    """Yield what the edge refuses by itself, before any service is asked."""
    said = yaml.safe_load(Template(EDGE.read_text(encoding="utf-8")).safe_substitute(public_url=""))
    for body, status in _replies(said):
        if "code" in body:
            yield {
                "code": body["code"],
                "status": status,
                "title": body["title"],
                "remedy": body["remedy"],
                "owner": "gateway",
            }


def _replies(said: Any) -> Iterator[tuple[dict[str, Any], int]]:
    replies = _inside(said, "local_reply_config")
    yield replies["body_format"]["json_format"], 400
    for mapper in replies["mappers"]:
        compared = mapper["filter"]["status_code_filter"]["comparison"]
        status = 503 if compared["op"] == "GE" else compared["value"]["default_value"]
        yield mapper["body_format_override"]["json_format"], status


def _inside(said: Any, name: str) -> Any:
    """Return what stands under the first *name* anywhere inside."""
    if isinstance(said, dict) and name in said:
        return said[name]
    parts = said.values() if isinstance(said, dict) else said if isinstance(said, list) else ()
    return next((found for part in parts if (found := _inside(part, name)) is not None), None)


def main() -> int:
    """Write the catalogue."""
    Path(CATALOGUE).write_text(as_text(), encoding="utf-8")
    print(f"{CATALOGUE.relative_to(ROOT)}: {len(catalogue())} codes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
