"""The register of promises: the clauses of the privacy policy, their owners, and the code that implements them.

The content is ``promises.yaml`` beside this module; architecture tests compare it with the code.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from importlib.resources import files

import yaml

from shared.registry import get_registry


class PromiseState(StrEnum):
    """The state of a promise; one that could not be checked is unknown, never kept."""

    KEPT = "kept"
    BROKEN = "broken"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """One clause of the policy, in one line of plain English for customers."""

    id: str
    section: str
    clause: str
    owners: tuple[str, ...]
    """The responsible services, the leading one first."""
    control: str
    """The dotted path of the module that implements it."""
    coverage_gap: str | None = None
    """Why probes do not cover the whole clause yet, or None. With a gap the state is broken or unknown, never kept."""

    @property
    def owners_text(self) -> str:
        """The owners as text."""
        return ", ".join(self.owners)


EVERY = "every"


def _expand_owners(owners: list[str]) -> tuple[str, ...]:
    every = get_registry().with_personal_data
    return tuple(name for owner in owners for name in (every if owner == EVERY else (owner,)))


_POLICY = yaml.safe_load(files("shared.policy").joinpath("promises.yaml").read_text(encoding="utf-8"))

VERSION: int = _POLICY["version"]
"""The version of the policy in force (C25)."""

EFFECTIVE_DATE: date = _POLICY["effective"]
"""The date on which this version took effect."""

JURISDICTION: str = _POLICY["jurisdiction"]
"""The governing law (C29)."""

PROMISES: tuple[Promise, ...] = tuple(
    Promise(id=promise_id, **{**said, "owners": _expand_owners(said["owners"])})
    for promise_id, said in _POLICY["promises"].items()
)
"""All promises, in the order of the policy."""
