"""Each service is a user of the broker: it reaches its own queues only, and cannot act as another service."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import aio_pika
import pytest
from aio_pika import Message
from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import ChannelNotFoundEntity, ChannelPreconditionFailed
from aiormq.exceptions import ChannelAccessRefused

from shared.bus import DOCUMENTS as BUS_DOCUMENTS
from shared.bus import (
    Broker,
    Consumer,
    EventDelivery,
    EventSubscription,
    Outbox,
    OutboxRelay,
    RpcClient,
    RpcContext,
    RpcError,
    RpcHandler,
    RpcServer,
    on,
)
from shared.bus.dead_letters import DeadLetters, open_connection
from shared.bus.envelope import EventEnvelope
from shared.bus.topology import EVENTS_EXCHANGE
from shared.clock import rfc3339, utc_now
from shared.contracts import identity_v1
from shared.contracts.common_v1 import PromiseChecked
from shared.ids import new_id, new_token
from shared.mongo import Database, Leases
from shared.policy import Purpose
from shared.registry import get_registry
from shared.settings import Secret
from shared.stack.connectivity import check_amqp
from shared.stack.parts import rabbit
from tests.integration.bus.harness import eventually, running
from tests.support.parts import free_ports

SERVICES = tuple(service.name for service in get_registry() if service.has_broker)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A private node with a user for each service."""

    operator_url: str
    passwords: Mapping[str, str]

    def url(self, service: str) -> str:
        return f"amqp://{service}:{self.passwords[service]}@{self.operator_url.partition('@')[2]}"

    @asynccontextmanager
    async def channel(self, service: str) -> AsyncIterator[AbstractChannel]:
        async with await aio_pika.connect(self.url(service)) as connection:
            yield await connection.channel(publisher_confirms=True, on_return_raises=True)


@pytest.fixture(scope="module")
async def node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    home = tmp_path_factory.mktemp("users")
    passwords = {service: new_token(128) for service in SERVICES}
    node = rabbit.start(
        ports=free_ports(),
        data=home / "data",
        log=home / "rabbit.log",
        password=new_token(128),
        service_passwords=passwords,
        stop_timeout=0.0,
    )
    async with node as url:
        yield Node(operator_url=url, passwords=passwords)


def envelope(event_type: str, body: bytes = b"") -> EventEnvelope:
    return EventEnvelope(
        id=new_id("evt"),
        type=event_type,
        source="/somewhere",
        time=utc_now(),
        subject="",
        traceparent="",
        body=body,
    )


async def test_a_foreign_user_id_closes_the_channel(node: Node) -> None:
    async with node.channel("newsletter") as channel:
        forged = Message(b"", user_id="identity")
        with pytest.raises(ChannelPreconditionFailed, match="user_id"):
            await channel.default_exchange.publish(forged, "sync.export.page")
        assert channel.is_closed


async def test_an_event_of_another_service_is_not_published(node: Node) -> None:
    async with node.channel("newsletter") as channel:
        exchange = await channel.get_exchange(EVENTS_EXCHANGE, ensure=False)
        forged = Message(b"", user_id="newsletter")
        with pytest.raises(ChannelAccessRefused, match="topic"):
            await exchange.publish(forged, "identity.erasure.requested.v1")


@pytest.mark.parametrize("queue", ["identity.erasure_receipts", "sync.erasure", "newsletter.erasure.dead"])
async def test_queues_of_others_and_dead_letters_are_not_read(node: Node, queue: str) -> None:
    async with await aio_pika.connect(node.operator_url) as connection:
        await (await connection.channel()).declare_queue(queue, durable=True, arguments={"x-queue-type": "quorum"})
    async with node.channel("newsletter") as channel:
        with pytest.raises(ChannelAccessRefused):
            await (await channel.get_queue(queue, ensure=False)).get(fail=False)
    async with await aio_pika.connect(node.operator_url) as connection:
        await (await connection.channel()).queue_delete(queue)


