"""Publishing with the broker's word for it, within a limit."""

import asyncio
from collections.abc import Awaitable, Sequence
from enum import StrEnum
from typing import Final

from aio_pika.exceptions import DeliveryError, PublishError

PUBLISH_LIMIT: Final = 5.0
"""Seconds that a publish may take."""


class Fate(StrEnum):
    """What became of a message that was published."""

    CONFIRMED = "confirmed"
    UNROUTABLE = "unroutable"
    """No queue wants it."""
    REFUSED = "refused"
    """A queue is full, or could not store it."""
    UNKNOWN = "unknown"
    """No word in time, or the connection was lost: it may arrive yet. Publish it again under the same id."""


async def fates(attempts: Sequence[Awaitable[object]]) -> list[Fate]:
    """Wait for all *attempts* to publish, each of which has its own limit; never a fault of the transport."""
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    return [_fate(outcome) for outcome in outcomes]


def _fate(outcome: object) -> Fate:
    match outcome:
        case PublishError():
            return Fate.UNROUTABLE
        case DeliveryError():
            return Fate.REFUSED
        case BaseException():
            return Fate.UNKNOWN
        case _:
            return Fate.CONFIRMED
