"""Releases of public statistics."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A published count."""

    dimension: str
    value: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """The public statistics of one week."""

    release_id: str
    week: str
    n: int
    min_group_size: int
    cells: tuple[Cell, ...]
    published_at: datetime
