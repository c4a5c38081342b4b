"""The shape of a service: the same rooms everywhere, so that no one searches (docs/decisions/0005)."""

import ast
import re
from collections.abc import Iterable, Iterator

import pytest

from shared.registry import get_registry
from tests.architecture.tree import ROOT, SERVICES, Source, product, refuse, room, services, sources

ROOMS = {
    *("__init__", "__main__", "settings", "app", "errors", "domain"),
    *("service", "store", "ports", "api", "events", "promises", "emails", "cli", "wiring"),
}
NEEDED = ("__init__.py", "__main__.py", "settings.py", "app.py", "README.md")
FOLDERS = {"portal": {"templates", "static"}}
HEADINGS = ["Owns", "Talks to", "HTTP", "Events", "Settings", "Promises", "Decisions"]
LONGEST_FILE = 400
LONGEST_MAIN = 15
LONGEST_FUNCTION = 60


def strangers(service: str) -> Iterator[str]:
    """Yield what is in the folder of a service and is no room."""
    for path in sorted((SERVICES / service).iterdir()):
        known = ROOMS | FOLDERS.get(service, set()) | {"README.md", "__pycache__"}
        if path.name.removesuffix(".py") not in known:
            yield path.relative_to(ROOT).as_posix()


def headings(text: str) -> list[str]:
    """Return the second-level headings of a Markdown text."""
    return re.findall(r"^## (.+?)\s*$", text, flags=re.MULTILINE)


def too_long(wanted: tuple[Source, ...]) -> Iterator[str]:
    """Yield the files that outgrew their bound."""
    for source in wanted:
        bound = LONGEST_MAIN if _is_service_main(source) else LONGEST_FILE
        if source.lines > bound:
            yield f"{source.path} has {source.lines} lines, the bound is {bound}"


def long_functions(wanted: Iterable[Source]) -> Iterator[str]:
    """Yield the functions that outgrew their bound; decorators and the docstring do not count."""
    for source in wanted:
        for node in source.nodes:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = _span(node) - (_span(node.body[0]) if ast.get_docstring(node) is not None else 0)
                if lines > LONGEST_FUNCTION:
                    yield f"{source.path}:{node.lineno} {node.name} has {lines} lines, the bound is {LONGEST_FUNCTION}"


def _span(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _is_service_main(source: Source) -> bool:
    return room(source) is not None and source.path.endswith("/__main__.py")


def test_every_service_is_in_the_registry() -> None:
    declared = set(get_registry().names)
    refuse(
        (f"services/{name}" for name in declared.symmetric_difference(services())),
        "Each folder of services/ with a program has an entry in shared/services.yaml, and each entry a folder: "
        "`make new-service NAME=…` makes both.",
    )


@pytest.mark.parametrize("service", services())
def test_a_service_has_its_rooms_and_no_others(service: str) -> None:
    refuse(
        strangers(service),
        "Put it into the room of its role (settings, errors, domain, service, store, ports, api, events, promises, "
        "emails, cli, wiring); "
        "a room that outgrows 300 lines becomes a package of the same name.",
    )


@pytest.mark.parametrize("service", services())
def test_a_service_has_what_every_service_needs(service: str) -> None:
    refuse(
        (f"services/{service}/{name}" for name in NEEDED if not (SERVICES / service / name).exists()),
        "Add it; look at another service for its form.",
    )


def test_the_gateway_is_configuration_and_not_code() -> None:
    refuse(
        (source.path for source in sources() if source.path.startswith("services/gateway/")),
        "What the edge needs of Python (rendering its configuration) lives in shared/stack.",
    )


@pytest.mark.parametrize("service", [*services(), "gateway"])
def test_a_readme_has_the_same_headings_everywhere(service: str) -> None:
    path = SERVICES / service / "README.md"
    found = headings(path.read_text()) if path.exists() else []
    assert found == HEADINGS, f"services/{service}/README.md: one page with exactly the headings {' · '.join(HEADINGS)}"


def test_a_service_says_in_one_sentence_what_it_owns() -> None:
    refuse(
        (
            s.path
            for s in sources()
            if room(s) and s.path.count("/") == 2 and s.path.endswith("__init__.py") and _more(s)
        ),
        "services/<name>/__init__.py holds one docstring and nothing else: what this service owns.",
    )


def _more(source: Source) -> bool:
    return len(source.tree.body) != 1 or not ast.get_docstring(source.tree)


def test_no_file_outgrows_a_reader() -> None:
    refuse(too_long(sources()), "Make it a package of the same name, split by what changes together.")


def test_no_function_outgrows_a_reader() -> None:
    refuse(
        long_functions(product()),
        "Cut it into functions that are named for what they do. What wires a service builds one module a function: "
        "private functions in app.py, or the room wiring (look at services/identity/wiring).",
    )
