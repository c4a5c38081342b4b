"""Questions: with a purpose and a deadline, answered or refused, never waited for without end."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from aio_pika import Message

from shared import observe
from shared.bus import Broker, RpcClient, RpcContext, RpcError, RpcHandler, RpcServer, RpcTimeoutError
from shared.clock import utc_now
from shared.contracts.common_v1 import ExportPageReply as Reply
from shared.contracts.common_v1 import ExportPageRequest as Request
from shared.errors import ConflictError, UnavailableError
from shared.policy import Purpose
from tests.integration.bus.harness import BurstError, BusHarness, eventually, running

SOON = timedelta(seconds=0.5)


class BusyError(ConflictError):
    """The account is in use."""

    code = "account.busy"


async def echo(request: Request, asked: RpcContext) -> Reply:
    return Reply(next_cursor=f"{request.account_id} {asked.caller} {asked.purpose}")


def desk(
    home: BusHarness, run: Callable[[Any, RpcContext], Awaitable[Reply]] = echo, broker: Broker | None = None
) -> RpcServer:
    handlers = [RpcHandler(f"{home.service}.page", Request, run)]
    return RpcServer(broker or home.broker, handlers, utc_now, callers_of=lambda _: ["portal"])


async def ask(home: BusHarness, *, asker: RpcClient | None = None, timeout: timedelta = timedelta(seconds=5)) -> str:
    asker = asker or RpcClient(home.broker, "portal")
    request = Request(account_id="acc_1")
    reply = await asker.call(f"{home.service}.page", request, Reply, purpose=Purpose.EXPORT, timeout=timeout)
    return reply.next_cursor


async def test_an_answer_knows_who_asks_and_why(home: BusHarness) -> None:
    async with running(desk(home).run):
        assert await ask(home) == "acc_1 portal export"


async def test_many_questions_at_once_each_get_their_own_answer(home: BusHarness) -> None:
    asker = RpcClient(home.broker, "portal")

    async def one(number: int) -> bool:
        request = Request(account_id=f"acc_{number}")
        reply = await asker.call(f"{home.service}.page", request, Reply, purpose=Purpose.EXPORT)
        return reply.next_cursor == f"acc_{number} portal export"

    async with running(desk(home).run):
        assert all(await asyncio.gather(*map(one, range(100))))


async def test_replicas_share_the_questions(home: BusHarness) -> None:
    seen: list[str] = []

    def replica(name: str) -> RpcServer:
        async def run(_: Request, __: RpcContext) -> Reply:
            seen.append(name)
            await asyncio.sleep(0.02)
            return Reply(next_cursor=name)

        return desk(home, run)

    async with running(replica("a").run, replica("b").run):
        await eventually(lambda: home.has_consumer(f"{home.service}.page", at_least=2))
        await asyncio.gather(*(ask(home) for _ in range(20)))
    assert set(seen) == {"a", "b"}


async def test_a_refusal_keeps_its_code_its_status_and_its_detail(home: BusHarness) -> None:
    async def refuse(_: Request, __: RpcContext) -> Reply:
        raise BusyError("Come back later")

    async with running(desk(home, refuse).run):
        with pytest.raises(RpcError) as refused:
            await ask(home)
    assert (refused.value.code, refused.value.status, refused.value.detail) == ("account.busy", 409, "Come back later")


async def test_an_unexpected_fault_is_told_at_once_and_opaquely(home: BusHarness) -> None:
    async def burst(_: Request, __: RpcContext) -> Reply:
        raise BurstError("ada@candor.example")

    async with running(desk(home, burst).run):
        with pytest.raises(RpcError) as refused:
            await ask(home)
    assert (refused.value.code, refused.value.status) == ("core.service.internal_error", 500)
    assert "ada" not in refused.value.detail


async def test_a_part_that_is_away_over_there_is_told_as_such(home: BusHarness) -> None:
    async def away(_: Request, __: RpcContext) -> Reply:
        raise UnavailableError

    async with running(desk(home, away).run):
        with pytest.raises(RpcError) as refused:
            await ask(home)
    assert refused.value.status == 503


async def test_C06_a_purpose_that_is_not_in_the_list_is_refused(home: BusHarness) -> None:
    reached = False

    async def run(_: Request, __: RpcContext) -> Reply:
        nonlocal reached
        reached = True
        return Reply()

    async with running(desk(home, run).run):
        headers = {"candor:purpose": "advertising"}
        assert await answered(home, headers) == ("data.purpose.denied", 403)
    assert not reached


@pytest.mark.parametrize(
    ("headers", "body"),
    [({"candor:deadline": "soon"}, b""), ({"candor:purpose": None}, b""), ({}, b"\xff\xff")],
)
async def test_a_question_that_cannot_be_read_is_refused_as_malformed(
    home: BusHarness, headers: Mapping[str, str | None], body: bytes
) -> None:
    async with running(desk(home).run):
        assert await answered(home, headers, body) == ("rpc.request.malformed", 400)


async def test_nobody_to_answer_is_a_timeout_and_not_a_wait(home: BusHarness) -> None:
    with pytest.raises(RpcTimeoutError) as late:
        await ask(home, timeout=SOON)
    assert late.value.status == 503


async def test_an_answerer_that_comes_before_the_deadline_is_in_time(home: BusHarness) -> None:
    asker = RpcClient(home.broker, "portal")
    asking = asyncio.create_task(ask(home, asker=asker, timeout=timedelta(seconds=8)))

    async def has_asked() -> bool:
        return asker._reply_channel is not None and bool(asker._reply_channel.pending)

    await eventually(has_asked)
    async with running(desk(home).run):
        assert await asking == "acc_1 portal export"


async def test_an_answer_that_takes_too_long_is_a_timeout_on_both_sides(home: BusHarness) -> None:
    ended: list[str] = []

    async def slow(_: Request, __: RpcContext) -> Reply:
        try:
            await asyncio.sleep(30)
        finally:
            ended.append("cancelled")
        return Reply()

    async with running(desk(home, slow).run):
        with pytest.raises(RpcTimeoutError):
            await ask(home, timeout=timedelta(seconds=1))
        await eventually(lambda: filled(ended))


async def test_a_question_whose_deadline_has_passed_is_not_begun(home: BusHarness) -> None:
    begun: list[str] = []

    async def run(request: Request, _: RpcContext) -> Reply:
        begun.append(request.account_id)
        return Reply()

    async with running(desk(home, run).run):
        past = {"candor:deadline": "2020-01-01T00:00:00.000Z"}
        with pytest.raises(TimeoutError):
            await answered(home, past)
        await ask(home)
    assert begun == ["acc_1"]


async def test_the_trace_goes_along_with_the_question(home: BusHarness) -> None:
    async def tell_trace(_: Request, __: RpcContext) -> Reply:
        return Reply(next_cursor=observe.current_traceparent().split("-")[1])

    began = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    async with running(desk(home, tell_trace).run):
        with observe.span_from_traceparent(began, "a request"):
            assert await ask(home) == "0af7651916cd43dd8448eb211c80319c"


async def test_questions_that_ran_out_leave_nothing_behind(home: BusHarness) -> None:
    asker = RpcClient(home.broker, "portal")
    for _ in range(3):
        with pytest.raises(RpcTimeoutError):
            await ask(home, asker=asker, timeout=timedelta(seconds=0.2))
    assert asker._reply_channel is not None
    assert asker._reply_channel.pending == {}


async def test_an_answerer_that_stops_finishes_what_is_in_hand(home: BusHarness) -> None:
    begun = asyncio.Event()

    async def slow(request: Request, asked: RpcContext) -> Reply:
        begun.set()
        await asyncio.sleep(0.5)
        return await echo(request, asked)

    async with Broker(home.amqp_url, "portal") as portal:
        asker = RpcClient(portal, "portal")
        async with running(desk(home, slow).run):
            asking = asyncio.create_task(ask(home, asker=asker))
            await begun.wait()
        assert await asking == "acc_1 portal export"


async def answered(home: BusHarness, headers: Mapping[str, str | None], body: bytes = b"") -> tuple[str, int]:
    """Ask with headers of one's own making; return code and status of the refusal."""
    said = {"candor:purpose": "export", "candor:deadline": "2099-01-01T00:00:00.000Z"}
    kept = {name: value for name, value in {**said, **headers}.items() if value is not None}
    async with home.broker.rpc_connection.acquire_channel() as channel:
        replies: asyncio.Queue[Any] = asyncio.Queue()
        queue = await channel.get_queue("amq.rabbitmq.reply-to", ensure=False)
        await queue.consume(replies.put, no_ack=True)
        message = Message(
            body, correlation_id="q", reply_to="amq.rabbitmq.reply-to", user_id="portal", headers=dict(kept)
        )
        await eventually(lambda: home.has_consumer(f"{home.service}.page"))
        await channel.default_exchange.publish(message, f"{home.service}.page")
        async with asyncio.timeout(2):
            reply = await replies.get()
    return str(reply.headers["candor:code"]), int(reply.headers["candor:status"])


async def filled(seen: list[str]) -> bool:
    return bool(seen)
