"""``python -m shared.stack.registry_copies``: update the generated parts of other files (``make docs``).

A generated part is between two markers, ``<name>`` and ``</name>``, each in a comment of its file.
"""

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from shared.registry import Registry, get_registry
from shared.stack.settings import ROOT

README = "README.md"
_SAGA_OWNER = "identity"
"""Runs the export and erasure sagas, so it is often the other side of an event."""

Render = Callable[[Registry], Iterator[str]]


class MarkNotFoundError(LookupError):
    """A file has lost the markers of a generated part."""


def _service_table(registry: Registry) -> Iterator[str]:
    yield "| service | owns |"
    yield "|---|---|"
    for service in registry:
        yield f"| [{service.name}] | {service.summary} |"
    yield "| [gateway] | the edge: routes and limits, as configuration |"
    yield ""
    for name in (*registry.names, "gateway"):
        yield f"[{name}]: services/{name}/README.md"


def _event_table(registry: Registry) -> Iterator[str]:
    """Yield a row for each event that has a consumer; publishers of the same event share a row."""
    publishers: dict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for service in registry:
        for event in service.publishes:
            if consumers := registry.consumers_of(event):
                publishers[event.partition(".")[2].rpartition(".")[0], consumers].append(service.name)
    yield "| event | published by | consumed by |"
    yield "|---|---|---|"
    for (event, consumers), names in sorted(publishers.items()):
        yield f"| `{event}` | {_names(registry, names)} | {_names(registry, consumers)} |"


def _names(registry: Registry, names: tuple[str, ...] | list[str]) -> str:
    """Return *names* as a phrase; the full list of services is abbreviated."""
    all_services = set(registry.with_broker)
    if set(names) == all_services:
        return "every service"
    if len(names) > 2 and all_services - set(names) == {_SAGA_OWNER}:
        return f"every service but {_SAGA_OWNER}"
    return ", ".join(names)


COPIES: Mapping[str, Mapping[str, Render]] = {
    README: {"services": _service_table, "events": _event_table},
}
"""The files with parts generated from the registry, and the renderer of each part."""


def render_copies(registry: Registry, root: Path = ROOT) -> dict[str, str]:
    """Return the expected text of each file of COPIES under *root*."""
    return {
        name: _fill((root / name).read_text(encoding="utf-8"), name, parts, registry) for name, parts in COPIES.items()
    }


def _fill(text: str, file: str, parts: Mapping[str, Render], registry: Registry) -> str:
    for part, render in parts.items():
        lines = text.split("\n")
        first = next((at for at, line in enumerate(lines) if f"<{part}>" in line), None)
        last = next((at for at, line in enumerate(lines) if f"</{part}>" in line), None)
        if first is None or last is None or last < first:
            raise MarkNotFoundError(f"{file} has no lines with <{part}> and </{part}>: restore them")
        indent = lines[first][: len(lines[first]) - len(lines[first].lstrip())]
        rendered = [f"{indent}{line}".rstrip() for line in render(registry)]
        text = "\n".join([*lines[: first + 1], *rendered, *lines[last:]])
    return text


def main() -> None:
    """Write the files."""
    for name, text in render_copies(get_registry()).items():
        (ROOT / name).write_text(text, encoding="utf-8")
        sys.stdout.write(f"{name} matches the registry\n")


if __name__ == "__main__":
    main()
