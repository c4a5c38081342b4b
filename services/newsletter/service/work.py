"""What the actions are given of the database: a transaction, and the erasure of a key with all that waits under it."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

T = TypeVar("T")

EraseSubject = Callable[[str], Awaitable[dict[str, int]]]
"""Destroys the key of a subject and deletes what the chassis holds of it, its waiting mail too."""


class Transact(Protocol):
    """Runs work so that all its changes are kept or none."""

    async def __call__(self, work: Callable[[], Awaitable[T]], /) -> T:
        """Return what *work* returns."""
        ...
