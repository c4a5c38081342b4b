"""The runner: every probe looks for as long as the service runs, and what it finds is told."""

import asyncio
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from shared import bus, observe
from shared.bus import Outbox, OutboxDocument
from shared.clock import utc_now
from shared.contracts import common_v1
from shared.ids import new_id
from shared.mongo import Database, StoreUnavailableError
from shared.promises import Finding, Probe, ProbeRunner, broken_finding, kept_finding
from tests.support import FixedClock

Make = Callable[..., ProbeRunner]


class BurstError(Exception):
    """What a probe of the tests raises."""


@pytest.fixture
async def make(database: Database, clock: FixedClock) -> Make:
    await database.ensure_collections(bus.DOCUMENTS)
    service = new_id("svc").replace("_", "")

    def runner(*probes: Probe, **limits: Any) -> ProbeRunner:
        outbox = Outbox(database, service, clock)
        limits.setdefault("interval", timedelta(seconds=0.05))
        return ProbeRunner(service=service, probes=probes, outbox=outbox, clock=clock, **limits)

    return runner


async def told(database: Database, count: int) -> list[common_v1.PromiseChecked]:
    """Return the first *count* facts, once there are as many."""
    async with asyncio.timeout(10):
        while True:
            rows = await database.get_collection(OutboxDocument).list({})
            if len(rows) >= count:
                return [common_v1.PromiseChecked.FromString(row.body) for row in rows]
            await asyncio.sleep(0.02)


async def run_until(runner: ProbeRunner, database: Database, count: int) -> list[common_v1.PromiseChecked]:
    running = asyncio.create_task(runner.run())
    try:
        return await told(database, count)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def shown(promise_id: str, service: str) -> str:
    """Return the state that the metric shows now; exactly one is 1."""
    text = observe.render_metrics()[0].decode()
    line = re.compile(rf'candor_promise_state{{id="{promise_id}",service="{service}",state="(\w+)"}} 1\.0')
    (state,) = line.findall(text)
    return str(state)


async def fine() -> Finding:
    return kept_finding(3, "three things are fine")


async def bad() -> Finding:
    return broken_finding(1, "one thing is not")


async def test_a_probe_looks_at_once_and_then_again_and_again(make: Make, database: Database) -> None:
    facts = await run_until(make(Probe("C01", fine)), database, 3)
    assert {(fact.promise_id, fact.state, fact.sample_size, fact.evidence) for fact in facts} == {
        ("C01", "kept", 3, "three things are fine")
    }


async def test_each_probe_has_its_own_interval(make: Make, database: Database) -> None:
    runner = make(Probe("C01", fine), Probe("C17", fine, timedelta(minutes=5)))
    facts = [fact.promise_id for fact in await run_until(runner, database, 6)]
    assert facts.count("C17") == 1
    assert facts.count("C01") >= 5


async def test_what_was_found_is_a_fact_with_the_time_of_the_look(
    make: Make, database: Database, clock: FixedClock
) -> None:
    (fact, *_) = await run_until(make(Probe("C18", bad)), database, 1)
    assert (fact.state, fact.checked_at.ToDatetime(utc_now().tzinfo)) == ("broken", clock())
    (row, *_) = await database.get_collection(OutboxDocument).list({})
    assert row.type.endswith(".promise.checked.v1")
    assert row.event_subject == "C18"


async def test_the_metric_shows_kept_broken_and_unknown(make: Make) -> None:
    async def burst() -> Finding:
        raise BurstError

    runner = make(Probe("C01", fine), Probe("C17", bad), Probe("C18", burst))
    for probe in runner.probes:
        runner._set_state_gauge(probe, (await runner.run_probe(probe)).state)
    assert [shown(one, runner.service) for one in ("C01", "C17", "C18")] == ["kept", "broken", "unknown"]


async def test_a_probe_that_fails_has_found_nothing_out_and_says_nothing_of_the_values(make: Make) -> None:
    async def burst() -> Finding:
        raise BurstError("ada@candor.example")

    runner = make(Probe("C01", burst))
    finding = await runner.run_probe(runner.probes[0])
    assert (finding.state, finding.evidence.rpartition(": ")[2]) == ("unknown", "BurstError")


async def test_a_probe_that_takes_too_long_has_found_nothing_out(make: Make) -> None:
    async def slow() -> Finding:
        await asyncio.sleep(30)
        return kept_finding(0, "at last")

    runner = make(Probe("C01", slow), timeout=timedelta(seconds=0.05))
    assert (await runner.run_probe(runner.probes[0])).state == "unknown"


async def test_one_slow_or_failing_probe_does_not_hold_up_the_others(make: Make, database: Database) -> None:
    async def burst() -> Finding:
        raise StoreUnavailableError

    async def slow() -> Finding:
        await asyncio.sleep(30)
        return kept_finding(0, "at last")

    runner = make(Probe("C01", burst), Probe("C17", slow), Probe("C18", fine))
    facts = await run_until(runner, database, 6)
    assert sum(fact.promise_id == "C18" for fact in facts) >= 2


async def test_a_promise_that_nobody_looks_at_any_longer_is_shown_as_unknown(make: Make, database: Database) -> None:
    runner = make(Probe("C24", fine))
    await run_until(runner, database, 1)
    assert shown("C24", runner.service) == "unknown"


async def test_two_probes_of_one_promise_are_refused(make: Make) -> None:
    with pytest.raises(ValueError, match="two probes of C01"):
        make(Probe("C01", fine), Probe("C01", bad))
