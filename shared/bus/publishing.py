"""Publishing with publisher confirms and a time limit."""

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
    """The result of a publish."""

    CONFIRMED = "confirmed"
    UNROUTABLE = "unroutable"
    """No queue is bound to its routing key."""
    NACKED = "nacked"
    """A queue is full, or could not store it."""
    UNKNOWN = "unknown"
    """No confirm in time, or the connection was lost: it may still arrive. Publish it again with the same id."""


async def can_publish_as(connection: RobustConnection, user_id: str) -> bool:
    """Return whether the broker accepts messages of *user_id* on *connection*; it sends one that is not routed."""
    async with connection.acquire_channel() as channel:
        attempt = channel.default_exchange.publish(
            Message(b"", user_id=user_id), "candor.nowhere", mandatory=False, timeout=PUBLISH_TIMEOUT
        )
        (outcome,) = await publish_outcomes([attempt])
        return outcome is PublishOutcome.CONFIRMED


async def publish_outcomes(attempts: Sequence[Awaitable[object]]) -> list[PublishOutcome]:
    """Await all *attempts*, each with its own time limit; transport errors become outcomes."""
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
