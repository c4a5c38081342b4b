"""shared/services.yaml is the only list of services: whatever else names them is made from it or held against it."""

import ast
import re
from collections.abc import Iterable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import yaml
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from shared.bus import EventSubscription, event_type
from shared.chassis.run import build_revocation_subscription
from shared.chassis.spec import ServiceSpec
from shared.clock import utc_now
from shared.contracts import common_v1
from shared.registry import EventQueue, Registry, get_registry
from shared.stack.parts.edge_services import fill_services
from shared.stack.registry_copies import render_copies
from shared.web import RemoteTokenTrust
from tests.architecture.test_contracts import facts
from tests.architecture.tree import ROOT, Source, product, refuse, room, sources
from tests.support.services import Composed, composed

FILE = "shared/services.yaml"
ENVOY = "services/gateway/envoy.yaml"
LIST_LENGTH = 4
"""Names of services in one literal that make it a list of services: two or three may be an example."""
BASE_PORT = 8080
BESIDE_SERVICES = {"mailbox"}
"""Clusters of the edge that are no services: the local stack's."""
MADE_FOR_SERVICES: dict[str, type[Message]] = {
    "ErasureConsumer": common_v1.ErasureCompleted,
    "build_receipt": common_v1.ErasureCompleted,
    "record_access": common_v1.PersonalDataAccessed,
}
"""Names of shared.privacy: a service that calls one publishes its event."""
ON_EVERY_SERVICE = "promise.checked.v1"
"""The runner of the probes publishes it, in whichever service it runs."""
ON_MAIL_SENDERS = "personal_data.accessed.v1"
"""The search of the mail log publishes it, in whichever service sends mail."""


def lists_of_services(wanted: Iterable[Source], registry: Registry) -> Iterator[str]:
    """Yield the literals that name services one by one: tuples, lists, sets, and the keys of dictionaries."""
    names = set(registry.names)
    for source in wanted:
        for node in source.nodes:
            match node:
                case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts) | ast.Dict(keys=parts):
                    found = {part.value for part in parts if isinstance(part, ast.Constant)} & names
                    if len(found) >= LIST_LENGTH:
                        yield f"{source.path}:{node.lineno} names {len(found)} services"
                case _:
                    pass


def undeclared_events(wanted: Iterable[Source], registry: Registry) -> Iterator[str]:
    """Yield the events that a service publishes without declaring them, and those that it declares in vain."""
    made: dict[str, set[str]] = {name: set() for name in registry.names}
    for source in wanted:
        if place := room(source):
            made[place[0]] |= set(_events_made(source, place[0]))
    for service in registry:
        every = {f"{service.name}.{ON_EVERY_SERVICE}"} if service.has_broker else set()
        every |= {f"{service.name}.{ON_MAIL_SENDERS}"} if service.sends_mail else set()
        for event in made[service.name] - set(service.publishes):
            yield f"{service.name} publishes {event}: add it to `publishes`"
        for event in set(service.publishes) - made[service.name] - every:
            yield f"{service.name} declares {event} and never puts it: remove it from `publishes`"
        for event in every - set(service.publishes):
            yield f"{service.name} is probed: add {event} to `publishes`"


def _events_made(source: Source, service: str) -> Iterator[str]:
    """Yield the types of the events that *source* constructs; each is made to be put into the outbox."""
    for node in source.nodes:
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=module), attr=name)) if module.endswith("_v1"):
                if message := facts(module.removesuffix("_v1")).get(name):
                    yield event_type(GetMessageClass(message), service)
            case ast.Call(func=ast.Name(id=name)) if name in MADE_FOR_SERVICES:
                yield event_type(MADE_FOR_SERVICES[name], service)


def stray_calls(wanted: Iterable[Source], registry: Registry) -> Iterator[str]:
    """Yield the rpcs that a service names although it is neither their server nor one of their callers."""
    rpcs = {rpc.name: rpc for rpc in registry.rpcs}
    for source in wanted:
        service = (room(source) or ("", ""))[0]
        for node in source.nodes:
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
                continue
            rpc = rpcs.get(node.value)
            if rpc is not None and service and service not in (rpc.server, *rpc.callers):
                yield f"{source.path}:{node.lineno} {service} calls {rpc.name}: add it to the callers in `serves`"


def stray_routes(envoy: str, registry: Registry) -> Iterator[str]:
    """Yield the edge's routes that the registry does not know, and the registry's that the edge does not."""
    reached: dict[str, set[str]] = {}
    for path, cluster in _edge_routes(envoy):
        reached.setdefault(cluster, set()).add(path)
    for service in registry:
        for path in reached.get(service.name, set()):
            if not any(path == route or path.startswith(route.rstrip("/") + "/") for route in service.routes):
                yield f"the edge leads {path} to {service.name}: add the path to its `routes`"
        for route in set(service.routes) - reached.get(service.name, set()):
            yield f"{service.name} declares {route}: no route of the edge leads there"
    for cluster in set(reached) - set(registry.names) - BESIDE_SERVICES:
        yield f"the edge leads to {cluster}, which is no service"


def _edge_routes(envoy: str) -> Iterator[tuple[str, str]]:
    """Yield the path and the cluster of each route; of a regular expression, its literal beginning."""
    [listener, *_] = yaml.safe_load(envoy)["static_resources"]["listeners"]
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    for route in manager["route_config"]["virtual_hosts"][0]["routes"]:
        if "route" in route:
            match route["match"]:
                case {"path_separated_prefix": path} | {"prefix": path} | {"path": path}:
                    yield path, route["route"]["cluster"]
                case {"safe_regex": {"regex": regex}}:
                    yield re.split(r"[\[(\\.*+?]", regex)[0], route["route"]["cluster"]


