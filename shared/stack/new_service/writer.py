"""Writes the files of a new service and its entry in the registry."""

import keyword
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

from shared.registry import FILE, Registry, parse_registry
from shared.stack.settings import PORT_OFFSETS, SERVICES

_TEMPLATES = Path(__file__).parent / "template"
_TARGETS = {"service": "services/{}", "unit": "tests/unit/{}", "integration": "tests/integration/{}"}
"""The target folder of each folder of the template."""
_BASE_PORT = 8080
_FIRST_OFFSET, _LAST_OFFSET = 11, 20
RESERVED = frozenset({"common", "core", "every", "gateway", "platform", "shared", "tests", "candor", "everybody"})
"""Names already used for packages, or for owners of contracts and error codes."""
_PARTS = PORT_OFFSETS.keys() - SERVICES.keys()
GENERATORS: Mapping[tuple[str, ...], str | None] = {
    ("-m", "shared.stack.registry_copies"): None,
    ("-m", "shared.stack.error_codes"): None,
    ("-m", "shared.bus", "definitions"): "charts/candor/files/broker.json",
}
"""The generators of ``make docs`` whose output lists services, and the file for those that print their output."""

_ENTRY = Template("""
  $name:
    summary: $summary
    label: $label
    holds: $holds
    port_offset: $offset
    hosts: [mongo, rabbitmq]
    keys: [wrap, blind, link]
    routes: [/v1/$name]
    publishes:
      - $name.erasure.completed.v1
      - $name.promise.checked.v1
    consumes:
      $name.erasure: [identity.erasure.requested.v1]
    broadcasts:
      $name.session_revocations: [identity.session.revoked.v1]
    serves:
      $name.export.page: [identity]
""")


class NewServiceError(Exception):
    """The service cannot be created; the message is one line with the reason and the remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewService:
    """The names of a new service."""

    name: str
    summary: str
    label: str

    def check(self, root: Path, registry: Registry) -> None:
        """Raise NewServiceError when a service of this name cannot be created in the tree at *root*."""
        for error in self._find_errors(root, registry):
            raise NewServiceError(error)

    def _find_errors(self, root: Path, registry: Registry) -> Iterator[str]:
        yield from self._find_invalid_names()
        yield from self._find_taken_names(root, registry)
        for text in (self.summary, self.label):
            if not text.strip() or not text.isprintable():
                yield "SUMMARY and LABEL are one line of text each"

    def _find_invalid_names(self) -> Iterator[str]:
        name = self.name
        if not re.fullmatch(r"[a-z][a-z0-9]{1,19}", name):
            yield f"NAME={name}: a name is 2 to 20 lower-case letters and digits, a letter first; such as NAME=loyalty"
        if keyword.iskeyword(name) or keyword.issoftkeyword(name) or name in sys.stdlib_module_names:
            yield f"NAME={name}: this is a keyword or a standard module of Python; choose another name"
        if name in RESERVED or name in _PARTS:
            yield f"NAME={name}: the platform uses this name for something else; choose another"

    def _find_taken_names(self, root: Path, registry: Registry) -> Iterator[str]:
        name = self.name
        if name in registry.names:
            yield f"NAME={name}: this service exists already; choose another name, or work in services/{name}"
        if f"/v1/{name}" in {route for service in registry for route in service.routes}:
            yield f"NAME={name}: /v1/{name} belongs to another service; choose another name"
        for place in (target.format(name) for target in _TARGETS.values()):
            if (root / place).exists():
                yield f"NAME={name}: {place} exists already; move it away or choose another name"

    def write(self, root: Path) -> list[str]:
        """Write the service into the tree at *root*; return the paths of the new files."""
        registry_file = root / FILE
        entries = registry_file.read_text(encoding="utf-8")
        offset = _free_offset(parse_registry(entries))
        words = self._words(offset)
        changed = entries.rstrip("\n") + "\n" + _ENTRY.substitute(words)
        parse_registry(changed)
        written = [*self._write_files(root, words)]
        registry_file.write_text(changed, encoding="utf-8")
        _format(root, written)
        for command, output in GENERATORS.items():
            printed = _run(root, *command)
            if output is not None:
                (root / output).write_text(printed, encoding="utf-8")
        return written

    def _words(self, offset: int) -> Mapping[str, object]:
        return {
            "name": self.name,
            "Name": self.name.capitalize(),
            "NAME": self.name.upper(),
            "summary": _quoted(self.summary),
            "label": _quoted(self.label),
            "holds": _quoted(f"What {self.label} keeps about you"),
            "offset": offset,
            "port": _BASE_PORT + offset,
        }

    def _write_files(self, root: Path, words: Mapping[str, object]) -> Iterator[str]:
        plain = {**words, "summary": self.summary.strip().rstrip(".")}
        for folder, target in _TARGETS.items():
            for template in sorted((_TEMPLATES / folder).glob("*.tmpl")):
                path = f"{target.format(self.name)}/{template.name.removesuffix('.tmpl')}"
                text = Template(template.read_text(encoding="utf-8")).substitute(plain)
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(text, encoding="utf-8")
                yield path


def _free_offset(registry: Registry) -> int:
    taken = {service.port_offset for service in registry}
    for offset in range(_FIRST_OFFSET, _LAST_OFFSET + 1):
        if offset not in taken:
            return offset
    raise NewServiceError("no port offset is free: widen the range in shared/registry.py")


def _quoted(text: str) -> str:
    """Return *text* as a YAML scalar."""
    return "'" + text.strip().rstrip(".").replace("'", "''") + "'"


def _format(root: Path, paths: list[str]) -> None:
    """Format the new files: line breaks and import order depend on the name."""
    files = [path for path in paths if path.endswith(".py")]
    _run(root, "-m", "ruff", "format", "--quiet", *files)
    _run(root, "-m", "ruff", "check", "--quiet", "--select", "I", "--fix", *files)


def _run(root: Path, *arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise NewServiceError(f"python {' '.join(arguments[:2])} failed: {''.join(last)}")
    return done.stdout
