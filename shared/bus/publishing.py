"""Publishing with the broker's word for it, within a limit."""

import asyncio
from collections.abc import Awaitable, Sequence
from enum import StrEnum
from typing import Final

from aio_pika import Message
from aio_pika.exceptions import DeliveryError, PublishError

from shared.bus.broker import RobustConnection

PUBLISH_TIMEOUT: Final = 5.0
"""Seconds that a publish may take."""


class PublishOutcome(StrEnum):
    """What became of a message that was published."""

    CONFIRMED = "confirmed"
    UNROUTABLE = "unroutable"
    """No queue wants it."""
    NACKED = "nacked"
    """A queue is full, or could not store it."""
    UNKNOWN = "unknown"
    """No word in time, or the connection was lost: it may arrive yet. Publish it again under the same id."""


async def can_publish_as(connection: RobustConnection, user_id: str) -> bool:
    """Return whether the broker accepts messages of *user_id* on *connection*; it sends one that no queue takes."""
    async with connection.acquire_channel() as channel:
        attempt = channel.default_exchange.publish(
            Message(b"", user_id=user_id), "candor.nowhere", mandatory=False, timeout=PUBLISH_TIMEOUT
        )
        (outcome,) = await publish_outcomes([attempt])
        return outcome is PublishOutcome.CONFIRMED


async def publish_outcomes(attempts: Sequence[Awaitable[object]]) -> list[PublishOutcome]:
    """Wait for all *attempts* to publish, each of which has its own limit; never a fault of the transport."""
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    return [_publish_outcome(outcome) for outcome in outcomes]


def _publish_outcome(outcome: object) -> PublishOutcome:
    match outcome:
        case PublishError():
            return PublishOutcome.UNROUTABLE
        case DeliveryError():
            return PublishOutcome.NACKED
        case BaseException():
            return PublishOutcome.UNKNOWN
        case _:
            return PublishOutcome.CONFIRMED