async def test_queues_and_exchanges_of_others_are_not_made_or_deleted(node: Node) -> None:
    async with node.channel("payments") as channel:
        with pytest.raises(ChannelAccessRefused):
            await channel.declare_queue("sync.erasure", durable=True)
    async with node.channel("payments") as channel:
        with pytest.raises(ChannelAccessRefused):
            await channel.exchange_delete(EVENTS_EXCHANGE)


async def test_an_event_that_is_not_declared_is_not_heard(node: Node) -> None:
    async with node.channel("payments") as channel:
        queue = await channel.declare_queue("payments.erasure", durable=True, arguments={"x-queue-type": "quorum"})
        exchange = await channel.get_exchange(EVENTS_EXCHANGE, ensure=False)
        with pytest.raises(ChannelAccessRefused):
            await queue.bind(exchange, "identity.app_password.revoked.v1")
    async with node.channel("payments") as channel:
        await channel.queue_delete("payments.erasure")


@pytest.mark.parametrize("service", SERVICES)
async def test_every_service_declares_all_its_queues_as_its_own_user(node: Node, service: str) -> None:
    declared = get_registry().get(service)

    async def run(_event: object, _delivery: EventDelivery) -> None:
        return

    async with Broker(node.url(service), service) as broker, broker.consume_connection.acquire_channel() as channel:
        for queue in declared.queues:
            handlers = tuple(
                on(PromiseChecked, event.partition(".")[0], run) for event in queue.events if "promise" in event
            )
            subscription = EventSubscription(queue=queue.name, handlers=handlers, broadcast=queue.broadcast)
            await subscription.build_queue().declare_on(channel)


async def test_an_event_goes_from_user_to_user(node: Node, database: Database) -> None:
    await database.ensure_collections((*BUS_DOCUMENTS, *Leases.documents))
    seen: list[str] = []

    async def run(_event: PromiseChecked, delivery: EventDelivery) -> None:
        seen.append(delivery.type)

    async with AsyncExitStack() as stack:
        sync = await stack.enter_async_context(Broker(node.url("sync"), "sync"))
        disclosure = await stack.enter_async_context(Broker(node.url("disclosure"), "disclosure"))
        outbox = Outbox(database, "sync", utc_now)
        subscription = EventSubscription(queue="disclosure.promises", handlers=(on(PromiseChecked, "sync", run),))
        await outbox.put(PromiseChecked())
        async with running(
            Consumer(database, disclosure, subscription, utc_now).run,
            OutboxRelay(database, sync, outbox, utc_now).run,
        ):
            await eventually(lambda: filled(seen))
    assert seen == ["sync.promise.checked.v1"]


async def test_an_event_put_straight_into_a_queue_by_another_service_dies_unread(
    node: Node, database: Database
) -> None:
    await database.ensure_collections((*BUS_DOCUMENTS, *Leases.documents))
    seen: list[str] = []

    async def run(_event: PromiseChecked, delivery: EventDelivery) -> None:
        seen.append(delivery.message_id)

    async with Broker(node.url("disclosure"), "disclosure") as disclosure:
        subscription = EventSubscription(queue="disclosure.promises", handlers=(on(PromiseChecked, "sync", run),))
        async with running(Consumer(database, disclosure, subscription, utc_now).run):
            await eventually(lambda: exists(node, "disclosure.promises"))
            async with node.channel("newsletter") as channel:
                for user_id in ("newsletter", None):
                    forged = envelope("sync.promise.checked.v1", PromiseChecked().SerializeToString()).to_message()
                    forged.user_id = user_id
                    await channel.default_exchange.publish(forged, "disclosure.promises")
            async with open_connection(node.operator_url) as connection:
                letters = DeadLetters(connection, "disclosure.promises")
                await eventually(lambda: counted(letters, 2))
                assert {letter.reason for letter in await letters.list(5)} == {"rejected"}
                assert await letters.replay_messages() == 2, "by the operator, whatever the user_id"
                await eventually(lambda: counted(letters, 2))
                await letters.delete()
    assert seen == []


