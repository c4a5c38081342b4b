"""A task is watched: one that fails is restarted, readiness tells, and the end waits for its cleaning up, once."""

import asyncio

import pytest

from shared.backoff import Backoff
from shared.chassis import tasks as under_test
from shared.chassis.tasks import TaskSupervisor
from shared.errors import UnavailableError
from shared.observe.metrics import render_metrics
from shared.web import Health
from tests.support.fake_services import until
from tests.support.logs import Lines


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(under_test, "BACKOFF", Backoff(0.01, 0.02))


@pytest.fixture
def health() -> Health:
    return Health()


class Work:
    """Fails as often as it is told to, then runs until it is stopped."""

    def __init__(self, *faults: BaseException | None, cleaning: float = 0.0) -> None:
        self.faults, self.cleaning = list(faults), cleaning
        self.begun, self.cleaned = 0, 0
        self.ended_at = 0.0

    async def __call__(self) -> None:
        self.begun += 1
        if self.faults:
            fault = self.faults.pop(0)
            if fault is not None:
                raise fault
            return
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(self.cleaning)
            self.cleaned += 1
            self.ended_at = asyncio.get_running_loop().time()


async def ready(health: Health) -> None:
    async def look() -> bool:
        return health.ready

    await until(look, patience=5)


async def test_a_task_that_fails_or_ends_is_begun_anew(health: Health, logged: Lines) -> None:
    work = Work(ValueError("ada@secret.example"), None, UnavailableError())
    async with TaskSupervisor(health) as tasks:
        tasks.run_forever("demo", work)
        await asyncio.sleep(0.2)
        assert work.begun == 4
        with pytest.raises(UnavailableError, match="Waiting for demo"):
            health.check_ready()
        await ready(health)
    told = [(line["event"], line["level"], line["task"]) for line in logged() if line["event"].startswith("task.")]
    assert told == [
        ("task.failed", "error", "demo"),
        ("task.failed", "error", "demo"),
        ("task.dependency_unavailable", "warning", "demo"),
    ]


async def test_failures_are_counted_from_nought(health: Health) -> None:
    async with TaskSupervisor(health) as tasks:
        tasks.run_forever("kept-without-fault", Work())
        tasks.run_until_success("done-without-fault", Work(None))
        await ready(health)
    told = render_metrics()[0].decode()
    assert 'candor_task_failures_total{task="kept-without-fault"} 0.0' in told
    assert 'candor_task_failures_total{task="done-without-fault"} 0.0' in told


async def test_what_must_be_done_once_is_tried_until_it_is(health: Health) -> None:
    done = []

    async def begin() -> None:
        done.append(1)
        if len(done) < 3:
            raise UnavailableError

    health.set_status("start", ok=False)
    async with TaskSupervisor(health) as tasks:
        tasks.run_until_success("start", begin)
        await ready(health)
        await asyncio.sleep(0.05)
    assert len(done) == 3


async def test_the_end_waits_for_the_cleaning_up_of_each(health: Health) -> None:
    work = [Work(cleaning=0.05), Work(cleaning=0.1)]
    async with TaskSupervisor(health) as tasks:
        for number, each in enumerate(work):
            tasks.run_forever(f"demo-{number}", each)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert [each.cleaned for each in work] == [1, 1]


async def test_to_be_told_twice_to_stop_does_not_break_off_the_cleaning_up(health: Health) -> None:
    work = Work(cleaning=0.1)
    async with TaskSupervisor(health) as tasks:
        tasks.run_forever("demo", work)
        await asyncio.sleep(0.01)
        tasks.stop()
        await asyncio.sleep(0.01)
        tasks.stop()
    assert work.cleaned == 1


async def test_the_last_one_runs_until_the_others_have_ended(health: Health) -> None:
    relay, other = Work(), Work(cleaning=0.1)
    async with TaskSupervisor(health, stop_last="relay") as tasks:
        tasks.run_forever("relay", relay)
        tasks.run_forever("other", other)
        await asyncio.sleep(0.01)
        tasks.stop()
        await asyncio.sleep(0.05)
        assert relay.cleaned == 0
    assert relay.ended_at >= other.ended_at > 0


async def test_a_task_begun_too_late_is_stopped_like_the_others(health: Health) -> None:
    work = Work()
    async with TaskSupervisor(health) as tasks:
        tasks.stop()
        tasks.run_forever("late", work)
        await asyncio.sleep(0.01)
    assert work.begun == work.cleaned
