"""The board of promises: the register of all 31, each with what its probes last saw."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from shared.policy import PROMISES, Promise, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One promise, where it stands, and what each service found."""

    promise: Promise
    state: State
    evidence: str
    last_seen: str | None
    looks: tuple[Mapping[str, Any], ...]
    """What the probe of each service saw."""

    @property
    def in_short(self) -> str:
        """What was seen, in one sentence; where several services look, what each of them saw is shown apart."""
        same = [look for look in self.looks if look.get("state") == self.state]
        if not same:
            return self.evidence
        if len(self.looks) == 1:
            return str(same[0].get("evidence") or "")
        if len(same) == 1:
            return f"{same[0].get('service')}: {same[0].get('evidence')}"
        if len(same) == len(self.looks):
            return f"{len(same)} services look, and each found it {self.state}"
        return f"{len(same)} of {len(self.looks)} services found it {self.state}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """All promises in the order of the policy, by section."""

    sections: tuple[tuple[str, tuple[Line, ...]], ...]
    counts: Mapping[str, int]


def board(live: Iterable[Mapping[str, Any]]) -> Board:
    """Return the board; a promise of which nothing is heard is unknown, never kept."""
    heard = {str(item["id"]): item for item in live}
    lines = [_line(promise, heard.get(promise.id, {})) for promise in PROMISES]
    order = list(dict.fromkeys(line.promise.section for line in lines))
    lines.sort(key=lambda line: order.index(line.promise.section))
    grouped = groupby(lines, key=lambda line: line.promise.section)
    counted = Counter(line.state.value for line in lines)
    return Board(
        sections=tuple((section, tuple(inside)) for section, inside in grouped),
        counts={state.value: counted[state.value] for state in State},
    )


def _line(promise: Promise, item: Mapping[str, Any]) -> Line:
    known = str(item.get("state", "")) in set(State)
    return Line(
        promise=promise,
        state=State(item["state"]) if known else State.UNKNOWN,
        evidence=str(item.get("evidence") or ""),
        last_seen=item.get("checked_at"),
        looks=tuple(item.get("services") or ()),
    )
