"""Break-glass: two people, an hour, names and state files; never contents, and the owner sees each look (C12)."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Literal

import pytest

from services.sync.domain.inspections import INSPECTION_DURATION
from services.sync.store.documents import InspectionAccessDocument, InspectionDocument
from shared.bus.outbox import OutboxDocument
from shared.clock import utc_now
from shared.contracts import common_v1, sync_v1
from shared.ids import new_id
from shared.policy import PromiseState
from shared.web import Principal
from tests.integration.sync.harness import DavClient, SyncHarness
from tests.support import RawWriter
from tests.support.http import Reply

REASON = {"reason": "The customer's device reports a conflict that is not there."}


@dataclass(slots=True, kw_only=True)
class Staff:
    """A member of staff."""

    harness: SyncHarness
    id: str
    token: str

    async def ask(self, method: str, path: str, body: Any = None) -> Reply:
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": new_id("key")}
        url = f"{self.harness.url}/v1/sync/inspections{path}"
        async with self.harness.http.request(method, url, headers=headers, json=body) as reply:
            return Reply(reply.status, reply.headers, await reply.read())


@pytest.fixture
def sam(harness: SyncHarness) -> Staff:
    """Support."""
    return _staff(harness, "support")


@pytest.fixture
def kim(harness: SyncHarness) -> Staff:
    """Security."""
    return _staff(harness, "security")


def _staff(harness: SyncHarness, *roles: str) -> Staff:
    return _person(harness, "staff", new_id("acc"), *roles)


def _person(harness: SyncHarness, kind: Literal["staff", "customer"], who: str, *roles: str) -> Staff:
    principal = Principal(kind=kind, id=who, session=f"ses_{who}", roles=frozenset(roles), auth_time=utc_now())
    return Staff(harness=harness, id=who, token=harness.trust.token(principal, at=utc_now()))


async def _asked(sam: Staff, ada: DavClient) -> str:
    reply = await sam.ask("POST", "", {"account_id": ada.account, **REASON})
    assert reply.status == 201, reply
    return str(reply.json["inspection_id"])


async def _open(sam: Staff, kim: Staff, ada: DavClient) -> str:
    inspection = await _asked(sam, ada)
    assert (await kim.ask("POST", f"/{inspection}/approvals")).status == 200
    return inspection


async def _names(sam: Staff, inspection: str, folder: str = "") -> dict[str, str]:
    reply = await sam.ask("GET", f"/{inspection}/names?folder={folder}")
    assert reply.status == 200, reply
    return {item["name"]: item["node_id"] for item in reply.json["items"]}


async def _told(harness: SyncHarness, ada: DavClient, kind: type[Any]) -> list[Any]:
    rows = await harness.chassis.db.get_collection(OutboxDocument).list({"event_subject": ada.account})
    named = [row for row in rows if row.type.endswith(_TYPES[kind])]
    return [kind.FromString(row.body) for row in named]


_TYPES = {
    common_v1.PersonalDataAccessed: "personal_data.accessed.v1",
    sync_v1.InspectionOpened: "inspection.opened.v1",
    sync_v1.InspectionEnded: "inspection.ended.v1",
}


async def test_C12_nothing_is_shown_before_a_second_person_has_approved(ada: DavClient, sam: Staff, kim: Staff) -> None:
    await ada.put("plan.txt", b"secret")
    inspection = await _asked(sam, ada)
    assert (await sam.ask("GET", f"/{inspection}/names")).status == 409
    assert (await sam.ask("POST", f"/{inspection}/approvals")).status == 403, "support cannot approve"
    assert (await kim.ask("POST", f"/{inspection}/approvals")).status == 200
    assert list(await _names(sam, inspection)) == ["plan.txt"]
    assert (await kim.ask("GET", f"/{inspection}/names")).status == 403, "who approves does not look"


async def test_C12_who_asks_cannot_approve_whatever_their_roles(ada: DavClient, harness: SyncHarness) -> None:
    both = _staff(harness, "support", "security")
    inspection = await _asked(both, ada)
    refused = await both.ask("POST", f"/{inspection}/approvals")
    assert (refused.status, refused.code) == (409, "auth.second_person.required")


async def test_C12_names_and_state_files_are_shown_and_nothing_else(ada: DavClient, sam: Staff, kim: Staff) -> None:
    await ada.put("plan.txt", b"secret")
    await ada.put("phone.client", b"<state/>")
    await ada.put("large.client", b"x" * 100_000)
    await ada.mkcol("box")
    await ada.put("box/inside.txt", b"secret")
    inspection = await _open(sam, kim, ada)
    names = await _names(sam, inspection)
    assert set(names) == {"plan.txt", "phone.client", "large.client", "box"}
    assert set(await _names(sam, inspection, names["box"])) == {"inside.txt"}
    state = await sam.ask("GET", f"/{inspection}/client-states/{names['phone.client']}")
    assert state.json == {"text": "<state/>"}
    for name in ("plan.txt", "large.client", "box"):
        refused = await sam.ask("GET", f"/{inspection}/client-states/{names[name]}")
        assert (refused.status, refused.code) == (403, "sync.file.not_client_state")
        assert b"secret" not in refused.body


async def test_C12_the_tree_of_somebody_else_is_out_of_sight(
    ada: DavClient, harness: SyncHarness, sam: Staff, kim: Staff
) -> None:
    bob = harness.device()
    await bob.put("bobs.client", b"bob")
    await ada.put("a.txt", b"a")
    inspection = await _open(sam, kim, ada)
    node = (await _names(sam, await _open(sam, kim, bob)))["bobs.client"]
    assert (await sam.ask("GET", f"/{inspection}/client-states/{node}")).status == 404
    assert await _names(sam, inspection, f"root:{bob.account}") == {}


async def test_C12_the_owner_is_told_of_each_look_and_of_the_end(
    ada: DavClient, harness: SyncHarness, sam: Staff, kim: Staff
) -> None:
    await ada.put("phone.client", b"<state/>")
    inspection = await _open(sam, kim, ada)
    names = await _names(sam, inspection)
    await sam.ask("GET", f"/{inspection}/client-states/{names['phone.client']}")
    shown = await _told(harness, ada, common_v1.PersonalDataAccessed)
    assert sorted(fact.fields[0] for fact in shown) == ["sync.nodes.client_state", "sync.nodes.name"]
    assert {(fact.recipient_id, fact.purpose, fact.basis) for fact in shown} == {(sam.id, "operations", inspection)}
    assert (await sam.ask("POST", f"/{inspection}/end")).json["access_count"] == 2
    (ended,) = await _told(harness, ada, sync_v1.InspectionEnded)
    assert (ended.inspection_id, ended.access_count) == (inspection, 2)
    assert (await sam.ask("GET", f"/{inspection}/names")).status == 409


async def test_C12_it_ends_by_itself_after_an_hour(
    ada: DavClient, harness: SyncHarness, sam: Staff, kim: Staff
) -> None:
    await ada.put("a.txt", b"a")
    inspection = await _open(sam, kim, ada)
    later = utc_now() + INSPECTION_DURATION
    inspections = replace(harness.sync.inspections, clock=lambda: later)
    await inspections.end_expired()
    assert (await sam.ask("GET", f"/{inspection}/names")).status == 409
    assert len(await _told(harness, ada, sync_v1.InspectionEnded)) == 1


async def test_C12_how_many_there_were_is_public_and_outlives_the_account(
    ada: DavClient, harness: SyncHarness, sam: Staff, kim: Staff
) -> None:
    async def opened() -> int:
        async with harness.http.get(f"{harness.url}/v1/sync/inspections/count") as reply:
            return int((await reply.json())["opened"])

    await ada.put("a.txt", b"a")
    before = await opened()
    await _asked(sam, ada)
    assert await opened() == before
    await _open(sam, kim, ada)
    assert await opened() == before + 1
    await harness.chassis.db.with_transaction(
        lambda: harness.sync.account_eraser.start(ada.account, new_id("era"), at=utc_now())
    )
    await harness.sync.account_eraser.complete_pending()
    assert await harness.chassis.db.get_collection(InspectionDocument).count_documents({"account": ada.account}) == 0
    assert await opened() == before + 1


async def test_a_reason_is_needed_and_customers_stay_outside(ada: DavClient, sam: Staff, harness: SyncHarness) -> None:
    assert (await sam.ask("POST", "", {"account_id": ada.account, "reason": "why"})).status == 422
    assert (await sam.ask("GET", "/ins_unknown/names")).status == 404
    customer = _person(harness, "customer", ada.account)
    assert (await customer.ask("GET", "")).status == 403
    assert (await customer.ask("POST", "", {"account_id": ada.account, **REASON})).status == 403


_NOW = utc_now()
_GOOD = {
    "account": "acc_planted",
    "reason": "planted",
    "requested_by": "stf_a",
    "requested_at": _NOW - timedelta(minutes=50),
    "expires_at": _NOW + timedelta(minutes=20),
    "approved_by": "stf_b",
    "approved_at": _NOW - timedelta(minutes=40),
    "ended_at": None,
    "access_count": 1,
}
_LOOK = {"account": "acc_planted", "by": "stf_a", "at": _NOW - timedelta(minutes=30), "scope": "names", "node": ""}


@pytest.mark.parametrize(
    ("inspection", "look"),
    [
        ({"approved_by": "stf_a"}, {}),
        ({"approved_by": None, "approved_at": None}, {}),
        ({"approved_by": None, "approved_at": None, "access_count": 0}, {}),
        ({"expires_at": _NOW + timedelta(hours=5)}, {}),
        ({"expires_at": _NOW - timedelta(hours=2), "approved_at": _NOW - timedelta(hours=3)}, {}),
        ({}, {"scope": "contents"}),
        ({}, {"by": "stf_c"}),
        ({}, {"account": "acc_other"}),
        ({}, {"at": _NOW - timedelta(minutes=45)}),
        ({}, {"inspection": "ins_none"}),
        ({"access_count": 2}, {}),
    ],
)
async def test_C12_the_probe_sees_a_look_that_was_not_allowed(
    harness: SyncHarness, planter: RawWriter, inspection: dict[str, object], look: dict[str, object]
) -> None:
    db, probe = harness.chassis.db, harness.sync.probes.accesses_are_allowed
    for rows in (InspectionDocument, InspectionAccessDocument):
        await db.get_collection(rows).delete_many({})
    key = new_id("ins")
    await planter.write_raw(db, InspectionDocument.collection, {"_id": key, **_GOOD})
    await planter.write_raw(db, InspectionAccessDocument.collection, {"_id": new_id("led"), "inspection": key, **_LOOK})
    assert (await probe()).state is PromiseState.KEPT
    for rows in (InspectionDocument, InspectionAccessDocument):
        await db.get_collection(rows).delete_many({})
    await planter.write_raw(db, InspectionDocument.collection, {"_id": key, **_GOOD, **inspection})
    await planter.write_raw(
        db, InspectionAccessDocument.collection, {"_id": new_id("led"), "inspection": key, **_LOOK, **look}
    )
    assert (await probe()).state is PromiseState.BROKEN
    for rows in (InspectionDocument, InspectionAccessDocument):
        await db.get_collection(rows).delete_many({})
