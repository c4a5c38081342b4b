"""The circuit breaker: a processor that does not answer is left alone, and tried again one call at a time."""

import pytest

from services.payments.domain import ReportedCard
from services.payments.ports import (
    CircuitBreaker,
    ProcessorClosedError,
    ProcessorRejectedError,
    ProcessorTimeoutError,
    SimulatedProcessor,
)
from services.payments.ports.breaker import MAX_TIMEOUTS, OPEN_FOR


class Flaky(SimulatedProcessor):
    """Answers, or raises what it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.fault: Exception | None = None

    async def get_card(self, reference: str) -> ReportedCard | None:
        self.asked += 1
        if self.fault is not None:
            raise self.fault
        return None


class Breaker:
    """A breaker with a clock of its own."""

    def __init__(self) -> None:
        self.now = 100.0
        self.processor = Flaky()
        self.breaker = CircuitBreaker(processor=self.processor, monotonic=lambda: self.now)

    async def fail(self, times: int) -> None:
        self.processor.fault = ProcessorTimeoutError()
        for _ in range(times):
            with pytest.raises(ProcessorTimeoutError):
                await self.breaker.get_card("x")


@pytest.fixture
def circuit() -> Breaker:
    return Breaker()


async def test_a_processor_that_does_not_answer_is_asked_no_more(circuit: Breaker) -> None:
    await circuit.fail(MAX_TIMEOUTS)
    with pytest.raises(ProcessorClosedError) as closed:
        await circuit.breaker.get_card("x")
    assert closed.value.retry_after == circuit.breaker.retry_after == OPEN_FOR.total_seconds()
    assert circuit.processor.asked == MAX_TIMEOUTS


async def test_one_call_tries_it_again_and_an_answer_closes_the_circuit(circuit: Breaker) -> None:
    await circuit.fail(MAX_TIMEOUTS)
    circuit.now += OPEN_FOR.total_seconds()
    assert circuit.breaker.retry_after == 0
    await circuit.fail(1)
    assert circuit.breaker.retry_after > 0
    circuit.now += OPEN_FOR.total_seconds()
    circuit.processor.fault = None
    await circuit.breaker.get_card("x")
    assert circuit.breaker.retry_after == 0
    await circuit.fail(MAX_TIMEOUTS - 1)
    assert circuit.breaker.retry_after == 0


async def test_a_refusal_is_an_answer(circuit: Breaker) -> None:
    for _ in range(2):
        await circuit.fail(MAX_TIMEOUTS - 1)
        circuit.processor.fault = ProcessorRejectedError("no")
        with pytest.raises(ProcessorRejectedError):
            await circuit.breaker.get_card("x")
    assert circuit.breaker.retry_after == 0
