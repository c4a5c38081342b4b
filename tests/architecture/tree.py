"""The tree as the rules read it: sources parsed once, names resolved to what was imported, breaches reported."""

import ast
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache, cached_property
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ROOT / "services"
GENERATED = "shared/contracts/"


@dataclass(frozen=True)
class Source:
    """One Python file: its path from the root, and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        return tuple(ast.walk(self.tree))

    @cached_property
    def lines(self) -> int:
        return len(self.text.splitlines())

    def used(self) -> Iterator[tuple[int, str]]:
        """Yield line and full dotted name of whatever is imported, and of each use of it.

        ``datetime.now()`` after ``from datetime import datetime`` is ``datetime.datetime.now``.
        """
        known: dict[str, str] = {}
        for node in self.nodes:
            for local, full in _imported(node):
                known[local] = full
                yield getattr(node, "lineno", 0), full
        for node in self.nodes:
            if isinstance(node, ast.Attribute) and (name := _dotted(node, known)):
                yield node.lineno, name

    def calls(self, name: str) -> Iterator[ast.Call]:
        """Yield the calls of whatever is called *name*, bare or as an attribute."""
        for node in self.nodes:
            if isinstance(node, ast.Call) and called(node) == name:
                yield node


def called(call: ast.Call) -> str:
    """The last word of what is called."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _imported(node: ast.AST) -> Iterator[tuple[str, str]]:
    match node:
        case ast.Import(names=aliases):
            for alias in aliases:
                top = alias.name.partition(".")[0]
                yield (alias.asname, alias.name) if alias.asname else (top, top)
                # `import a.b` also uses a.b
                yield alias.name, alias.name
        case ast.ImportFrom(module=str(module), names=aliases, level=0):
            for alias in aliases:
                yield alias.asname or alias.name, f"{module}.{alias.name}"
        case _:
            return


def _dotted(node: ast.expr, known: dict[str, str]) -> str | None:
    match node:
        case ast.Name(id=name):
            return known.get(name)
        case ast.Attribute(value=value, attr=attr):
            owner = _dotted(value, known)
            return f"{owner}.{attr}" if owner else None
        case _:
            return None


@cache
def files() -> tuple[Path, ...]:
    """Every file of the project: what .gitignore names, and git's own folder, left out."""
    ignored = [".git", *(line.strip("/") for line in (ROOT / ".gitignore").read_text().splitlines() if line)]

    def ours(names: list[str]) -> list[str]:
        return sorted(name for name in names if not any(fnmatch(name, pattern) for pattern in ignored))

    found: list[Path] = []
    for folder, folders, leaves in os.walk(ROOT):
        folders[:] = ours(folders)
        found += [Path(folder, leaf) for leaf in ours(leaves)]
    return tuple(found)


@cache
def sources() -> tuple[Source, ...]:
    """Every Python file that people write."""
    paths = {path.relative_to(ROOT).as_posix(): path for path in files() if path.suffix == ".py"}
    return tuple(Source(name, path.read_text()) for name, path in paths.items() if not name.startswith(GENERATED))


def product() -> Iterator[Source]:
    """Yield the sources of the running system."""
    return (source for source in sources() if source.path.startswith(("services/", "shared/")))


@cache
def texts() -> tuple[Source, ...]:
    """Every file that is text, of whatever kind."""
    found: list[Source] = []
    for path in files():
        with suppress(UnicodeDecodeError):
            found.append(Source(path.relative_to(ROOT).as_posix(), path.read_text()))
    return tuple(found)


@cache
def services() -> tuple[str, ...]:
    """The names of the services that are programs; the gateway is configuration."""
    return tuple(sorted(path.parent.name for path in SERVICES.glob("*/__init__.py")))


def room(source: Source) -> tuple[str, str] | None:
    """Return service and room of a source: ("sync", "api") for services/sync/api.py and services/sync/api/locks.py."""
    match source.path.split("/"):
        case ["services", service, place, *_]:
            return service, place.removesuffix(".py")
        case _:
            return None


def refuse(breaches: Iterable[str], remedy: str) -> None:
    """Fail with the *remedy*, then where."""
    if found := sorted(set(breaches)):
        pytest.fail("\n".join([remedy, *(f"  {breach}" for breach in found)]), pytrace=False)