async def test_the_caller_of_an_rpc_is_the_verified_user_and_the_registry_says_who_may(node: Node) -> None:
    seen: list[str] = []

    async def answer(_request: identity_v1.ContactResolveRequest, call: RpcContext) -> identity_v1.ContactResolveReply:
        seen.append(call.caller)
        return identity_v1.ContactResolveReply(found=True)

    handler = RpcHandler("identity.contact.resolve", identity_v1.ContactResolveRequest, answer)

    async def resolve(broker: Broker, service: str) -> identity_v1.ContactResolveReply:
        return await RpcClient(broker, service).call(
            handler.name,
            identity_v1.ContactResolveRequest(account_id="acc_1"),
            identity_v1.ContactResolveReply,
            purpose=Purpose.LEGAL_DISCLOSURE,
            timeout=timedelta(seconds=5),
        )

    async with AsyncExitStack() as stack:
        brokers = {
            name: await stack.enter_async_context(Broker(node.url(name), name))
            for name in ("identity", "disclosure", "newsletter")
        }
        await stack.enter_async_context(running(RpcServer(brokers["identity"], [handler], utc_now).run))
        assert (await resolve(brokers["disclosure"], "disclosure")).found
        with pytest.raises(RpcError) as denied:
            await resolve(brokers["newsletter"], "newsletter")
        assert (denied.value.code, denied.value.status) == ("rpc.caller.denied", 403)
    assert seen == ["disclosure"]


async def test_a_caller_that_names_another_service_in_a_header_or_nobody_is_denied(node: Node) -> None:
    async def answer(_request: identity_v1.ContactResolveRequest, _call: RpcContext) -> identity_v1.ContactResolveReply:
        raise AssertionError("reached")

    handler = RpcHandler("identity.contact.resolve", identity_v1.ContactResolveRequest, answer)
    async with AsyncExitStack() as stack:
        identity = await stack.enter_async_context(Broker(node.url("identity"), "identity"))
        await stack.enter_async_context(running(RpcServer(identity, [handler], utc_now).run))
        channel = await stack.enter_async_context(node.channel("newsletter"))
        await eventually(lambda: exists(node, handler.name))
        replies: asyncio.Queue[aio_pika.abc.AbstractIncomingMessage] = asyncio.Queue()
        reply_to = await channel.get_queue("amq.rabbitmq.reply-to", ensure=False)
        await reply_to.consume(replies.put, no_ack=True)
        for user_id in ("newsletter", None):
            request = Message(
                b"",
                correlation_id="q",
                reply_to="amq.rabbitmq.reply-to",
                user_id=user_id,
                headers={
                    "candor:asker": "disclosure",
                    "candor:purpose": "legal_disclosure",
                    "candor:deadline": rfc3339(utc_now() + timedelta(seconds=30)),
                },
            )
            await channel.default_exchange.publish(request, handler.name)
            reply = await asyncio.wait_for(replies.get(), 5)
            assert reply.headers["candor:code"] == "rpc.caller.denied"
            assert reply.user_id == "identity"


async def test_a_doctor_sees_a_user_that_may_not_act_as_the_services(node: Node) -> None:
    assert await check_amqp(Secret(node.operator_url), SERVICES) is None
    assert await check_amqp(Secret(node.url("sync")), ["sync"]) is None
    refused = await check_amqp(Secret(node.url("sync")), ["sync", "payments"])
    assert refused == "may not publish as payments: name the user payments, or give it the tag impersonator"


async def exists(node: Node, queue: str) -> bool:
    async with await aio_pika.connect(node.operator_url) as connection:
        channel = await connection.channel()
        try:
            return bool((await channel.declare_queue(queue, passive=True)).declaration_result.consumer_count)
        except ChannelNotFoundEntity:
            return False


async def counted(letters: DeadLetters, count: int) -> bool:
    return await letters.count() == count


async def filled(seen: list[str]) -> bool:
    return bool(seen)
