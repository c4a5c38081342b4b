"""The table of all promises with their latest probe results."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from shared.clock import Rfc3339
from shared.policy import PROMISES, Promise, PromiseState


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseRow:
    """A promise, its state, and the probe results of each service."""

    promise: Promise
    state: PromiseState
    evidence: str
    checked_at: Rfc3339 | None
    probe_results: tuple[Mapping[str, Any], ...]
    """The probe result of each service."""

    @property
    def summary(self) -> str:
        """The evidence in one sentence; the results of several services are listed separately."""
        same = [result for result in self.probe_results if result.get("state") == self.state]
        if not same:
            return self.evidence
        if len(self.probe_results) == 1:
            return str(same[0].get("evidence") or "")
        if len(same) == 1:
            return f"{same[0].get('service')}: {same[0].get('evidence')}"
        if len(same) == len(self.probe_results):
            return f"{len(same)} services checked it, all found it {self.state}"
        return f"{len(same)} of {len(self.probe_results)} services found it {self.state}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseTable:
    """All promises by section of the policy."""

    sections: tuple[tuple[str, tuple[PromiseRow, ...]], ...]
    counts: Mapping[str, int]


def build_promise_table(items: Iterable[Mapping[str, Any]]) -> PromiseTable:
    """Build the table; a promise without a result is unknown, never kept."""
    heard = {str(item["id"]): item for item in items}
    lines = [_build_row(promise, heard.get(promise.id, {})) for promise in PROMISES]
    order = list(dict.fromkeys(line.promise.section for line in lines))
    lines.sort(key=lambda line: order.index(line.promise.section))
    grouped = groupby(lines, key=lambda line: line.promise.section)
    counted = Counter(line.state.value for line in lines)
    return PromiseTable(
        sections=tuple((section, tuple(inside)) for section, inside in grouped),
        counts={state.value: counted[state.value] for state in PromiseState},
    )


def _build_row(promise: Promise, item: Mapping[str, Any]) -> PromiseRow:
    known = str(item.get("state", "")) in set(PromiseState)
    return PromiseRow(
        promise=promise,
        state=PromiseState(item["state"]) if known else PromiseState.UNKNOWN,
        evidence=str(item.get("evidence") or ""),
        checked_at=item.get("checked_at"),
        probe_results=tuple(item.get("services") or ()),
    )
