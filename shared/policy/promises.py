"""The register of promises: each clause of the privacy policy, who answers for it, and what makes it true.

The content is ``promises.yaml`` beside this module; the architecture tests hold it against the tree.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from importlib.resources import files

import yaml

from shared.registry import get_registry


class PromiseState(StrEnum):
    """The state of a promise; a promise that could not be checked is unknown, never kept."""

    KEPT = "kept"
    BROKEN = "broken"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """One clause of the policy, in one line that a customer understands."""

    id: str
    section: str
    clause: str
    owners: tuple[str, ...]
    """The services that answer for it, the leading one first."""
    control: str
    """The dotted path of the module that makes it true."""
    coverage_gap: str | None = None
    """Why no probe looks at all of it in the running system yet: then it is never kept, but may be broken. Or None."""

    @property
    def owners_text(self) -> str:
        """The owners as people read them."""
        return ", ".join(self.owners)


EVERY = "every"


def _expand_owners(owners: list[str]) -> tuple[str, ...]:
    every = get_registry().with_personal_data
    return tuple(name for owner in owners for name in (every if owner == EVERY else (owner,)))


_POLICY = yaml.safe_load(files("shared.policy").joinpath("promises.yaml").read_text(encoding="utf-8"))

VERSION: int = _POLICY["version"]
"""The version of the policy in force (C25)."""

EFFECTIVE_DATE: date = _POLICY["effective"]
"""Since when it is in force."""

JURISDICTION: str = _POLICY["jurisdiction"]
"""Whose law governs (C29)."""

PROMISES: tuple[Promise, ...] = tuple(
    Promise(id=promise_id, **{**said, "owners": _expand_owners(said["owners"])})
    for promise_id, said in _POLICY["promises"].items()
)
"""All promises, in the order of the policy."""
