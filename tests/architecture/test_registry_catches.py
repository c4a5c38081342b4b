"""Each rule of test_registry is seen to fail: a breach is planted, and the rule finds it."""

import pytest

from shared.bus import EventDelivery, EventSubscription, on
from shared.contracts import identity_v1
from shared.registry import EventQueue, get_registry
from shared.stack.parts.edge_services import fill_services
from tests.architecture import test_registry
from tests.architecture.test_registry import ENVOY
from tests.architecture.tree import ROOT, Source


@pytest.mark.parametrize(
    "text",
    [
        'SERVICES = ("identity", "newsletter", "sync", "payments")',
        'for one in ["identity", "newsletter", "sync", "payments", "x"]: pass',
        'LABELS = {"identity": 1, "newsletter": 2, "sync": 3, "payments": 4}',
        'ALL = frozenset({"identity", "newsletter", "sync", "payments"})',
    ],
)
def test_a_list_of_services_is_found(text: str) -> None:
    assert list(test_registry.lists_of_services([Source("services/sync/domain.py", text)], get_registry()))


def test_two_services_are_no_list() -> None:
    few = Source("services/sync/domain.py", 'PAIR = ("identity", "sync", "newsletter")')
    assert not list(test_registry.lists_of_services([few], get_registry()))


def test_an_event_that_is_not_declared_or_never_put_is_found() -> None:
    source = Source("services/payments/events.py", "await outbox.put(common_v1.PurposeDenied(field='x'))")
    found = list(test_registry.undeclared_events([source], get_registry()))
    assert "payments publishes payments.purpose.denied.v1: add it to `publishes`" in found
    assert "payments declares payments.charge.captured.v1 and never puts it: remove it from `publishes`" in found


def test_a_call_that_is_not_declared_is_found() -> None:
    text = 'await rpc_client.call("identity.contact.resolve", request)'
    assert list(test_registry.stray_calls([Source("services/sync/service.py", text)], get_registry()))
    assert not list(test_registry.stray_calls([Source("services/disclosure/app.py", text)], get_registry()))


def test_a_route_that_leads_elsewhere_is_found() -> None:
    envoy = fill_services((ROOT / ENVOY).read_text(), get_registry())
    lost = envoy.replace("{ path_separated_prefix: /oauth }", "{ path_separated_prefix: /oauth2 }")
    assert set(test_registry.stray_routes(lost, get_registry())) == {
        "the edge leads /oauth2 to identity: add the path to its `routes`",
        "identity declares /oauth: no route of the edge leads there",
    }
    other = envoy.replace("route: { cluster: sync,", "route: { cluster: depot,")
    assert "the edge leads to depot, which is no service" in set(test_registry.stray_routes(other, get_registry()))


def test_a_subscription_out_of_step_is_found() -> None:
    declared = [EventQueue(name="depot.work", events=("identity.session.revoked.v1",), broadcast=False)]
    handlers = (on(identity_v1.ErasureRequested, "identity", _ignore),)
    other = [EventSubscription(queue="depot.work", handlers=handlers)]
    [missing] = test_registry.unlike_queues("depot", declared, [])
    [undeclared] = test_registry.unlike_queues("depot", [], other)
    [different] = test_registry.unlike_queues("depot", declared, other)
    assert "has no such subscription" in missing
    assert "add it to `consumes`" in undeclared
    assert "identity.erasure.requested.v1" in different


async def _ignore(event: identity_v1.ErasureRequested, delivery: EventDelivery) -> None: ...
