"""The listener for mail that comes in: a process of newsletter, reachable by mail servers and by nobody else."""

import hashlib
from typing import Any

import helm_python
import pytest

from shared.registry import get_registry
from tests.chart.rendering import Manifest, component, example, of_kind, render, rendered

ENABLED: dict[str, Any] = {"inbound": {"enabled": True, "domain": "in.example.org"}}


def container_of(name: str, manifests: tuple[Manifest, ...]) -> dict[str, Any]:
    (found,) = (one for one in of_kind(manifests, "Deployment") if component(one) == name)
    (container,) = found["spec"]["template"]["spec"]["containers"]
    return dict(container)


def env_of(name: str, manifests: tuple[Manifest, ...]) -> dict[str, str]:
    return {each["name"]: each["value"] for each in container_of(name, manifests)["env"]}


def policy_of(name: str, manifests: tuple[Manifest, ...]) -> dict[str, Any]:
    (found,) = (p for p in of_kind(manifests, "NetworkPolicy") if p["metadata"]["name"] == f"candor-{name}")
    return dict(found["spec"])


def test_it_runs_only_where_it_is_switched_on() -> None:
    running = {
        name: {component(one) for one in of_kind(rendered(name), "Deployment")} for name in ("small", "production")
    }
    assert "inbound" not in running["small"]
    assert "inbound" in running["production"]


def test_it_is_a_process_of_newsletter_with_starttls() -> None:
    container = container_of("inbound", rendered("production"))
    assert container["args"] == ["services.newsletter", "inbound"]
    env = env_of("inbound", rendered("production"))
    mounts = {each["mountPath"] for each in container["volumeMounts"]}
    assert env["NEWSLETTER_INBOUND_TLS_CERT"].rpartition("/")[0] in mounts
    assert {"name": "smtp", "containerPort": int(env["NEWSLETTER_INBOUND_PORT"])} in container["ports"]
    assert int(env["NEWSLETTER_INBOUND_PORT"]) >= 1024, "it does not run as root"


def test_the_service_for_mail_has_no_port_for_operators() -> None:
    services = {one["metadata"]["name"]: one["spec"] for one in of_kind(rendered("production"), "Service")}
    assert services["candor-smtp"]["ports"] == [{"name": "smtp", "port": 25, "targetPort": "smtp"}]
    assert services["candor-smtp"]["type"] == "LoadBalancer"
    assert services["candor-inbound"]["clusterIP"] == "None"


def test_C20_only_mail_servers_reach_it_and_it_reaches_database_and_broker_only() -> None:
    manifests = tuple(render({**example("tryout"), **ENABLED}))
    policy = policy_of("inbound", manifests)
    assert policy["ingress"] == [{"ports": [{"port": 2525}]}]
    ports = {port["port"] for rule in policy["egress"] for port in rule["ports"]}
    assert ports == {53, 27017, 5672}
    for part in ("mongo", "rabbitmq"):
        [rule, *_] = policy_of(part, manifests)["ingress"]
        names = {each["podSelector"]["matchLabels"]["app.kubernetes.io/component"] for each in rule["from"]}
        assert "inbound" in names, part
    edge = {port["port"] for rule in policy_of("edge", manifests)["egress"] for port in rule["ports"]}
    assert 2525 not in edge


def test_only_the_listener_has_the_key_that_makes_every_return_address() -> None:
    manifests = rendered("production")
    named = {component(one) for one in of_kind(manifests, "Deployment") if "RETURN_PATH_MASTER" in str(one)}
    assert named == {"inbound"}
    for service in get_registry():
        has_key = "CANDOR_RETURN_PATH_KEY_FILE" in env_of(service.name, manifests)
        assert has_key is (service.sends_mail and service.has_broker), service.name


def test_the_keys_of_the_try_out_are_derived_from_the_master() -> None:
    secrets = {one["metadata"]["name"]: one["stringData"] for one in of_kind(rendered("tryout"), "Secret")}
    master = secrets["candor-newsletter"]["RETURN_PATH_MASTER"]
    for service in get_registry():
        expected = hashlib.sha256(f"{master}:{service.name}".encode()).hexdigest() if service.sends_mail else None
        assert secrets[f"candor-{service.name}"].get("RETURN_PATH_KEY") == expected, service.name


def test_a_missing_domain_is_refused_by_its_name() -> None:
    with pytest.raises(helm_python.HelmError, match="domain"):
        render({**example("small"), "inbound": {"enabled": True}})
