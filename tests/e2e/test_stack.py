"""The local stack as the person meets it who runs it."""

import asyncio
import os
import signal
import smtplib
import stat
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest

from shared.stack.directory import StackDirectory, write_private_file
from shared.stack.keys import STAFF_ROLES
from shared.stack.parts.mailbox import start as mailbox_part
from shared.stack.settings import SERVICES
from tests.support.parts import free_ports
from tests.support.stack import StackUnderTest, processes_of


async def status(url: str) -> int:
    """Return the status that *url* answers with; 0 when nothing answers."""
    try:
        async with aiohttp.ClientSession() as http, http.get(url) as answer:
            return answer.status
    except aiohttp.ClientError:
        return 0


async def becomes(url: str, wanted: int) -> None:
    """Wait until *url* answers with *wanted*."""
    async with asyncio.timeout(60):
        while await status(url) != wanted:  # noqa: ASYNC110 - it is another process that changes
            await asyncio.sleep(0.1)


async def test_every_part_is_ready_and_the_edge_says_so(stack: StackUnderTest) -> None:
    assert stack.report.waiting_parts == []
    assert {*SERVICES, "newsletter-inbound", "edge", "mongo", "rabbit", "epmd", "mailbox"} == set(stack.report.parts)
    assert await status(f"{stack.url}/healthz") == 200
    assert stack.run("status").returncode == 0


def test_the_listener_takes_mail_for_our_addresses_and_for_no_others(stack: StackUnderTest) -> None:
    address, _, domain = stack.report.inbound.partition("  for ")
    place = urlsplit(address)
    with smtplib.SMTP(place.hostname or "", place.port or 0, timeout=20) as server:
        assert server.sendmail("ada@customers.example", [f"support@{domain}"], "Subject: Hello\n\nA question.") == {}
        assert server.docmd("MAIL FROM:<>")[0] == 250
        assert server.docmd("RCPT TO:<somebody@other.example>")[0] == 550
    assert "Inbound mail" in stack.run("status").stdout


@pytest.mark.parametrize("path", ["/", "/docs", "/openapi.json", "/promises", "/mailbox", "/.well-known/security.txt"])
async def test_what_the_table_names_is_there(stack: StackUnderTest, path: str) -> None:
    assert await status(stack.url + path) == 200


@pytest.mark.parametrize("path", ["/metrics", "/readyz", "/v1/nobody", "/v1/identity/metrics"])
async def test_what_is_for_operators_does_not_lead_through_the_edge(stack: StackUnderTest, path: str) -> None:
    assert await status(stack.url + path) == 404


def test_access_json_holds_the_demo_people_and_is_closed_to_others(stack: StackUnderTest) -> None:
    assert stat.S_IMODE(stack.home.access_file.stat().st_mode) == 0o600
    access = stack.access
    assert set(access) == {"base_url", "mailbox_url", "customer", "staff", "partner"}
    assert (access["base_url"], access["mailbox_url"]) == (stack.url, f"{stack.url}/mailbox")
    assert set(access["customer"]) == {"email", "password", "username", "app_password"}
    assert set(access["partner"]) == {"client_id", "client_secret", "scopes"}
    assert [member["role"] for member in access["staff"]] == list(STAFF_ROLES)
    assert all(set(member) == {"role", "email", "password"} for member in access["staff"])


async def test_the_demo_people_can_do_what_they_are_for(stack: StackUnderTest) -> None:
    access = stack.access
    customer, partner = access["customer"], access["partner"]
    async with aiohttp.ClientSession(stack.url) as http:
        for person in (customer, *access["staff"]):
            body = {"email": person["email"], "password": person["password"]}
            async with http.post("/v1/identity/sessions", json=body) as answer:
                assert answer.status == 201, person["email"]
        device = {"Authorization": aiohttp.encode_basic_auth(customer["username"], customer["app_password"])}
        top = f"/sync/{customer['username']}/"
        async with http.request("PROPFIND", top, headers={**device, "Depth": "0"}) as answer:
            assert answer.status == 207
        client = {"Authorization": aiohttp.encode_basic_auth(partner["client_id"], partner["client_secret"])}
        async with http.post("/oauth/token", data={"grant_type": "client_credentials"}, headers=client) as answer:
            assert answer.status == 200


def test_a_second_up_says_that_it_runs_already(stack: StackUnderTest) -> None:
    before = stack.report.pids
    again = stack.run("up")
    assert again.returncode == 0
    assert f"A stack is already running in {stack.home.root}" in again.stdout
    assert stack.url in again.stdout
    assert stack.report.pids == before


def test_a_second_run_is_told_who_holds_the_folder(stack: StackUnderTest) -> None:
    refused = stack.run("run")
    assert refused.returncode == 2
    assert f"CANDOR_HOME={stack.home.root} is in use" in refused.stdout
    assert "Traceback" not in refused.stdout + refused.stderr


def test_a_second_stack_on_the_same_ports_is_told_which(stack: StackUnderTest, tmp_path: Path) -> None:
    other = StackUnderTest(StackDirectory(tmp_path), stack.ports)
    refused = other.run("up")
    assert refused.returncode == 2
    assert f"port {stack.ports['edge']} (edge)" in refused.stdout


async def test_a_service_that_is_killed_comes_back_by_itself(stack: StackUnderTest) -> None:
    before = stack.report.parts["telemetry"]["pid"]
    os.kill(before, signal.SIGKILL)
    async with asyncio.timeout(60):
        while stack.report.parts["telemetry"]["pid"] in {0, before} or stack.report.waiting_parts:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.1)
    assert await status(stack.ports.build_url("telemetry", "/readyz")) == 200
    await becomes(f"{stack.url}/healthz", 200)


async def test_production_has_no_mailbox_and_no_demo_people_and_down_leaves_nothing(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("production")
    async with mailbox_part(ports=free_ports(), data=folder / "relay", log=folder / "relay.log") as relay:
        settings = {
            "CANDOR_MODE": "production",
            "CANDOR_PUBLIC_URL": "https://candor.example",
            "PAYMENTS_PROCESSOR": "simulator",
            "SMTP_URL": relay,
        }
        production = StackUnderTest(StackDirectory(folder / "home"), settings=settings)
        write_private_file(production.home.access_file, '{"left": "by a local stack"}')
        started = await asyncio.to_thread(production.run, "up")
        try:
            assert started.returncode == 0, started.stdout
            assert await status(f"{production.url}/healthz") == 200
            assert await status(f"{production.url}/mailbox") == 404
            assert not production.home.access_file.exists()
            running = production.report
            assert len(processes_of(running)) > len(running.parts)
        finally:
            ended = await asyncio.to_thread(production.run, "down")
    assert "Stopped" in ended.stdout
    assert processes_of(running) == set()
    assert not production.home.is_locked()


def test_a_part_that_does_not_start_is_named_and_nothing_is_left(tmp_path_factory: pytest.TempPathFactory) -> None:
    home = StackDirectory(tmp_path_factory.mktemp("failing"))
    failing = StackUnderTest(home, settings={"PAYMENTS_RECONCILE_AFTER_SECONDS": "soon"})
    started = failing.run("up")
    assert started.returncode == 1
    assert "✗ payments " in started.stdout
    assert "(exit code 2)" in started.stdout
    assert "PAYMENTS_RECONCILE_AFTER_SECONDS='soon' is not a number of seconds" in started.stdout
    assert processes_of(failing.report) == set()
