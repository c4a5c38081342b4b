"""Facts: committed with their change, told until confirmed, handled once."""

import asyncio
from contextvars import copy_context
from datetime import timedelta

import pytest
from aio_pika.abc import AbstractQueue

from shared import observe
from shared.bus import EventDelivery, EventSubscription, relay
from shared.bus.envelope import CONTENT_TYPE
from shared.bus.inbox import INBOX_RETENTION, InboxDocument
from shared.bus.topology import dead_letter_queue
from shared.clock import utc_now
from shared.contracts.common_v1 import PersonalDataAccessed as Shown
from shared.errors import UnavailableError
from tests.integration.bus.harness import (
    BurstError,
    BusHarness,
    Effect,
    again,
    eventually,
    filled,
    many,
    nothing_waits,
    running,
    taken,
)
from tests.support import RawWriter


async def test_a_fact_has_its_effect(home: BusHarness) -> None:
    ids = await home.enqueue_events(3)
    async with running(home.consumer(home.leave_effect).run, home.relay().run):
        await eventually(lambda: had_effect(home, ids))
    assert await home.pending_messages() == []


async def test_a_fact_of_a_change_that_was_undone_is_never_told(home: BusHarness) -> None:
    async def change() -> None:
        await home.enqueue_events()
        raise BurstError

    with pytest.raises(BurstError):
        await home.db.with_transaction(change)
    assert await home.pending_messages() == []
    assert not home.outbox.has_messages.is_set(), "the relay is not woken for nothing"


async def test_a_fact_waits_until_its_change_is_committed(home: BusHarness) -> None:
    async with home.plain_queue("plain") as queue, running(home.relay().run):
        outside = copy_context()  # of the transaction

        async def change() -> str:
            (waiting,) = await home.enqueue_events()
            (mark,) = await asyncio.create_task(home.enqueue_events(), context=outside.copy())
            await eventually(lambda: arrived(queue, 1))
            assert [message.message_id async for message in taken(queue)] == [mark]
            return waiting

        waiting = await home.db.with_transaction(change)
        await eventually(lambda: arrived(queue, 1))
        assert [message.message_id async for message in taken(queue)] == [waiting]


async def test_a_fact_carries_the_attributes_of_cloudevents(home: BusHarness) -> None:
    (row_id,) = await home.enqueue_events()
    async with home.plain_queue("plain") as queue, running(home.relay().run):
        await eventually(lambda: nothing_waits(home))
        (message,) = [one async for one in taken(queue)]
    said = {name.removeprefix("cloudEvents:"): value for name, value in message.headers.items()}
    assert said["specversion"] == "1.0"
    assert (said["id"], message.message_id) == (row_id, row_id)
    assert (said["type"], message.type, message.routing_key) == (home.fact_type,) * 3
    assert said["source"] == f"/{home.service}"
    assert str(said["time"]).endswith("Z")
    assert (message.content_type, message.delivery_mode) == (CONTENT_TYPE, 2)
    assert Shown.FromString(message.body).entry_id == "shw_0"


async def test_the_trace_goes_through_the_outbox_row_to_the_handler_and_on(home: BusHarness) -> None:
    """One erasure is one trace: what a handler tells belongs to the trace of what it heard."""
    traces: list[str] = []

    async def handle(_: Shown, delivery: EventDelivery) -> None:
        traces.append(observe.current_traceparent().split("-")[1])

    began = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with observe.span_from_traceparent(began, "a request"):
        await home.enqueue_events()
    async with running(home.consumer(handle).run, home.relay().run):
        await eventually(lambda: filled(traces))
    assert traces == ["0af7651916cd43dd8448eb211c80319c"]