def default_ports(wanted: Iterable[Source]) -> Iterator[tuple[str, int]]:
    """Yield each service and the default port in its settings."""
    for source in wanted:
        place = room(source)
        for call in source.calls("from_env") if place and place[1] == "settings" else ():
            for keyword in call.keywords:
                match keyword:
                    case ast.keyword(arg="port", value=ast.Constant(value=int(port))) if place:
                        yield place[0], port


def unlike_queues(name: str, declared: Iterable[EventQueue], real: Iterable[EventSubscription]) -> Iterator[str]:
    """Yield the queues that a service declares and does not have, or has otherwise, or does not declare."""
    wanted = {queue.name: (set(queue.events), queue.broadcast) for queue in declared}
    found = {each.queue: ({one.event_type for one in each.handlers}, each.broadcast) for each in real}
    for queue in wanted.keys() | found.keys():
        if queue not in found:
            yield f"{name} declares {queue} and has no such subscription"
        elif queue not in wanted:
            yield f"{name} subscribes {queue}: add it to `consumes` (or `broadcasts`)"
        elif wanted[queue] != found[queue]:
            differ = sorted(wanted[queue][0] ^ found[queue][0]) or "one is a broadcast, the other is not"
            yield f"{name} declares {queue} otherwise than it subscribes: {differ}"


def subscriptions(service: Composed) -> Iterator[EventSubscription]:
    """Yield the subscriptions of a service, with the one that the chassis adds."""
    yield from service.parts.subscriptions
    if service.parts.token_trust is None:
        trust = RemoteTokenTrust(service.chassis.rpc_client, utc_now)
        yield build_revocation_subscription(service.chassis.service, trust)


@pytest.fixture(scope="module")
async def all_composed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Composed]:
    """Each service on the chassis as its composition root makes it; no part is connected."""
    home = tmp_path_factory.mktemp("composed")
    async with AsyncExitStack() as stack:
        return {name: await stack.enter_async_context(composed(name, home)) for name in get_registry().with_broker}


def test_no_list_of_services_is_left_elsewhere() -> None:
    refuse(
        lists_of_services(sources(), get_registry()),
        f"Take the list from the registry (shared.registry.get_registry): a service that is added to {FILE} is then "
        "in yours, too.",
    )


def test_what_files_repeat_of_the_registry_is_in_step() -> None:
    refuse(
        (name for name, text in render_copies(get_registry()).items() if (ROOT / name).read_text() != text),
        "Run `make docs` and commit what it writes: a part of the file is made from shared/services.yaml.",
    )


def test_a_service_publishes_the_events_that_it_declares() -> None:
    refuse(
        undeclared_events(tuple(product()), get_registry()),
        f"The outbox refuses an event that {FILE} does not declare, and publishes one only if a service consumes it.",
    )


def test_a_service_consumes_the_events_that_it_declares(all_composed: dict[str, Composed]) -> None:
    refuse(
        (
            breach
            for name, service in all_composed.items()
            for breach in unlike_queues(name, get_registry().get(name).queues, subscriptions(service))
        ),
        f"Declare in {FILE} what events.py subscribes, or subscribe it: an event without a declared consumer is not "
        "published, and the broker lets a service bind its declared queues alone.",
    )


def test_a_service_serves_the_rpcs_that_it_declares(all_composed: dict[str, Composed]) -> None:
    refuse(
        (
            f"{name}: {rpc}"
            for name, service in all_composed.items()
            for rpc in {each.name for each in service.parts.rpc_handlers}.symmetric_difference(
                each.name for each in get_registry().get(name).serves
            )
        ),
        f"`serves` in {FILE} and build_rpc_handlers() name the same rpcs: the registry says who may call them.",
    )


def test_a_service_calls_the_rpcs_that_let_it() -> None:
    refuse(
        stray_calls(tuple(product()), get_registry()),
        f"Name the caller in {FILE}, under `serves` of the service that answers: others are refused.",
    )


def test_the_edge_leads_where_the_registry_says() -> None:
    refuse(
        stray_routes(fill_services((ROOT / ENVOY).read_text(), get_registry()), get_registry()),
        f"{ENVOY} and `routes` in {FILE} name the same paths: a plain one below /v1/ is filled in, one with "
        "limits of its own is written by hand.",
    )


def test_who_sends_mail_may_reach_the_relay(all_composed: dict[str, Composed]) -> None:
    refuse(
        (
            f"{name} {'sends' if service.parts.sends_mail else 'sends no'} mail"
            for name, service in all_composed.items()
            if service.parts.sends_mail != get_registry().get(name).sends_mail
        ),
        f"`hosts` in {FILE} holds smtp if and only if app.py says sends_mail=True.",
    )


def test_a_service_that_holds_personal_data_is_probed(all_composed: dict[str, Composed]) -> None:
    refuse(
        (name for name in get_registry().with_personal_data if not _probes(all_composed[name].parts)),
        "Write a probe in promises.py: what holds personal data proves what the policy says of it.",
    )


def test_a_service_listens_at_its_offset() -> None:
    refuse(
        (
            f"{service}: {port}"
            for service, port in default_ports(product())
            if port != BASE_PORT + get_registry().get(service).port_offset
        ),
        f"The default port in settings.py is {BASE_PORT} and port_offset of {FILE}, as on one machine.",
    )


def _probes(parts: ServiceSpec) -> bool:
    return bool(parts.probes)


def test_the_folders_of_proto_belong_to_services() -> None:
    owners = {path.name for path in (ROOT / "proto/candor").iterdir() if path.is_dir()} - {"common"}
    refuse(owners - set(get_registry().names), f"A folder of proto/candor is a service of {FILE}, or common.")


def test_the_registry_is_in_the_image() -> None:
    assert Path(ROOT / FILE).is_file()
    assert re.search(r"^COPY shared shared$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
