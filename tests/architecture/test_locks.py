"""The lock files are in step with pyproject.toml: compared by name and version, without asking an index."""

import re
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.tree import ROOT, refuse

REMEDY = "Run `make lock` and commit what it writes."
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(\S+)((?:.*\\\n)*.*)", re.MULTILINE)


@cache
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def wanted(*groups: str) -> list[Requirement]:
    """Return what the project depends on, with the named groups."""
    lists = [project()["project"]["dependencies"], *(project()["dependency-groups"][group] for group in groups)]
    return [Requirement(line) for lines in lists for line in lines]


def pins(text: str) -> dict[str, str]:
    """Return the locked versions by normalised name."""
    return {canonicalize_name(match[1]): match[2] for match in PIN.finditer(text)}


def out_of_step(requirements: Iterable[Requirement], locked: dict[str, str]) -> Iterator[str]:
    """Yield what is required and not locked, or locked at a version that is not wanted."""
    for one in requirements:
        version = locked.get(canonicalize_name(one.name))
        if version is None or not one.specifier.contains(version, prereleases=True):
            yield f"{one} is locked at {version}"


def dropped(text: str, requirements: Iterable[Requirement]) -> Iterator[str]:
    """Yield what the lock holds on behalf of the project although the project no longer asks for it."""
    names = {canonicalize_name(one.name) for one in requirements}
    for block in re.split(r"\n(?=\S)", text):
        name = canonicalize_name(block.partition("==")[0])
        if "candor (pyproject.toml" in block and not block.startswith("#") and name not in names:
            yield name


def unhashed(text: str) -> Iterator[str]:
    """Yield the pins that name no hash."""
    return (match[1] for match in PIN.finditer(text) if "--hash=sha256:" not in match[3])


def _lock(name: str) -> str:
    return (ROOT / name).read_text()


def test_the_lock_of_the_image_is_in_step() -> None:
    refuse(out_of_step(wanted(), pins(_lock("requirements.lock"))), REMEDY)
    refuse(dropped(_lock("requirements.lock"), wanted()), REMEDY)


def test_the_lock_of_development_is_in_step() -> None:
    everything = wanted("stack", "dev")
    refuse(out_of_step(everything, pins(_lock("requirements-dev.lock"))), REMEDY)
    refuse(dropped(_lock("requirements-dev.lock"), everything), REMEDY)


def test_the_lock_of_the_database_is_in_step() -> None:
    asked = [Requirement(line) for line in _lock("requirements-mongo.in").splitlines() if not line.startswith("#")]
    refuse(out_of_step(asked, pins(_lock("requirements-mongo.lock"))), REMEDY)


def test_what_runs_is_what_was_tested() -> None:
    tested = pins(_lock("requirements-dev.lock"))
    running = pins(_lock("requirements.lock"))
    refuse(
        (f"{name} {tested.get(name)} {version}" for name, version in running.items() if tested.get(name) != version),
        REMEDY,
    )


def test_every_pin_has_its_hashes() -> None:
    for name in ("requirements.lock", "requirements-dev.lock", "requirements-mongo.lock", "requirements-uv.lock"):
        refuse((f"{name}: {one}" for one in unhashed(_lock(name))), REMEDY)