async def test_no_more_than_the_bound_is_in_flight(home: BusHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    in_flight_bound = relay.MAX_IN_FLIGHT
    monkeypatch.setattr(relay, "MAX_IN_FLIGHT", 7)
    in_flight = most = 0
    publish = relay._publish

    async def counted(*arguments: object) -> None:
        nonlocal in_flight, most
        in_flight += 1
        most = max(most, in_flight)
        await publish(*arguments)  # type: ignore[arg-type] # passed on as they came
        in_flight -= 1

    monkeypatch.setattr(relay, "_publish", counted)
    await home.enqueue_events(40)
    async with home.plain_queue("plain"), running(home.relay().run):
        await eventually(lambda: nothing_waits(home))
    assert most == 7
    assert in_flight_bound == 500


async def test_a_fact_that_nobody_wants_waits_behind_the_others_and_is_told_when_somebody_does(
    home: BusHarness,
) -> None:
    (unwanted,) = await home.enqueue_events()
    async with running(home.relay().run):
        await eventually(lambda: postponed(home))
        (row,) = await home.pending_messages()
        assert row.due_at > utc_now()
        async with home.plain_queue("plain") as queue:
            await eventually(lambda: nothing_waits(home))
            assert [one.message_id async for one in taken(queue)] == [unwanted]


async def test_a_fact_that_nobody_ever_wants_is_forgotten_and_raises_no_alarm(
    home: BusHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "MEASURE_INTERVAL", 0.0)
    await home.enqueue_events()
    telling = home.relay()
    async with running(telling.run):
        await eventually(lambda: postponed(home))
        await telling.update_metrics()
        assert relay._oldest_age._value.get() == 0
        monkeypatch.setattr(relay, "UNROUTABLE_RETENTION", timedelta())
        await eventually(lambda: nothing_waits(home))


async def test_what_waits_is_measured_by_a_process_that_reaches_no_broker(home: BusHarness) -> None:
    await home.enqueue_events(3)
    async with running(home.relay().run_metrics):
        await eventually(lambda: measured(3))
    assert relay._oldest_age._value.get() > 0


async def test_a_service_that_hears_itself_has_its_queue_before_it_tells(home: BusHarness) -> None:
    own = EventSubscription(queue=home.queue(), handlers=(home.handler(home.leave_effect),))
    async with home.plain_queue("ear"):  # takes every fact, so that none waits for want of a queue
        (told,) = await home.enqueue_events()
        async with running(home.relay(hears=(own,)).run):
            await eventually(lambda: nothing_waits(home))
        assert [one.message_id for one in await home.messages(own.queue)] == [told]


async def test_a_fact_that_a_full_queue_refuses_is_kept(home: BusHarness) -> None:
    full = {"x-queue-type": "quorum", "x-max-length": 1, "x-overflow": "reject-publish"}
    async with home.plain_queue("plain", **full) as queue, running(home.relay().run):
        ids = await home.enqueue_events(20)
        await eventually(lambda: postponed(home))
        kept = [row.id for row in await home.pending_messages()]
        assert {*kept, *(one.message_id for one in await home.messages(queue.name))} == set(ids)


async def test_a_redelivered_fact_has_no_second_effect(home: BusHarness) -> None:
    consumer = home.consumer(home.leave_effect)
    async with home.plain_queue("plain") as queue, running(consumer.run, home.relay().run):
        await eventually(lambda: home.has_consumer(home.queues[0]))
        ids = await home.enqueue_events(5)
        await eventually(lambda: had_effect(home, ids))
        for message in [one async for one in taken(queue)]:
            for _ in range(3):
                await home.publish(home.queues[0], again(message))
        await home.enqueue_events(1)
        await eventually(lambda: counted(home, 6))
    assert set((await home.effects()).values()) == {1}


async def test_copies_of_one_fact_that_are_in_hand_at_once_have_one_effect(home: BusHarness) -> None:
    """Three copies each of forty facts, and two replicas: the second finds the mark of the first."""
    ids = await home.enqueue_events(40)
    async with home.plain_queue("plain") as queue:
        async with running(home.relay().run):
            await eventually(lambda: nothing_waits(home))
        messages = [one async for one in taken(queue)]
        first, name = home.consumer(home.leave_effect), home.queues[-1]
        second = home.consumer(home.leave_effect, queue=name)
        async with running(first.run):
            await eventually(lambda: home.has_consumer(name))
        for message in messages * 3:
            await home.publish(name, again(message))
        async with running(first.run, second.run):
            await eventually(lambda: had_effect(home, ids))
            await eventually(lambda: empty(home, name))
    assert many(await home.effects(), ids)


async def test_the_mark_of_a_handled_fact_outlives_seven_days(home: BusHarness, planter: RawWriter) -> None:
    assert timedelta(days=7) < INBOX_RETENTION
    assert (await planter.list_indexes(home.db, "inbox"))["handled_at_1"]["expireAfterSeconds"] == 8 * 86_400


async def test_a_fact_that_always_fails_is_dead_after_its_deliveries_and_costs_its_neighbours_nothing(
    home: BusHarness,
) -> None:
    deliveries: list[bool] = []

    async def handle(fact: Shown, delivery: EventDelivery) -> None:
        await home.leave_effect(fact, delivery)
        if fact.entry_id == "shw_7":
            deliveries.append(delivery.redelivered)
            raise BurstError

    consumer = home.consumer(handle, delivery_limit=2, retry_after=timedelta(milliseconds=5))
    ids = await home.enqueue_events(20)
    async with running(consumer.run, home.relay().run):
        await eventually(lambda: is_dead(home), within=20)
        # Rows that were published before the queue was bound come seconds later than the others.
        await eventually(lambda: nothing_waits(home), within=20)
        await eventually(lambda: counted(home, len(ids) - 1), within=20)
    (dead,) = await home.dead_letters(home.queues[0])
    assert dead.message_id == ids[7]
    assert deliveries.count(False) >= 1
    assert len([seen for seen in deliveries if seen]) >= 2, "delivered once, and twice more"
    assert many(await home.effects(), [one for one in ids if one != ids[7]])


async def test_a_fact_alone_in_hand_is_delivered_once_more_than_the_limit(home: BusHarness) -> None:
    """The limit counts redeliveries: 2 means three deliveries in all."""
    deliveries = 0

    async def handle(_: Shown, __: EventDelivery) -> None:
        nonlocal deliveries
        deliveries += 1
        raise BurstError

    await home.enqueue_events()
    async with running(
        home.consumer(handle, delivery_limit=2, retry_after=timedelta(milliseconds=1)).run, home.relay().run
    ):
        await eventually(lambda: is_dead(home), within=20)
    assert deliveries == 3
    (dead,) = await home.dead_letters(home.queues[0])
    assert dead.headers["x-first-death-reason"] == "delivery_limit"


@pytest.mark.parametrize("breach", ["no headers", "another type", "no protobuf"])
async def test_what_cannot_be_read_is_dead_at_once(home: BusHarness, breach: str) -> None:
    (_,) = await home.enqueue_events()
    async with home.plain_queue("plain") as queue, running(home.relay().run):
        await eventually(lambda: nothing_waits(home))
        (good,) = [one async for one in taken(queue)]
    bad = again(good)
    if breach == "no headers":
        bad.headers = {}
    elif breach == "another type":
        bad.headers = {**bad.headers, "cloudEvents:type": "identity.account.baked.v1"}
    else:
        bad.body = b"\xff\xff\xff"
    async with running(home.consumer(home.leave_effect).run):
        await eventually(lambda: home.has_consumer(home.queues[-1]))
        await home.publish(home.queues[-1], bad)
        await eventually(lambda: is_dead(home))
    (dead,) = await home.dead_letters(home.queues[-1])
    assert dead.headers["x-first-death-reason"] == "rejected"
    assert await home.effects() == {}


async def test_a_part_that_is_away_uses_up_no_deliveries(home: BusHarness) -> None:
    calls = 0

    async def handle(fact: Shown, delivery: EventDelivery) -> None:
        nonlocal calls
        calls += 1
        if calls < 6:
            raise UnavailableError
        assert not delivery.redelivered
        await home.leave_effect(fact, delivery)

    ids = await home.enqueue_events()
    async with running(home.consumer(handle, delivery_limit=1).run, home.relay().run):
        await eventually(lambda: had_effect(home, ids), within=20)


async def test_a_handler_that_is_no_transaction_marks_what_it_has_done(home: BusHarness) -> None:
    calls = 0

    async def handle(fact: Shown, delivery: EventDelivery) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise BurstError
        await home.leave_effect(fact, delivery)

    ids = await home.enqueue_events()
    consumer = home.consumer(handle, transactional=False, retry_after=timedelta(milliseconds=1))
    async with running(consumer.run, home.relay().run):
        await eventually(lambda: had_effect(home, ids))
        await eventually(lambda: marked(home, 1))
    assert calls == 2


async def test_what_a_handler_tells_is_told_once_with_its_effect(home: BusHarness) -> None:
    runs = 0

    async def handle(fact: Shown, delivery: EventDelivery) -> None:
        nonlocal runs
        runs += 1
        await home.leave_effect(fact, delivery)
        await home.outbox.put(Shown(entry_id="answer"))
        if runs == 1:
            raise BurstError

    (_,) = await home.enqueue_events()
    async with home.plain_queue("plain"), running(home.relay().run):
        await eventually(lambda: nothing_waits(home))
    home.queues.append(queue := f"{home.service}.once")
    (message,) = await home.messages(f"{home.service}.plain")
    consumer = home.consumer(handle, queue=queue, retry_after=timedelta(milliseconds=1))
    async with running(consumer.run):
        await eventually(lambda: home.has_consumer(queue))
        await home.publish(queue, again(message))
        await eventually(lambda: marked(home, 1))
    assert [Shown.FromString(row.body).entry_id for row in await home.pending_messages()] == ["answer"]


async def test_a_consumer_that_stops_finishes_what_is_in_hand(home: BusHarness) -> None:
    begun = asyncio.Event()

    async def handle(fact: Shown, delivery: EventDelivery) -> None:
        begun.set()
        await asyncio.sleep(0.5)
        await home.leave_effect(fact, delivery)

    ids = await home.enqueue_events()
    async with running(home.relay().run), running(home.consumer(handle).run):
        await begun.wait()
    assert many(await home.effects(), ids)


async def test_a_queue_that_was_deleted_is_declared_again(home: BusHarness) -> None:
    consumer = home.consumer(home.leave_effect)
    async with running(consumer.run, home.relay().run):
        await eventually(lambda: home.has_consumer(home.queues[0]))
        await home.delete_queues()
        await eventually(lambda: home.has_consumer(home.queues[0]))
        ids = await home.enqueue_events()
        await eventually(lambda: had_effect(home, ids))


async def had_effect(home: BusHarness, ids: list[str]) -> bool:
    return many(await home.effects(), ids)


async def counted(home: BusHarness, count: int) -> bool:
    return await home.db.get_collection(Effect).count_documents({}) == count


async def marked(home: BusHarness, count: int) -> bool:
    return await home.db.get_collection(InboxDocument).count_documents({}) == count


async def measured(number: int) -> bool:
    return bool(relay._pending._value.get() == number)


async def postponed(home: BusHarness) -> bool:
    return any(row.attempts > 0 for row in await home.pending_messages())


async def arrived(queue: AbstractQueue, count: int) -> bool:
    return (await queue.declare()).message_count == count


async def empty(home: BusHarness, queue: str, *, left: int = 0) -> bool:
    return await home.queue_size(queue) == left


async def is_dead(home: BusHarness) -> bool:
    return await empty(home, dead_letter_queue(f"{home.service}.facts"), left=1)
