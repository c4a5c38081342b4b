"""What an operator asks on a service's own port, and what the metrics may never hold."""

import re
from collections.abc import AsyncIterator

import pytest

from shared.ids import new_id
from shared.web import PUBLIC, Health, RequestContext, View, get
from shared.web.errors import ServiceNotReadyError, ServiceStartingError
from tests.support.http import Site, serving
from tests.support.logs import Lines


class Done(View):
    done: bool = True


async def done(call: RequestContext) -> Done:
    """Do it."""
    return Done()


@pytest.fixture
def health() -> Health:
    return Health(("mongo", "rabbitmq"))


@pytest.fixture
async def demo(health: Health) -> AsyncIterator[Site]:
    route = get("/v1/demo/things/{thing_id}", done, access=PUBLIC)
    async with serving(route, health=health) as site:
        yield site


def ready(health: Health) -> None:
    health.set_status("mongo", ok=True)
    health.set_status("rabbitmq", ok=True)


def test_a_process_is_ready_when_all_its_parts_are(health: Health) -> None:
    assert not health.ready
    health.set_status("mongo", ok=True)
    with pytest.raises(ServiceNotReadyError, match="Waiting for rabbitmq"):
        health.check_ready()
    health.set_status("rabbitmq", ok=True)
    health.check_ready()


def test_it_has_started_once_and_for_good(health: Health) -> None:
    with pytest.raises(ServiceStartingError):
        health.check_started()
    ready(health)
    health.set_status("mongo", ok=False)
    health.check_started()
    assert not health.ready


async def test_alive_says_so_whatever_is_missing(demo: Site) -> None:
    reply = await demo.get("/healthz")
    assert (reply.status, reply.json) == (200, {"status": "ok", "service": "demo"})


async def test_not_ready_names_what_is_missing_and_why(demo: Site, health: Health) -> None:
    health.set_status("rabbitmq", ok=True)
    health.set_status("mongo", ok=False, reason="The database does not answer")
    reply = await demo.get("/readyz")
    assert (reply.status, reply.code) == (503, "core.service.not_ready")
    assert reply.json["fields"] == [{"field": "mongo", "code": "missing", "message": "The database does not answer"}]


async def test_ready_says_so(demo: Site, health: Health) -> None:
    ready(health)
    reply = await demo.get("/readyz")
    assert (reply.status, reply.json) == (200, {"status": "ok", "service": "demo"})


async def test_the_metrics_are_read_by_prometheus(demo: Site) -> None:
    reply = await demo.get("/metrics")
    assert reply.headers["Content-Type"].startswith("text/plain; version=")
    assert "# TYPE candor_http_request_duration_seconds histogram" in reply.body.decode()
    assert "process_resident_memory_bytes" in reply.body.decode()


async def test_no_label_ever_holds_a_path_or_a_method_that_a_caller_made_up(
    demo: Site, health: Health, logged: Lines
) -> None:
    ready(health)
    made_up = [new_id("path") for _ in range(50)]
    for each in made_up:
        await demo.get(f"/v1/demo/things/{each}")
        await demo.get(f"/{each}/x?q={each}")
        await demo.ask("PROPFIND", f"/v1/demo/things/{each}")
        await demo.say(f"MKACTIVITY /{each} HTTP/1.1\r\nHost: {each}\r\n\r\n".encode())
        await demo.say(f"{each.upper()} /{each} HTTP/1.1\r\nHost: {each}\r\n\r\n".encode())
    metrics = (await demo.get("/metrics")).body.decode()
    told = metrics + str(logged())
    assert not [each for each in made_up if each in told or each.upper() in told]
    counted = {
        (found["method"], found["route"], found["status"])
        for line in metrics.splitlines()
        if line.startswith("candor_http_request_duration_seconds_count")
        for found in [dict(re.findall(r'(\w+)="([^"]*)"', line))]
    }
    assert "MKACTIVITY" not in told
    assert {
        ("GET", "/v1/demo/things/{thing_id}", "200"),
        ("GET", "unmatched", "404"),
        ("PROPFIND", "unmatched", "405"),
        ("OTHER", "unmatched", "404"),
        ("OTHER", "unparsable", "400"),
    } <= counted


async def test_the_api_reference_is_on_the_service_and_under_its_public_address(demo: Site, health: Health) -> None:
    own = await demo.get("/openapi.json")
    assert (await demo.get("/v1/demo/openapi.json")).code == "core.service.starting"
    ready(health)
    assert own.json == (await demo.get("/v1/demo/openapi.json")).json
    assert "/v1/demo/things/{thing_id}" in own.json["paths"]
