"""Chapters 7 and 8: everything is handed over, then everything is gone."""

import io
import zipfile

import aiohttp

from shared.registry import get_registry
from tests.demo.story import expect, step
from tests.demo.world import Person, World, link_in

SERVICES = set(get_registry().with_personal_data)


@step("Ada exports everything: one archive with the data of all services", "C26")
async def export(world: World) -> str:
    asked = await world.call("POST", "/v1/identity/exports", by=world.ada, once=True, expected=202)
    path = f"/v1/identity/exports/{asked['export_id']}"
    ready = await world.until(path, by=world.ada, key="state", is_="ready")
    expect({part["service"] for part in ready["parts"]} == SERVICES, "all services")
    headers = {"Authorization": f"Bearer {world.ada.token}"}
    async with world.http.get(f"{world.base_url}{path}/archive", headers=headers) as answer:
        expect(answer.status == 200, f"the archive, not {answer.status}")
        content = await answer.read()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        expect(archive.testzip() is None, "a sound archive")
        names = archive.namelist()
    expect({name.split("/")[0] for name in names} >= SERVICES, "a folder for each service")
    expect(any(name.endswith("large.bin") for name in names), "her files")
    return f"{len(names)} entries, {len(content):,} bytes, deadline would have been {asked['deadline'][:10]}"


@step("Ada asks to be forgotten: receipts of all services", "C31")
async def erase(world: World) -> str:
    body = {"password": world.ada.password}
    asked = await world.call("POST", "/v1/identity/erasures", by=world.ada, json_body=body, once=True, expected=202)
    done = await world.until(f"/v1/identity/erasures/{asked['erasure_id']}", by=None, key="state", is_="completed")
    receipts = {receipt["service"]: receipt for receipt in done["receipts"]}
    expect(set(receipts) == SERVICES, "a receipt of each")
    gone = sum(sum(receipt["erased_counts"].values()) for receipt in receipts.values())
    return f"{gone} documents gone; {len(receipts)} receipts; her files cannot be decrypted any more"


@step("The log-in no longer works, nor do the token and the app password", "C22", "C31")
async def locked_out(world: World) -> str:
    await world.call("GET", "/v1/identity/me", by=world.ada, expected=401)
    body = {"email": world.ada.email, "password": world.ada.password}
    await world.call("POST", "/v1/identity/sessions", json_body=body, expected=401)
    auth = f"{world.base_url}/sync/{world.ada.username}/"

    basic = aiohttp.encode_basic_auth(world.ada.username, world.ada.app_password)
    async with world.http.request("PROPFIND", auth, headers={"Authorization": basic, "Depth": "0"}) as answer:
        expect(answer.status == 401, f"401 at the sync server, not {answer.status}")
    return "401 at the account, at the log-in and at the sync server"


@step("The address can sign up again, and finds nothing of the old account", "C31")
async def sign_up_again(world: World) -> str:
    again = Person(email=world.ada.email, password=world.ada.password)
    screen = {"birth_year": 1985, "birth_month": 12}
    token = (await world.call("POST", "/v1/identity/age-screens", json_body=screen))["age_token"]
    body = {"age_token": token, "email": again.email, "password": again.password}
    before = {mail["id"] for mail in await world.mails_to(again)}
    await world.call("POST", "/v1/identity/accounts", json_body=body, expected=202)
    mail = await world.mail_to(again, about="confirm", but=before)
    verified = {"token": link_in(mail, "/account/verify")}
    again.account_id = (await world.call("POST", "/v1/identity/verifications", json_body=verified))["account_id"]
    await world.log_in(again)
    usage = await world.call("GET", "/v1/sync/usage", by=again)
    expect(usage["files"] == 0 and again.account_id != world.ada.account_id, "an empty, new account")
    return f"{again.account_id} is new and empty"


STEPS = [export, erase, locked_out, sign_up_again]
