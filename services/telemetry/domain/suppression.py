"""Secondary suppression in a two-way table: no hidden figure can be found by subtraction.

A figure is hidden when it is below the minimum. If it were the only hidden one of its row or column, the margin would
give it away. More generally, hidden figures of a two-way table are the edges between the nodes of their row and their
column: one can be computed from the shown figures and the margins exactly when its edge is a bridge (Gusfield 1988).
So figures are hidden until the graph has no bridge. Hidden margins are edges to a node of their own.

All of it works on noised figures: whatever is hidden here costs no privacy budget and protects nothing by itself.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Final

Position = tuple[str, str]
"""A row and a column."""
Node = tuple[str, str]
"""``row`` or ``column``, and its name."""
TOTAL: Final = "∑"
"""The row, or the column, of the margins."""


def hide_secondary(figures: Mapping[Position, int], hidden: AbstractSet[Position]) -> frozenset[Position]:
    """Return *hidden* and the further positions to hide so that none of them can be computed.

    *figures* has every position of the table, margins included (row or column TOTAL). The smallest figures are hidden
    first, and a margin only when nothing else protects.
    """
    closed = set(hidden)
    while bridges := find_bridges(closed):
        added = _protect(bridges[0], figures, closed)
        if not added:
            break
        closed |= added
    return frozenset(closed)


def hide_secondary_in_line(figures: Mapping[str, int], hidden: AbstractSet[str]) -> frozenset[str]:
    """Return *hidden*, with the smallest shown figure if it is one alone, which the total of the line would reveal."""
    shown = [value for value in figures if value not in hidden]
    if len(hidden) != 1 or not shown:
        return frozenset(hidden)
    return frozenset(hidden) | {min(shown, key=lambda value: (figures[value], value))}


def find_bridges(hidden: AbstractSet[Position]) -> list[Position]:
    """Return the hidden positions that can be computed from the rest, in order."""
    search = _BridgeSearch(_connect(hidden))
    for node in search.ways:
        if node not in search.order:
            search.visit_node(node, arrived_by=None)
    return sorted(search.bridges)


@dataclass(slots=True)
class _BridgeSearch:
    """A depth-first search that finds the edges without another way round (Tarjan 1974)."""

    ways: Mapping[Node, Sequence[tuple[Position, Node]]]
    order: dict[Node, int] = field(default_factory=dict)
    bridges: list[Position] = field(default_factory=list)

    def visit_node(self, node: Node, *, arrived_by: Position | None) -> int:
        """Visit *node* and all behind it; return the earliest node that is reached from there."""
        self.order[node] = earliest = len(self.order)
        for edge, other in self.ways[node]:
            if edge == arrived_by:
                continue
            if other in self.order:
                earliest = min(earliest, self.order[other])
                continue
            reached = self.visit_node(other, arrived_by=edge)
            earliest = min(earliest, reached)
            if reached > self.order[node]:
                self.bridges.append(edge)
        return earliest


def _connect(positions: Iterable[Position]) -> dict[Node, list[tuple[Position, Node]]]:
    """Return the graph: each node with its edges and the nodes at their other ends."""
    ways: dict[Node, list[tuple[Position, Node]]] = defaultdict(list)
    for position in sorted(positions):
        row, column = ("row", position[0]), ("column", position[1])
        ways[row].append((position, column))
        ways[column].append((position, row))
    return dict(ways)


def _protect(bridge: Position, figures: Mapping[Position, int], hidden: AbstractSet[Position]) -> set[Position]:
    """Return the cheapest shown positions that close a cycle through *bridge*."""
    costs = {position: _cost(position, count) for position, count in figures.items() if position not in hidden}
    path = _find_cheapest_path(bridge, costs, hidden - {bridge})
    # A table of one row or one column has no cycle: all of it is hidden.
    return set(costs) if path is None else path


def _cost(position: Position, count: int) -> int:
    return max(count, 0) + 1 + (10**12 if TOTAL in position else 0)


def _find_cheapest_path(
    bridge: Position, costs: Mapping[Position, int], free: AbstractSet[Position]
) -> set[Position] | None:
    """Return the shown positions on the cheapest way around *bridge*; hidden ones cost nothing (Dijkstra)."""
    start, goal = ("row", bridge[0]), ("column", bridge[1])
    ways = _connect([*costs, *free])
    waiting: list[tuple[int, Node, tuple[Position, ...]]] = [(0, start, ())]
    settled: set[Node] = set()
    while waiting:
        spent, node, used = heappop(waiting)
        if node == goal:
            return {position for position in used if position in costs}
        if node in settled:
            continue
        settled.add(node)
        for position, other in ways.get(node, ()):
            if other not in settled:
                heappush(waiting, (spent + costs.get(position, 0), other, (*used, position)))
    return None
