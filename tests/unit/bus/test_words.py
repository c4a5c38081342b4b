"""What facts are called, how they look on the wire, what queues are declared with."""

from datetime import timedelta

import pytest
from aio_pika import Message

from shared.bus import EventDelivery, EventSubscription, InboxDocument, OutboxDocument, event_type, on
from shared.bus.envelope import EventEnvelope
from shared.bus.errors import MalformedMessageError, RpcError
from shared.bus.inbox import INBOX_RETENTION
from shared.bus.rpc_message import RpcContext
from shared.bus.topology import BroadcastQueue, WorkQueue
from shared.clock import rfc3339
from shared.contracts import common_v1, identity_v1
from shared.policy import Purpose
from tests.support import NOON

ENVELOPE = EventEnvelope(
    id="evt_1",
    type="identity.account.verified.v1",
    source="/identity",
    time=NOON,
    subject="acc_1",
    traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    body=identity_v1.AccountVerified(account_id="acc_1").SerializeToString(),
)


async def nothing(_: object, __: EventDelivery) -> None:
    """A handler that does nothing."""


VERIFIED = on(identity_v1.AccountVerified, "identity", nothing)


@pytest.mark.parametrize(
    ("message", "service", "name"),
    [
        (identity_v1.AccountVerified, "identity", "identity.account.verified.v1"),
        (identity_v1.AppPasswordRevoked, "identity", "identity.app_password.revoked.v1"),
        (common_v1.PersonalDataAccessed, "sync", "sync.personal_data.accessed.v1"),
        (common_v1.ErasureCompleted(), "payments", "payments.erasure.completed.v1"),
    ],
)
def test_a_fact_is_named_by_its_teller_its_thing_and_what_happened(message: object, service: str, name: str) -> None:
    assert event_type(message, service) == name  # type: ignore[arg-type] # messages and their classes


def test_nobody_tells_the_facts_of_another_service() -> None:
    with pytest.raises(ValueError, match="sync cannot publish it"):
        event_type(identity_v1.AccountVerified, "sync")


def test_an_envelope_survives_the_wire() -> None:
    assert EventEnvelope.from_message(ENVELOPE.to_message()) == ENVELOPE


@pytest.mark.parametrize("name", ["id", "type", "source", "time"])
def test_a_message_without_an_attribute_is_unreadable(name: str) -> None:
    message = ENVELOPE.to_message()
    del message.headers[f"cloudEvents:{name}"]
    with pytest.raises(MalformedMessageError, match=name):
        EventEnvelope.from_message(message)


def test_a_message_whose_time_is_none_is_unreadable() -> None:
    message = ENVELOPE.to_message()
    message.headers["cloudEvents:time"] = "yesterday"
    with pytest.raises(MalformedMessageError):
        EventEnvelope.from_message(message)


def test_a_row_is_the_same_message_however_often_it_is_sent() -> None:
    row = OutboxDocument(
        id="evt_1", type="t", source="/s", event_subject="", traceparent="", body=b"x", created_at=NOON, due_at=NOON
    )
    later = row.model_copy(update={"attempts": 7, "due_at": NOON + timedelta(hours=1)})
    assert row.to_envelope() == later.to_envelope()


def test_a_body_that_is_another_message_is_unreadable() -> None:
    with pytest.raises(MalformedMessageError, match="is no identity"):
        VERIFIED.parse(b"\xff\xff")


def test_a_fact_that_nobody_here_handles_is_unreadable() -> None:
    with pytest.raises(MalformedMessageError, match="no handler"):
        EventSubscription(queue="q", handlers=(VERIFIED,)).get_handler("identity.account.erased.v1")


def test_a_work_queue_keeps_what_it_cannot_take_with_its_publisher_and_loses_no_dead_letter() -> None:
    plan = EventSubscription(queue="payments.erasure", handlers=(VERIFIED,), delivery_limit=3).build_queue()
    assert isinstance(plan, WorkQueue)
    assert plan.keys == ("identity.account.verified.v1",)
    assert plan.build_arguments() == {
        "x-queue-type": "quorum",
        "x-delivery-limit": 3,
        "x-dead-letter-exchange": "candor.dead",
        "x-dead-letter-routing-key": "payments.erasure",
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
        "x-max-length": 200_000,
    }


def test_each_process_has_a_broadcast_queue_of_its_own() -> None:
    subscription = EventSubscription(queue="sync.sessions", handlers=(VERIFIED,), broadcast=True)
    first, second = subscription.build_queue(), subscription.build_queue()
    assert isinstance(first, BroadcastQueue)
    assert first.name != second.name


def test_what_was_handled_is_remembered_longer_than_seven_days() -> None:
    assert timedelta(days=7) < INBOX_RETENTION
    assert InboxDocument.indexes[0].options == {"expireAfterSeconds": INBOX_RETENTION.total_seconds()}


def test_a_question_carries_who_asks_why_and_until_when_and_the_broker_drops_it_then() -> None:
    asked = RpcContext(caller="portal", purpose=Purpose.EXPORT, deadline=NOON)
    message = asked.to_message("ask_1", common_v1.ExportPageRequest(), timedelta(seconds=5))
    assert RpcContext.from_message(message) == asked
    assert message.headers["candor:deadline"] == rfc3339(NOON)
    assert message.expiration == timedelta(seconds=5)
    assert (message.message_id, message.correlation_id) == ("ask_1", "ask_1")


@pytest.mark.parametrize("purpose", ["advertising", "", "ACCOUNT"])
def test_C06_a_question_for_no_purpose_of_the_list_is_refused(purpose: str) -> None:
    message = Message(b"", user_id="portal", headers={"candor:purpose": purpose, "candor:deadline": rfc3339(NOON)})
    with pytest.raises(RpcError) as refused:
        RpcContext.from_message(message)
    assert (refused.value.code, refused.value.status) == ("data.purpose.denied", 403)


def test_a_refusal_keeps_the_code_of_the_other_side_and_changes_nobody_elses() -> None:
    assert RpcError("account.busy", 409).code == "account.busy"
    assert RpcError.code == "rpc.call.failed"


def test_a_message_of_a_stranger_is_unreadable() -> None:
    with pytest.raises(MalformedMessageError):
        EventEnvelope.from_message(Message(b"hello"))
