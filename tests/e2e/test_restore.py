"""A customer brings back what they deleted, with the command, from a backup that a whole stack has taken."""

import asyncio
import os
import sys
from typing import Any

import aiohttp
import pytest

from shared.ids import new_id
from tests.support.fake_services import until
from tests.support.stack import StackUnderTest

LETTER = b"Dear Bob"


async def command(stack: StackUnderTest, *words: str) -> tuple[int, str]:
    """Run the restore command as the demo customer; return its exit code and all that it says."""
    customer = stack.access["customer"]
    line = (sys.executable, "-m", "services.sync", "restore", stack.url, *words, "--email", customer["email"])
    process = await asyncio.create_subprocess_exec(
        *line,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={"PATH": os.environ["PATH"], "CANDOR_PASSWORD": customer["password"]},
    )
    said, _ = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode is not None
    return process.returncode, said.decode()


def device_of(customer: Any) -> dict[str, str]:
    return {"Authorization": aiohttp.encode_basic_auth(customer["username"], customer["app_password"])}


async def bearer(http: aiohttp.ClientSession, person: Any) -> dict[str, str]:
    body = {"email": person["email"], "password": person["password"]}
    async with http.post("/v1/identity/sessions", json=body) as answer:
        return {"Authorization": f"Bearer {(await answer.json())['access_token']}"}


@pytest.fixture
async def backed_up(stack: StackUnderTest) -> str:
    """A letter that a backup holds, and that is deleted since; the id of the backup."""
    customer = stack.access["customer"]
    engineer = next(one for one in stack.access["staff"] if one["role"] == "engineer")
    device = device_of(customer)
    folder = f"/sync/{customer['username']}/letters"
    async with aiohttp.ClientSession(stack.url) as http:
        for method, path, body in (("MKCOL", folder, None), ("PUT", f"{folder}/bob.txt", LETTER)):
            async with http.request(method, path, data=body, headers=device) as answer:
                assert answer.status == 201
        once = {**await bearer(http, engineer), "Idempotency-Key": new_id("key")}
        async with http.post("/v1/sync/backups", headers=once) as answer:
            backup = str((await answer.json())["backup_id"])
        mine = await bearer(http, customer)

        async def held() -> bool:
            async with http.get("/v1/sync/backups/mine", headers=mine) as answer:
                return backup in {one["backup_id"] for one in (await answer.json())["items"]}

        await until(held, patience=60)
        async with http.delete(folder, headers=device) as answer:
            assert answer.status == 204
    return backup


async def test_what_was_deleted_comes_back_by_the_command(stack: StackUnderTest, backed_up: str) -> None:
    assert backed_up in (await command(stack))[1]
    code, said = await command(stack, "letters", "--backup", backed_up)
    assert code == 0, said
    place = said.partition("They are in: ")[2].strip()
    assert place.startswith("letters (restored ")
    customer = stack.access["customer"]
    path = f"{stack.url}/sync/{customer['username']}/{place}"
    async with aiohttp.ClientSession(headers=device_of(customer)) as http:
        async with http.get(f"{path}/bob.txt") as answer:
            assert await answer.read() == LETTER
        async with http.delete(path) as answer:
            assert answer.status == 204
