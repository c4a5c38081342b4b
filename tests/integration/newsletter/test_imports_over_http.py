"""Imports, segments, exports and webhooks over HTTP: who may, what is refused with which code, what comes back."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from services.newsletter.domain.subscriptions.consent import CURRENT_CONSENT, Consent, ConsentSource
from services.newsletter.domain.subscriptions.subscriptions import Subscription
from services.newsletter.store import Subscriptions
from shared.clock import utc_now
from shared.ids import new_id
from shared.web import Principal
from tests.support.http import Reply, Site, a_customer, a_member_of_staff
from tests.support.services import composed, serving_service

ROOT = "/v1/newsletter"
EDITOR, ADMIN = a_member_of_staff("support"), a_member_of_staff("admin")


@dataclass(frozen=True, kw_only=True)
class Client:
    """Calls the service as one of its users."""

    site: Site
    subscriptions: Subscriptions

    async def subscribe(self, list_id: str, *, account_id: str) -> None:
        """Store a confirmed subscription of an account."""
        at = utc_now()
        consent = Consent(
            consent_version=CURRENT_CONSENT.version, source=ConsentSource.PAGE, requested_at=at, confirmed_at=at
        )
        made = Subscription(
            subscription_id=new_id("sub"),
            subscriber_id=new_id("ssb"),
            list_id=list_id,
            account_id=account_id,
            consent=consent,
            subscribed_at=at,
        )
        await self.subscriptions.add(made, "ada@a.example")

    async def call(self, method: str, path: str, who: Principal, **options: Any) -> Reply:
        headers = {**self.site.trust.headers(who, at=utc_now()), "Idempotency-Key": new_id("key")}
        return await self.site.ask(method, ROOT + path, headers=headers, **options)

    async def a_list(self) -> str:
        made = await self.call("POST", "/lists", EDITOR, json={"name": "News"})
        assert made.status == 201, made
        return str(made.json["list_id"])

    async def upload(self, list_id: str, content: bytes, who: Principal = EDITOR) -> Reply:
        return await self.call("POST", f"/imports?list_id={list_id}", who, data=content)


@pytest.fixture
async def client(mongo_url: str, tmp_path: Path) -> AsyncIterator[Client]:
    async with (
        composed("newsletter", tmp_path, MONGO_URL=mongo_url, MONGO_DATABASE=new_id("test")) as one,
        serving_service(one) as served,
    ):
        yield Client(site=served, subscriptions=Subscriptions(one.chassis.db, one.chassis.vault))


async def test_staff_upload_a_file_read_what_is_wrong_and_decide(client: Client) -> None:
    list_id = await client.a_list()
    made = await client.upload(list_id, b"email;x\r\nada@a.example;1\r\nnobody;2\r\n")
    assert made.status == 201, made
    assert (made.json["state"], made.json["contact_count"], made.json["refused_count"]) == ("ready", 1, 1)
    assert made.json["refused_rows"] == [{"file": "", "line": 3, "code": "email_invalid"}]
    path = f"/imports/{made.json['import_id']}"
    body = {"action": "invite", "reason": "You asked us", "origin": "our fair of 2026"}
    started = await client.call("POST", f"{path}/start", EDITOR, json=body)
    assert (started.status, started.json["state"], started.json["reason"]) == (202, "running", "You asked us")
    assert (await client.call("POST", f"{path}/start", EDITOR, json=body)).code == "newsletter.import.not_ready"
    assert (await client.call("GET", path, EDITOR)).json["action"] == "invite"
    assert len((await client.call("GET", "/imports", EDITOR)).json["items"]) == 1
    assert (await client.call("POST", f"{path}/cancel", EDITOR)).json["state"] == "cancelled"
    assert (await client.call("GET", "/imports/imp_none", EDITOR)).code == "newsletter.import.not_found"


async def test_a_file_that_lies_is_a_problem_with_the_line_and_a_remedy(client: Client) -> None:
    refused = await client.upload(await client.a_list(), b'email,x\nada@a.example,"1\n')
    assert (refused.status, refused.code) == (422, "newsletter.import.file_invalid")
    assert refused.json["fields"][0]["field"] == "line.2"
    assert "upload the whole file again" in refused.json["remedy"]
    assert (await client.call("GET", "/imports", EDITOR)).json["items"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"action": "subscribe", "reason": "abc", "origin": "abc"}, "action"),
        ({"action": "invite", "reason": "a\nBcc: x", "origin": "abc"}, "reason"),
        ({"action": "invite", "reason": "abc", "origin": ""}, "origin"),
        ({"action": "invite", "reason": "abc"}, "origin"),
    ],
)
async def test_n19_no_action_subscribes_and_reason_and_origin_are_needed(
    client: Client, body: dict[str, str], field: str
) -> None:
    made = await client.upload(await client.a_list(), b"email\nada@a.example\n")
    refused = await client.call("POST", f"/imports/{made.json['import_id']}/start", EDITOR, json=body)
    assert refused.status == 422
    assert refused.json["fields"][0]["field"] == field


async def test_only_staff_upload_and_only_admins_export(client: Client) -> None:
    list_id = await client.a_list()
    assert (await client.upload(list_id, b"email\n", a_customer())).status == 403
    body = {"list_id": list_id, "reason": "yearly audit"}
    exported = await client.call("POST", "/exports", replace(ADMIN, auth_time=utc_now()), json=body)
    assert exported.status == 200, exported
    assert exported.body.decode().splitlines()[0].startswith("email,subscribed_at")
    assert exported.headers["Cache-Control"] == "no-store"
    assert (await client.call("POST", "/exports", EDITOR, json=body)).status == 403


async def test_n20_a_segment_with_an_operator_is_refused_with_its_place(client: Client) -> None:
    list_id = await client.a_list()
    good = {"list_id": list_id, "name": "New", "filter": {"field": "source", "is": "equal", "value": "page"}}
    made = await client.call("POST", "/segments", EDITOR, json=good)
    assert made.status == 201, made
    found = await client.call("GET", f"/segments/{made.json['segment_id']}", EDITOR)
    assert (found.json["subscriber_count"], found.json["segment"]["filter"]) == (0, good["filter"])
    bad = await client.call("POST", "/segments", EDITOR, json={**good, "filter": {"$where": "sleep(1000)"}})
    assert (bad.status, bad.code) == (422, "newsletter.segment.filter_invalid")
    assert bad.json["fields"][0]["field"] == "filter"
    assert (await client.call("DELETE", f"/segments/{made.json['segment_id']}", EDITOR)).status == 204


async def test_engineers_register_webhooks_and_see_the_secret_once(client: Client) -> None:
    body = {"url": "https://hooks.example.org/candor", "event_types": ["newsletter.campaign.sent.v1"], "note": "shop"}
    made = await client.call("POST", "/webhooks", ADMIN, json=body)
    assert made.status == 201, made
    assert made.json["secret"].startswith("whsec_")
    path = f"/webhooks/{made.json['endpoint']['endpoint_id']}"
    assert "secret" not in (await client.call("GET", path, ADMIN)).json
    assert (await client.call("POST", f"{path}/rotate-secret", ADMIN)).json["secret"] != made.json["secret"]
    assert (await client.call("POST", f"{path}/test", ADMIN)).status == 202
    assert len((await client.call("GET", f"{path}/deliveries", ADMIN)).json["items"]) == 1
    wrong = {**body, "event_types": ["identity.session.revoked.v1"]}
    assert (await client.call("POST", "/webhooks", ADMIN, json=wrong)).code == "webhook.event_type.unknown"
    wrong = {**body, "url": "https://user:x@hooks.example.org/"}
    assert (await client.call("POST", "/webhooks", ADMIN, json=wrong)).code == "webhook.target.not_allowed"
    assert (await client.call("POST", "/webhooks", EDITOR, json=body)).status == 403
    assert (await client.call("DELETE", path, ADMIN)).status == 204
    assert (await client.call("GET", path, ADMIN)).code == "webhook.endpoint.not_found"


async def test_a_frontend_shows_every_list_with_the_state_of_the_customer(client: Client) -> None:
    first, second = await client.a_list(), await client.a_list()
    await client.subscribe(second, account_id="acc_ada")
    shown = await client.call("GET", "/preferences/mine", a_customer("acc_ada"))
    states = {each["list"]["list_id"]: each["state"] for each in shown.json["items"]}
    assert states == {first: "none", second: "subscribed"}
    others = await client.call("GET", "/preferences/mine", a_customer("acc_eve"))
    assert {each["state"] for each in others.json["items"]} == {"none"}
    form = await client.site.get(f"{ROOT}/lists/{first}")
    assert form.json["consent_text"].startswith("Send me the emails of")
    assert (await client.site.get(f"{ROOT}/lists/lst_none")).code == "newsletter.list.not_found"
