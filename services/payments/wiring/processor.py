"""The card processor that the settings name, behind a circuit breaker."""

import asyncio
from collections.abc import Awaitable, Callable

from services.payments.ports import (
    CircuitBreaker,
    Processor,
    SimulatedProcessor,
    SimulatedWebhooks,
    SimulatorBooks,
)
from services.payments.ports.stripe import StripeProcessor, open_stripe
from services.payments.settings import Settings
from shared.clock import Clock, monotonic

Worker = Callable[[], Awaitable[None]]


def build_processor(settings: Settings, clock: Clock) -> CircuitBreaker:
    """Return the processor; the simulator only when it is named."""
    return CircuitBreaker(processor=_build_adapter(settings, clock), monotonic=monotonic)


def _build_adapter(settings: Settings, clock: Clock) -> Processor:
    if settings.processor == "simulator":
        books = SimulatorBooks(settings.common.data_dir / "simulator" / "books.sqlite3")
        return SimulatedProcessor(books, clock)
    assert settings.stripe_api_key is not None, "the settings require it"
    connection = open_stripe(
        api_key=settings.stripe_api_key.get_secret_value(),
        api_base=settings.stripe_api_url,
        timeout=settings.processor_timeout,
    )
    return StripeProcessor(connection, timeout=settings.processor_timeout, is_live=settings.is_live)


def build_webhook_workers(settings: Settings, processor: Processor, clock: Clock) -> dict[str, Worker]:
    """Return the worker that sends the simulator's events; none for a real processor, which sends its own."""
    if settings.simulator_webhook_url is None or not isinstance(processor, SimulatedProcessor):
        return {}
    webhooks = SimulatedWebhooks(
        processor.books, url=settings.simulator_webhook_url, secret=settings.webhook_secrets[0], clock=clock
    )
    return {"send-simulated-events": webhooks.run}


def hold_open(processor: Processor) -> Worker:
    """Return a worker that closes *processor* when the service stops."""

    async def hold() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await processor.close()

    return hold
