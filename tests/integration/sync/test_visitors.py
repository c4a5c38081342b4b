"""Who comes in: app passwords, asked about once a minute, dropped when they are revoked."""

import asyncio
import base64
from collections.abc import AsyncIterator

import pytest

from services.sync.errors import InvalidDeviceCredentialsError
from shared.errors import TooManyRequestsError
from shared.settings import Secret
from tests.integration.sync.harness import DavClient, SyncHarness
from tests.support.fake_services import until
from tests.support.http import Reply


async def test_a_wrong_password_is_401_and_told_nothing(ada: DavClient, harness: SyncHarness) -> None:
    await ada.put("a.txt", b"a")
    for username, password in ((ada.username, "wrong"), ("nobody", ada.password), (ada.username, "")):
        stranger = DavClient(url=harness.url, http=harness.http, username=username, device="", password=password)
        for path in ("a.txt", "no-such.txt"):
            reply = await stranger.get(path)
            assert (reply.status, reply.code) == (401, "sync.credentials.invalid")
            assert reply.headers["WWW-Authenticate"].startswith('Basic realm="')


async def test_malformed_credentials_are_401(ada: DavClient, harness: SyncHarness) -> None:
    for value in ("", "Basic", "Basic !!!", "Basic bm9jb2xvbg==", "Bearer x", "Basic " + "A" * 4000):
        async with harness.http.get(harness.url + ada.path(""), headers={"Authorization": value}) as reply:
            assert reply.status == 401


async def test_somebody_elses_tree_is_403_whether_it_exists_or_not(ada: DavClient, harness: SyncHarness) -> None:
    bob = harness.device()
    await bob.put("secret.txt", b"")
    replies = [
        await ada.raw("PROPFIND", target, {"Depth": "0"})
        for target in (bob.path(""), bob.path("secret.txt"), "/sync/nobody/", f"/sync/{ada.username}x/")
    ]
    assert {(reply.status, reply.json["detail"]) for reply in replies} == {
        (403, "This tree belongs to another account.")
    }


async def test_a_device_that_may_only_read_cannot_write(ada: DavClient, harness: SyncHarness) -> None:
    await ada.put("a.txt", b"a")
    reader = harness.device(ada.username, scope="read")
    refused: list[Reply] = [
        await reader.put("a.txt", b"b"),
        await reader.delete("a.txt"),
        await reader.mkcol("new"),
        await reader.copy("a.txt", "b.txt"),
        await reader.move("a.txt", "b.txt"),
        await reader.ask("PROPPATCH", "a.txt"),
        await reader.ask("LOCK", "a.txt"),
        await reader.ask("UNLOCK", "a.txt"),
    ]
    assert {(reply.status, reply.code) for reply in refused} == {(403, "sync.app_password.read_only")}
    assert (await reader.get("a.txt")).body == b"a"


async def test_identity_is_asked_once_however_many_requests_come(ada: DavClient, harness: SyncHarness) -> None:
    before = harness.devices.asked
    await asyncio.gather(*(ada.ask("PROPFIND", "", {"Depth": "0"}) for _ in range(16)))
    await ada.ask("PROPFIND", "", {"Depth": "0"})
    assert harness.devices.asked == before + 1


async def test_a_revoked_app_password_is_refused_at_once(ada: DavClient, harness: SyncHarness) -> None:
    other = harness.device(ada.username)
    await asyncio.gather(ada.get(""), other.get(""))
    del harness.devices.known[ada.username, ada.password]
    harness.sync.devices.invalidate_device(ada.device)
    assert (await ada.get("")).status == 401
    assert (await other.ask("PROPFIND", "", {"Depth": "0"})).status == 207


async def test_an_answer_that_was_overtaken_by_a_revocation_is_not_remembered(
    ada: DavClient, harness: SyncHarness
) -> None:
    visitors, before = harness.sync.devices, harness.devices.asked
    first = asyncio.create_task(visitors.authenticate(ada.username, Secret(ada.password), writes=False, client="ada's"))
    await asyncio.sleep(0)
    visitors.invalidate_device(ada.device)
    await first
    await visitors.authenticate(ada.username, Secret(ada.password), writes=False, client="ada's")
    assert harness.devices.asked == before + 2


async def test_an_upload_whose_password_is_revoked_meanwhile_is_not_stored(
    ada: DavClient, harness: SyncHarness
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"x" * 200_000
        await until(lambda: harness.has_room_reserved(ada))
        del harness.devices.known[ada.username, ada.password]
        harness.sync.devices.invalidate_device(ada.device)
        yield b"x" * 200_000

    assert (await ada.ask("PUT", "late.bin", {}, pieces())).status == 401
    reader = harness.device(ada.username)
    assert await reader.names() == set()


async def test_a_refused_request_does_not_poison_the_connection(ada: DavClient, harness: SyncHarness) -> None:
    host, _, port = harness.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    right = base64.b64encode(f"{ada.username}:{ada.password}".encode()).decode()
    for header, status in (("", b"401"), (f"Authorization: Basic {right}\r\n", b"201")):
        writer.write(
            f"PUT {ada.path('a.txt')} HTTP/1.1\r\nHost: x\r\n{header}Content-Length: 1000\r\n\r\n".encode()
            + b"x" * 1000
        )
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        assert head.split()[1] == status
        length = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
        await reader.readexactly(int(length.split(b":")[1]))
    writer.close()


async def test_who_guesses_is_not_heard_for_a_while_and_nobody_else_notices(
    ada: DavClient, harness: SyncHarness
) -> None:
    visitors = harness.sync.devices
    for number in range(60):
        with pytest.raises(InvalidDeviceCredentialsError):
            await visitors.authenticate(ada.username, Secret(f"guess {number}"), writes=False, client="mallory")
    asked = harness.devices.asked
    with pytest.raises(TooManyRequestsError):
        await visitors.authenticate(ada.username, Secret("another guess"), writes=False, client="mallory")
    assert harness.devices.asked == asked
    assert (await ada.ask("PROPFIND", "", {"Depth": "0"})).status == 207
