"""Webhooks from the outbox to a receiver that verifies them, over a real database and real HTTP."""

import asyncio
import base64
import hmac
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from shared.bus import Outbox, OutboxDocument
from shared.clock import utc_now
from shared.contracts import newsletter_v1
from shared.crypto import Keyring, KeyUse, SubjectKeyDocument, Vault, make_keyring
from shared.crypto.keyring import dump_keyring
from shared.ids import new_id
from shared.mongo import Database
from shared.webhooks import (
    DOCUMENTS,
    DispatcherConfig,
    TargetPolicy,
    WebhookDeliveryDocument,
    WebhookDispatcher,
    WebhookService,
    WebhookStore,
)
from shared.webhooks.documents import WebhookDeliveryState
from shared.webhooks.service import UnknownEventTypeError, WebhookNotFoundError
from tests.support import NOON
from tests.support.fake_services import until

CONFIRMED = "newsletter.subscription.confirmed.v1"
QUICK = DispatcherConfig(
    attempt_timeout=timedelta(seconds=1),
    claim_ttl=timedelta(seconds=2),
    poll_interval=timedelta(seconds=0.05),
    retry_delays=(timedelta(seconds=0.05),) * 3,
)


class RolledBackError(Exception):
    """The change was undone."""


@dataclass
class Receiver:
    """An endpoint that verifies signatures and answers as a test says."""

    statuses: list[int] = field(default_factory=list)
    """The next answers, in place of 200."""
    got: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)
    pause: float = 0.0
    url: str = ""

    async def handle(self, request: web.Request) -> web.Response:
        self.got.append((dict(request.headers), await request.read()))
        await asyncio.sleep(self.pause)
        status = self.statuses.pop(0) if self.statuses else 200
        return web.Response(status=status, headers={"Location": self.url} if status == 302 else {})

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.got]

    def verify(self, secret: str) -> bool:
        """Verify all that came, as the specification says it."""
        return all(_is_signed(secret, headers, body) for headers, body in self.got)


