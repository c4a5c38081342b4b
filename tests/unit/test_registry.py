"""The registry: what it says of the services, and the one line that each mistake in it gets."""

from importlib.resources import files

import pytest

from shared.crypto import KeyUse
from shared.registry import RegistryError, UndeclaredEventError, get_registry, parse_registry

TEXT = files("shared").joinpath("services.yaml").read_text(encoding="utf-8")
A_SERVICE = """
services:
  depot:
    summary: parcels
    label: Parcels
    port_offset: 11
    hosts: [mongo, rabbitmq]
    keys: [wrap]
    publishes: [depot.parcel.sent.v1]
    consumes: { depot.own: [depot.parcel.sent.v1] }
"""


def test_the_registry_is_read_once() -> None:
    assert get_registry() is get_registry()


def test_a_pattern_stands_for_every_publisher() -> None:
    registry = get_registry()
    board = next(queue for queue in registry.get("disclosure").queues if queue.name == "disclosure.promises")
    assert {event.partition(".")[0] for event in board.events} == set(registry.publishers_of("promise.checked.v1"))
    assert "portal" not in registry.publishers_of("promise.checked.v1")


def test_any_caller_is_every_other_service_on_the_broker() -> None:
    keys = next(rpc for rpc in get_registry().rpcs if rpc.name == "identity.signing_keys.get")
    assert set(keys.callers) == set(get_registry().with_broker) - {"identity"}


def test_a_service_knows_what_it_may_call() -> None:
    assert [rpc.name for rpc in get_registry().get("sync").calls] == [
        "identity.credential.verify",
        "identity.signing_keys.get",
    ]


def test_an_event_has_the_consumers_that_are_declared() -> None:
    registry = get_registry()
    assert registry.consumers_of("identity.app_password.revoked.v1") == ("sync",)
    assert registry.has_consumer("identity.erasure.requested.v1")
    assert not registry.has_consumer("identity.account.verified.v1")


def test_an_event_that_its_owner_does_not_declare_is_refused() -> None:
    with pytest.raises(UndeclaredEventError, match="add it to its `publishes`"):
        get_registry().has_consumer("identity.account.renamed.v1")


def test_a_service_that_is_not_there_is_named() -> None:
    with pytest.raises(RegistryError, match="make new-service NAME=nowhere"):
        get_registry().get("nowhere")


def test_the_key_uses_are_those_of_the_keyring() -> None:
    known = {use.value for use in KeyUse}
    assert {use for service in get_registry() for use in service.keys} <= known


MISTAKES = [
    ("services: {", "unreadable"),
    ("services: { depot: 1 }", "depot: Input should be"),
    (A_SERVICE.replace("summary: parcels", "sumary: parcels"), "depot.summary: Field required"),
    (A_SERVICE.replace("  depot:", "  De-pot:"), "De-pot: String should match"),
    (A_SERVICE.replace("port_offset: 11", "port_offset: 31"), "depot.port_offset: Input should be less than"),
    (A_SERVICE + A_SERVICE.partition("services:\n")[2], "depot is there twice"),
    (
        A_SERVICE + A_SERVICE.partition("services:\n")[2].replace("depot", "yard"),
        "yard.port_offset: 11 is depot's; free are 12, 13",
    ),
    (A_SERVICE.replace("rabbitmq]", "postgres]"), "'postgres' is no part; one of edge, mongo"),
    (A_SERVICE.replace("[mongo, rabbitmq]", "[mongo]"), "which takes rabbitmq"),
    (A_SERVICE.replace("publishes: [depot.", "publishes: [yard."), "must begin with depot."),
    (A_SERVICE.replace("depot.own: [depot.parcel.sent", "depot.own: [yard.parcel.sent"), "there is no service yard"),
    (
        A_SERVICE.replace("depot.own: [depot.parcel.sent", "depot.own: [depot.parcel.lost"),
        "depot.parcel.lost.v1, which no service publishes",
    ),
    (A_SERVICE + "    holds: Your parcels\n", "it serves depot.export.page: [identity]"),
    (A_SERVICE + "    serves: { depot.parcel.find: [yard] }\n", "may be called by yard, which is no service"),
    (A_SERVICE + "    routes: [v1/depot]\n", "depot.routes.0: String should match"),
    (TEXT.replace("routes: [/v1/sync, /sync]", "routes: [/v1/payments]"), "/v1/payments leads to sync"),
]


@pytest.mark.parametrize(("text", "told"), MISTAKES, ids=[told for _, told in MISTAKES])
def test_a_mistake_is_one_line_that_says_where(text: str, told: str) -> None:
    with pytest.raises(RegistryError) as refused:
        parse_registry(text)
    message = str(refused.value)
    assert message.startswith("shared/services.yaml: ")
    assert told in message
    assert "\n" not in message
