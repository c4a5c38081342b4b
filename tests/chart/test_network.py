"""C20: which pod may talk to which is the declared graph, and nothing else (every ordered pair is looked at)."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
import yaml

from shared.registry import get_registry
from tests.architecture.tree import services
from tests.chart.rendering import Manifest, component, edge_config, of_kind, rendered

PARTS = {"mongo": 27017, "rabbitmq": 5672, "mailbox": 1025}


def allowed() -> set[tuple[str, str, int]]:
    """Return who may talk to whom, on which port: `hosts` in shared/services.yaml, and the edge to every service."""
    pairs = {("edge", service, 8080) for service in services()} | {("edge", "mailbox", 8025), ("portal", "edge", 8444)}
    for service in get_registry():
        for part in service.hosts:
            target = {"smtp": "mailbox"}.get(part, part)
            if target in PARTS:
                pairs.add((service.name, target, PARTS[target]))
    return pairs


def matches(peer: dict[str, Any], name: str) -> bool:
    """Tell whether a peer of a policy is the component *name* of this release."""
    wanted = peer.get("podSelector", {}).get("matchLabels", {})
    return "namespaceSelector" not in peer and wanted.get("app.kubernetes.io/component") == name


def opens(rules: list[dict[str, Any]], side: str, name: str, port: int) -> bool:
    """Tell whether one of *rules* lets *name* through on *port*; no peers at all lets everybody through."""
    return any(
        port in {each["port"] for each in rule.get("ports", [])}
        and (side not in rule or any(matches(peer, name) for peer in rule[side]))
        for rule in rules
    )


def policies() -> dict[str, Manifest]:
    """Return the policy of each component of the try-out."""
    found = of_kind(rendered("tryout"), "NetworkPolicy")
    return {component(one): one for one in found if "app.kubernetes.io/component" in one["metadata"]["labels"]}


def pairs() -> Iterator[tuple[str, str, int]]:
    everybody = [*services(), "edge", *PARTS]
    ports = {**dict.fromkeys(services(), 8080), "edge": 8443, **PARTS}
    for source, target in product(everybody, everybody):
        if source != target:
            yield source, target, ports[target]
    yield from ((source, "mailbox", 8025) for source in everybody if source != "mailbox")
    yield from ((source, "edge", 8444) for source in everybody if source != "edge")


@pytest.mark.parametrize(("source", "target", "port"), [*pairs()])
def test_C20_only_the_declared_pairs_may_talk(source: str, target: str, port: int) -> None:
    found = policies()
    out = opens(found[source]["spec"].get("egress", []), "to", target, port)
    into = opens(found[target]["spec"].get("ingress", []), "from", source, port)
    wanted = (source, target, port) in allowed()
    # The edge's door is open to all clients; a service still needs to be let out.
    assert (out and into) is wanted
    assert out is wanted, f"{source} may leave for {target}"


def test_C20_whatever_has_no_rule_is_denied_both_ways() -> None:
    for name in ("tryout", "small", "production"):
        (deny,) = (p for p in of_kind(rendered(name), "NetworkPolicy") if p["metadata"]["name"] == "candor-deny")
        assert deny["spec"]["policyTypes"] == ["Ingress", "Egress"]
        assert not {"ingress", "egress"} & set(deny["spec"])


def test_C20_the_door_for_frontends_opens_to_the_portal_alone() -> None:
    for name in ("tryout", "small", "production"):
        ingress = next(p for p in of_kind(rendered(name), "NetworkPolicy") if p["metadata"]["name"] == "candor-edge")
        (rule,) = (rule for rule in ingress["spec"]["ingress"] if {"port": 8444} in rule["ports"])
        assert [matches(peer, "portal") for peer in rule["from"]] == [True]
        open_at = {
            service["metadata"]["name"]: service["spec"].get("type", "ClusterIP")
            for service in of_kind(rendered(name), "Service")
            if any(port["targetPort"] == "frontend" for port in service["spec"]["ports"] if "targetPort" in port)
        }
        assert open_at == {"candor-frontend": "ClusterIP"}


def test_C20_every_hop_is_encrypted_in_production() -> None:
    for name in ("small", "production"):
        for deployment in of_kind(rendered(name), "Deployment"):
            if component(deployment) == "edge":
                continue
            (container,) = deployment["spec"]["template"]["spec"]["containers"]
            assert container["readinessProbe"]["httpGet"]["scheme"] == "HTTPS", component(deployment)
            assert "CANDOR_TLS_CERT" in {env["name"] for env in container["env"]}, component(deployment)
        files = edge_config(rendered(name))["data"]
        envoy = yaml.safe_load(files["envoy.json"])["static_resources"]
        for hop in [*envoy["clusters"], *(chain for one in envoy["listeners"] for chain in one["filter_chains"])]:
            assert "TlsContext" in hop["transport_socket"]["typed_config"]["@type"], hop.get("name", "the door")