def _is_signed(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    folded = {name.lower(): value for name, value in headers.items()}
    signed = f"{folded['webhook-id']}.{folded['webhook-timestamp']}.".encode() + body
    made = base64.b64encode(hmac.digest(base64.b64decode(secret[6:]), signed, "sha256")).decode()
    return f"v1,{made}" in folded["webhook-signature"].split()


@asynccontextmanager
async def serve_receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield receiver
    await runner.cleanup()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with serve_receiver() as opened:
        yield opened


@dataclass(frozen=True, kw_only=True)
class Harness:
    """The webhooks of a service named newsletter."""

    db: Database
    store: WebhookStore
    service: WebhookService
    outbox: Outbox
    targets: TargetPolicy

    async def publish(self) -> None:
        """Publish an event as a service does, in a transaction."""
        event = newsletter_v1.SubscriptionConfirmed(subscription_id="sub_1", list_id="lst_1")
        await self.db.with_transaction(lambda: self.outbox.put(event, subject="sub_1"))

    @asynccontextmanager
    async def dispatching(self) -> AsyncIterator[None]:
        dispatcher = WebhookDispatcher(self.store, self.targets, utc_now, QUICK)
        task = asyncio.create_task(dispatcher.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def deliveries(self) -> list[WebhookDeliveryDocument]:
        return await self.db.get_collection(WebhookDeliveryDocument).list({}, sort=["created_at"])

    async def wait_for(self, state: WebhookDeliveryState) -> WebhookDeliveryDocument:
        async def look() -> WebhookDeliveryDocument | None:
            return next((each for each in await self.deliveries() if each.state is state), None)

        found = await until(look)
        assert found is not None
        return found


@pytest.fixture
async def harness(database: Database, tmp_path: Path) -> Harness:
    await database.ensure_collections([*DOCUMENTS, OutboxDocument, SubjectKeyDocument])
    keyring = tmp_path / "keyring.json"
    keyring.write_text(dump_keyring(make_keyring([KeyUse.WRAP, KeyUse.BLIND], at=NOON)))
    store = WebhookStore(database, Vault(database, Keyring.from_file(keyring), utc_now))
    targets = TargetPolicy(allows_private=True)
    service = WebhookService(
        store=store,
        targets=targets,
        event_types=(CONFIRMED,),
        transact=database.with_transaction,
        new_id=new_id,
        clock=utc_now,
    )
    outbox = Outbox(database, "newsletter", utc_now)
    outbox.on(service.on_event)
    return Harness(db=database, store=store, service=service, outbox=outbox, targets=targets)


async def register(harness: Harness, url: str) -> tuple[str, str]:
    endpoint, secret = await harness.service.create_endpoint(url, [CONFIRMED], "a note", staff_id="stf_1", at=utc_now())
    return endpoint.id, secret


async def test_an_event_reaches_the_endpoint_signed_with_its_ids_and_nothing_personal(
    harness: Harness, receiver: Receiver
) -> None:
    _, secret = await register(harness, receiver.url)
    async with harness.dispatching():
        await harness.publish()
        delivery = await harness.wait_for(WebhookDeliveryState.DELIVERED)
    [event] = receiver.events()
    assert (event["type"], event["data"]) == (CONFIRMED, {"subscription_id": "sub_1", "list_id": "lst_1"})
    assert receiver.verify(secret)
    assert not receiver.verify(secret[:-4] + "AAA=")
    assert (delivery.attempts, delivery.last_status) == (1, 200)
    [row] = await harness.db.get_collection(OutboxDocument).list({})
    assert delivery.event_id == row.id, "the id is that of the event on the broker"


async def test_an_event_of_a_change_that_was_undone_is_not_sent(harness: Harness, receiver: Receiver) -> None:
    await register(harness, receiver.url)

    async def work() -> None:
        await harness.outbox.put(newsletter_v1.SubscriptionConfirmed(subscription_id="sub_1"))
        raise RolledBackError

    with pytest.raises(RolledBackError):
        await harness.db.with_transaction(work)
    assert await harness.deliveries() == []


async def test_a_delivery_is_retried_with_the_same_id_and_bytes_until_a_2xx(
    harness: Harness, receiver: Receiver
) -> None:
    await register(harness, receiver.url)
    receiver.statuses = [500, 302, 429]
    async with harness.dispatching():
        await harness.publish()
        delivery = await harness.wait_for(WebhookDeliveryState.DELIVERED)
    assert delivery.attempts == 4
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    assert len({body for _, body in receiver.got}) == 1


async def test_the_retries_end_and_the_endpoint_is_disabled_until_staff_enable_it(
    harness: Harness, receiver: Receiver
) -> None:
    endpoint_id, _ = await register(harness, receiver.url)
    receiver.statuses = [503] * 4
    async with harness.dispatching():
        await harness.publish()
        failed = await harness.wait_for(WebhookDeliveryState.FAILED)
        assert (failed.attempts, failed.last_status) == (4, 503)
        assert (await harness.service.get_endpoint(endpoint_id)).disabled_reason == "retries_ended"
        await harness.publish()
        assert len(await harness.deliveries()) == 1, "a disabled endpoint gets no deliveries"
        await harness.service.enable_endpoint(endpoint_id)
        assert await harness.service.replay_failed(endpoint_id, since=NOON - timedelta(days=3650), at=utc_now()) == 1
        await harness.wait_for(WebhookDeliveryState.DELIVERED)
    assert len(receiver.got) == 5


async def test_410_ends_it_at_once(harness: Harness, receiver: Receiver) -> None:
    endpoint_id, _ = await register(harness, receiver.url)
    receiver.statuses = [410]
    async with harness.dispatching():
        await harness.publish()
        await harness.wait_for(WebhookDeliveryState.FAILED)
    assert (await harness.service.get_endpoint(endpoint_id)).disabled_reason == "gone"


async def publish_until_all_arrive(harness: Harness, receiver: Receiver) -> None:
    for _ in range(20):
        await harness.publish()
    async with harness.dispatching():

        async def all_arrived() -> bool:
            return len(receiver.got) == 20

        async with asyncio.timeout(12):  # one attempt after the other at the silent endpoint takes 20 s
            await until(all_arrived)


async def test_an_endpoint_that_never_answers_does_not_hold_up_the_others(harness: Harness, receiver: Receiver) -> None:
    async with serve_receiver() as silent:
        silent.pause = 60
        await register(harness, silent.url)
        await register(harness, receiver.url)
        await publish_until_all_arrive(harness, receiver)


async def test_a_dead_endpoint_does_not_hold_up_the_others(harness: Harness, receiver: Receiver) -> None:
    await register(harness, "http://127.0.0.1:9/hook")
    await register(harness, receiver.url)
    await publish_until_all_arrive(harness, receiver)
    open_deliveries = [each for each in await harness.deliveries() if each.state is not WebhookDeliveryState.DELIVERED]
    assert {each.last_fault for each in open_deliveries} <= {"", "ClientConnectorError", "endpoint_disabled"}


async def test_a_slow_endpoint_is_cut_off_and_tried_again(harness: Harness, receiver: Receiver) -> None:
    await register(harness, receiver.url)
    receiver.pause = 3
    async with harness.dispatching():
        await harness.publish()

        async def timed_out() -> bool:
            return [each.last_fault for each in await harness.deliveries()] == ["timeout"]

        await until(timed_out)
        receiver.pause = 0
        await harness.wait_for(WebhookDeliveryState.DELIVERED)


async def test_two_dispatchers_send_an_event_once(harness: Harness, receiver: Receiver) -> None:
    await register(harness, receiver.url)
    async with harness.dispatching(), harness.dispatching():
        for _ in range(10):
            await harness.publish()

        async def all_done() -> bool:
            return {each.state for each in await harness.deliveries()} == {WebhookDeliveryState.DELIVERED}

        await until(all_done)
    assert len(receiver.got) == 10


async def test_a_replaced_secret_signs_for_a_day_more(harness: Harness, receiver: Receiver) -> None:
    endpoint_id, old = await register(harness, receiver.url)
    new = await harness.service.rotate_secret(endpoint_id, at=utc_now())
    async with harness.dispatching():
        await harness.publish()
        await harness.wait_for(WebhookDeliveryState.DELIVERED)
    assert receiver.verify(old)
    assert receiver.verify(new)
    endpoint = await harness.service.get_endpoint(endpoint_id)
    assert await harness.store.open_secrets(endpoint, at=utc_now() + timedelta(hours=25)) == [new]


async def test_a_name_that_turned_to_our_network_is_not_called(harness: Harness, receiver: Receiver) -> None:
    """The endpoint was registered while its name was public; now it stands for a loopback address."""
    await register(harness, receiver.url.replace("127.0.0.1", "localhost"))
    await register(harness, receiver.url)
    object.__setattr__(harness.targets, "allows_private", False)
    async with harness.dispatching():
        await harness.publish()

        async def refused() -> bool:
            return [each.last_fault for each in await harness.deliveries()] == ["private_address"] * 2

        await until(refused)
    assert receiver.got == []


async def test_a_completed_delivery_is_replayed_and_an_unknown_one_is_not(harness: Harness, receiver: Receiver) -> None:
    endpoint_id, _ = await register(harness, receiver.url)
    async with harness.dispatching():
        await harness.publish()
        delivery = await harness.wait_for(WebhookDeliveryState.DELIVERED)
        await harness.service.replay_delivery(endpoint_id, delivery.id, at=utc_now())

        async def arrived_twice() -> bool:
            return len(receiver.got) == 2

        await until(arrived_twice)
    with pytest.raises(WebhookNotFoundError):
        await harness.service.replay_delivery(endpoint_id, "whd_none", at=utc_now())


async def test_only_events_of_the_service_can_be_chosen(harness: Harness) -> None:
    with pytest.raises(UnknownEventTypeError) as refused:
        await harness.service.create_endpoint(
            "https://hooks.example.org/", [CONFIRMED, "identity.account.verified.v1"], "", staff_id="", at=NOON
        )
    assert refused.value.fields[0].field == "event_types.1"


async def test_a_deleted_endpoint_leaves_no_secret_and_no_delivery(harness: Harness, receiver: Receiver) -> None:
    endpoint_id, _ = await register(harness, receiver.url)
    await harness.publish()
    await harness.service.delete_endpoint(endpoint_id)
    assert await harness.deliveries() == []
    assert await harness.db.get_collection(SubjectKeyDocument).list({}) == []
