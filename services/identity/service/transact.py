"""The one thing that the actions need of a database besides the stores: all or nothing."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Transact(Protocol):
    """Runs *work* so that all its changes are kept or none, and maybe again (``shared.mongo.Database.transact``)."""

    async def __call__(self, work: Callable[[], Awaitable[T]]) -> T:
        """Return what *work* returned in the attempt that was kept."""
        ...
