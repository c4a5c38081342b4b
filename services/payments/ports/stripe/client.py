"""Calls Stripe: a limit in time, retries under one idempotency key, and its errors as those of the port.

No error of the SDK leaves this module: its message may hold a whole body.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import aiohttp
import stripe

from services.payments.ports.processor import KEY_REUSED, ProcessorRejectedError, ProcessorTimeoutError
from shared.ids import jitter

JsonObject = Mapping[str, Any]
T = TypeVar("T")

RETRY_DELAYS = (0.3, 0.9)
_UNKNOWN = (stripe.APIConnectionError, stripe.APIError, stripe.RateLimitError, aiohttp.ClientError, TimeoutError)
"""After these the outcome is unknown, or the call may be repeated: its key makes that harmless."""
_MISCONFIGURED = (stripe.AuthenticationError, stripe.PermissionError)


class StripeCardError(Exception):
    """A decline, with the error object of Stripe's answer."""

    def __init__(self, error: JsonObject) -> None:
        super().__init__("declined")
        self.error = error


@dataclass(frozen=True, slots=True)
class StripeConnection:
    """A client of Stripe, and what it keeps open."""

    client: stripe.StripeClient
    http_client: stripe.AIOHTTPClient

    async def close(self) -> None:
        """Close the connections."""
        await self.http_client.close_async()  # type: ignore[no-untyped-call] # the library has no types here


def open_stripe(*, api_key: str, api_base: str | None, timeout: timedelta) -> StripeConnection:
    """Return a client that neither retries nor reports by itself; *api_base* names a local server in tests."""
    stripe.enable_telemetry = False
    stripe.log = None
    logging.getLogger("stripe").setLevel(logging.WARNING)  # at DEBUG it writes the numbers of cards
    http_client = stripe.AIOHTTPClient(timeout=aiohttp.ClientTimeout(total=timeout.total_seconds()))
    client = stripe.StripeClient(
        api_key,
        http_client=http_client,
        max_network_retries=0,
        base_addresses={"api": api_base} if api_base else None,
    )
    return StripeConnection(client, http_client)


@dataclass(frozen=True, slots=True, kw_only=True)
class StripeCaller:
    """Runs calls of the SDK within *timeout*, repetitions included."""

    timeout: timedelta

    async def call(self, request: Callable[[], Awaitable[stripe.StripeObject]]) -> JsonObject:
        """Return the answer; raises StripeCardError, ProcessorRejectedError, ProcessorTimeoutError."""
        try:
            async with asyncio.timeout(self.timeout.total_seconds()):
                return await self._call_with_retries(request)
        except TimeoutError:
            raise ProcessorTimeoutError from None

    async def _call_with_retries(self, request: Callable[[], Awaitable[stripe.StripeObject]]) -> JsonObject:
        for delay in RETRY_DELAYS:
            try:
                return await _call_once(request)
            except ProcessorTimeoutError:
                await asyncio.sleep(jitter(delay))
        return await _call_once(request)


async def _call_once(request: Callable[[], Awaitable[stripe.StripeObject]]) -> JsonObject:
    try:
        answer = await request()
    except stripe.CardError as fault:
        raise StripeCardError(_error_of(fault)) from None
    except stripe.IdempotencyError:
        raise ProcessorRejectedError(KEY_REUSED) from None
    except stripe.InvalidRequestError as fault:
        raise ProcessorRejectedError(fault.code or "invalid_request") from None
    except (*_UNKNOWN, *_MISCONFIGURED):
        raise ProcessorTimeoutError from None
    return answer.to_dict()


def _error_of(fault: stripe.StripeError) -> JsonObject:
    body = fault.json_body
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) else {}


def idempotent(key: str) -> stripe.RequestOptions:
    """Return the options of a call with our idempotency key."""
    return {"idempotency_key": key}


def read_answer(report: Callable[[], T]) -> T:
    """Return what was read; an answer that cannot be read leaves the outcome unknown."""
    try:
        return report()
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError):
        raise ProcessorTimeoutError from None
