"""What partners' programs are shown of a customer: the fields of their agreement, while it is in force (C13)."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from services.identity.store import DataAccessDocument
from shared.contracts import common_v1, disclosure_v1
from shared.ids import new_id
from tests.integration.identity.fake_services import FakePeers
from tests.integration.identity.harness import IdentityHarness, Person, Reply
from tests.support import RawWriter
from tests.support.fake_services import until

EMAIL, USERNAME = "identity.accounts.email", "identity.accounts.username"


class Carrier:
    """A partner's program with a token."""

    def __init__(self, house: IdentityHarness, around: FakePeers, agreement: str) -> None:
        self.house, self.around, self.agreement = house, around, agreement
        self.credentials = {"client_id": "", "client_secret": ""}
        self.access = ""

    async def signed_up(self, scopes: list[str]) -> "Carrier":
        body = {"name": "Parcel Works", "agreement_id": self.agreement, "scopes": scopes}
        admin = self.house.staff["admin"]
        made = await self.house.call("POST", "/v1/identity/partner-clients", body, by=admin, once=True)
        assert made.status == 201, made
        self.credentials = {name: made.body[name] for name in self.credentials}
        return self

    async def token(self, scope: str = "") -> Reply:
        form = {"grant_type": "client_credentials", "scope": scope, **self.credentials}
        return await self.house.call("POST", "/oauth/token", form=form)

    async def reads(self, person: Person | str) -> Reply:
        account_id = person if isinstance(person, str) else person.account_id
        sent = {"Authorization": f"Bearer {self.access}"}
        return await self.house.call("GET", f"/v1/partners/accounts/{account_id}", headers=sent)

    async def end(self) -> None:
        """Have disclosure end the agreement a second later, and identity hear of it."""
        self.house.clock.advance(timedelta(seconds=1))
        self.around.agreements[self.agreement] = (False, [], self.house.clock())
        fact = disclosure_v1.AgreementEnded(agreement_id=self.agreement)
        fact.ended_at.FromDatetime(self.house.clock())
        await self.house.record_events(fact, of="disclosure")


async def carrier_of(
    house: IdentityHarness,
    around: FakePeers,
    *,
    fields: list[str],
    scopes: tuple[str, ...] = ("contact.read",),
    lasts: timedelta = timedelta(days=90),
) -> Carrier:
    agreement = new_id("agr")
    around.agreements[agreement] = (True, list(scopes), house.clock() + lasts)
    around.fields[agreement] = fields
    carrier = await Carrier(house, around, agreement).signed_up(list(scopes))
    carrier.access = (await carrier.token()).body["access_token"]
    return carrier


@pytest.fixture
async def carrier(identity: IdentityHarness, around: FakePeers) -> Carrier:
    return await carrier_of(identity, around, fields=[EMAIL])


async def test_C13_a_partner_is_shown_the_fields_of_its_agreement_and_the_owner_sees_it(carrier: Carrier) -> None:
    ada = await carrier.house.member()
    shown = await carrier.reads(ada)
    assert shown.body == {
        "account_id": ada.account_id,
        "agreement_id": carrier.agreement,
        "fields": {EMAIL: ada.email},
    }
    [entry] = await carrier.house.events(common_v1.PersonalDataAccessed, about=ada.account_id)
    told = (entry.recipient_kind, entry.recipient_id, list(entry.fields), entry.purpose, entry.basis)
    assert told == ("partner", carrier.credentials["client_id"], [EMAIL], "partner_service", carrier.agreement)


async def test_C13_each_access_is_in_the_ledger(carrier: Carrier) -> None:
    ada = await carrier.house.member()
    await asyncio.gather(*(carrier.reads(ada) for _ in range(5)))
    assert len(await carrier.house.events(common_v1.PersonalDataAccessed, about=ada.account_id)) == 5


@pytest.mark.parametrize("fields", [[], [USERNAME], ["sync.nodes.name"], ["identity.accounts.roles"]])
async def test_C13_what_the_agreement_does_not_name_or_is_not_held_for_partners_is_not_shown(
    identity: IdentityHarness, around: FakePeers, fields: list[str]
) -> None:
    ada = await identity.member()
    carrier = await carrier_of(identity, around, fields=fields)
    assert (await carrier.reads(ada)).code == "identity.partner_client.no_disclosable_fields"
    assert await identity.events(common_v1.PersonalDataAccessed, about=ada.account_id) == []


async def test_C13_a_field_that_no_partner_may_see_is_left_out_and_told(
    identity: IdentityHarness, around: FakePeers
) -> None:
    ada = await identity.member()
    carrier = await carrier_of(identity, around, fields=[EMAIL, USERNAME])
    assert list((await carrier.reads(ada)).body["fields"]) == [EMAIL]
    [refused] = await identity.events(common_v1.PurposeDenied, about=ada.account_id)
    assert (list(refused.fields), refused.purpose) == ([USERNAME], "partner_service")


async def test_C13_access_is_refused_the_second_that_the_agreement_ends(carrier: Carrier) -> None:
    ada = await carrier.house.member()
    assert (await carrier.reads(ada)).status == 200
    await carrier.end()
    assert (await carrier.reads(ada)).code == "auth.session.revoked"
    assert (await carrier.token()).body["error"] == "unauthorized_client"


async def test_C13_access_is_refused_the_second_that_the_date_is_reached(
    identity: IdentityHarness, around: FakePeers
) -> None:
    ada = await identity.member()
    carrier = await carrier_of(identity, around, fields=[EMAIL], lasts=timedelta(seconds=20))
    identity.clock.advance(timedelta(seconds=19))
    assert (await carrier.reads(ada)).status == 200
    identity.clock.advance(timedelta(seconds=1))
    assert (await carrier.reads(ada)).status == 401


async def test_C13_an_agreement_that_is_over_refuses_also_a_token_that_still_lives(
    carrier: Carrier, around: FakePeers
) -> None:
    ada = await carrier.house.member()
    carrier.house.clock.advance(timedelta(seconds=61))
    around.agreements[carrier.agreement] = (False, ["contact.read"], carrier.house.clock())
    assert (await carrier.reads(ada)).code == "identity.partner_client.agreement_ended"


async def test_C13_an_answer_from_before_the_end_is_not_kept_beyond_it(
    identity: IdentityHarness, around: FakePeers, carrier: Carrier
) -> None:
    identity.clock.advance(timedelta(seconds=61))
    around.answering.clear()
    before = len(around.asked)
    asking = asyncio.create_task(carrier.token())

    async def asked() -> bool:
        return len(around.asked) > before

    await until(asked)
    await carrier.end()
    around.answering.set()
    assert (await asking).body["error"] == "unauthorized_client"
    assert (await carrier.token()).body["error"] == "unauthorized_client"


async def test_C13_scopes_are_cut_and_a_token_without_the_scope_opens_nothing(
    identity: IdentityHarness, around: FakePeers
) -> None:
    ada = await identity.member()
    carrier = await carrier_of(identity, around, fields=[EMAIL], scopes=("contact.read", "parcels.write"))
    carrier.access = (await carrier.token("parcels.write")).body["access_token"]
    refused = await carrier.reads(ada)
    assert (refused.status, refused.code) == (403, "auth.access.forbidden")
    around.agreements[carrier.agreement] = (True, ["parcels.write"], identity.clock() + timedelta(days=1))
    carrier.access = (await carrier.token("contact.read")).body["access_token"]
    identity.clock.advance(timedelta(seconds=61))
    assert (await carrier.reads(ada)).code == "identity.partner_client.agreement_ended"
    assert (await carrier.token("contact.read")).body["error"] == "invalid_scope"


async def test_C13_an_agreement_for_another_purpose_gives_no_token(carrier: Carrier, around: FakePeers) -> None:
    around.purposes[carrier.agreement] = ["statistics"]
    carrier.house.clock.advance(timedelta(seconds=61))
    assert (await carrier.token()).body["error"] == "unauthorized_client"


async def test_C13_the_token_says_what_it_is_for(carrier: Carrier) -> None:
    told = await carrier.house.call("POST", "/oauth/introspect", form={"token": carrier.access, **carrier.credentials})
    assert (told.body["purpose"], told.body["scope"]) == ("partner_service", "contact.read")


async def test_C13_neither_customers_nor_staff_nor_strangers_use_the_partners_door(
    identity: IdentityHarness, carrier: Carrier
) -> None:
    ada = await identity.member()
    for person in (ada, identity.staff["admin"]):
        refused = await identity.call("GET", f"/v1/partners/accounts/{ada.account_id}", by=person)
        assert refused.status == 403
    assert (await identity.call("GET", f"/v1/partners/accounts/{ada.account_id}")).status == 401


async def test_C13_the_staff_and_who_is_gone_are_not_shown(identity: IdentityHarness, carrier: Carrier) -> None:
    gone = await identity.member()
    body = {"password": gone.password}
    assert (await identity.call("POST", "/v1/identity/erasures", body, by=gone, once=True)).status < 300
    for account_id in (identity.staff["admin"].account_id, new_id("acc"), gone.account_id):
        assert (await carrier.reads(account_id)).code == "identity.account.not_found"


async def test_C13_an_ended_client_reads_nothing(identity: IdentityHarness, carrier: Carrier) -> None:
    ada = await identity.member()
    path = f"/v1/identity/partner-clients/{carrier.credentials['client_id']}"
    assert (await identity.call("DELETE", path, by=identity.staff["admin"])).status == 204
    assert (await carrier.reads(ada)).status == 401


BREACHES: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "a field that the agreement does not name": lambda read: {"fields": [EMAIL, USERNAME]},
    "after the end": lambda read: {"accessed_at": read["accessed_at"] + timedelta(days=91)},
    "an unknown agreement": lambda read: {"agreement_id": new_id("agr")},
    "no agreement at all": lambda read: {"agreement_id": None},
    "another purpose": lambda read: {"purpose": "support"},
}


@pytest.mark.parametrize("breach", BREACHES)
async def test_C13_an_access_outside_the_agreement_is_seen(carrier: Carrier, planter: RawWriter, breach: str) -> None:
    house, ada = carrier.house, await carrier.house.member()
    await carrier.reads(ada)
    assert (await house.run_probe("C13")).state == "kept"
    rows = planter.client[house.chassis.db.name][DataAccessDocument.collection]
    raw = await rows.find_one({"agreement_id": carrier.agreement})
    assert raw is not None
    planted = {**raw, "_id": new_id("led"), **BREACHES[breach](raw)}
    await planter.write_raw(house.chassis.db, DataAccessDocument.collection, planted)
    try:
        assert (await house.run_probe("C13")).state == "broken"
    finally:
        await rows.delete_one({"_id": planted["_id"]})


async def test_C13_an_access_after_an_end_by_hand_is_seen(carrier: Carrier, planter: RawWriter) -> None:
    house, ada = carrier.house, await carrier.house.member()
    await carrier.reads(ada)
    await carrier.end()
    assert (await house.run_probe("C13")).state == "kept"
    rows = planter.client[house.chassis.db.name][DataAccessDocument.collection]
    raw = await rows.find_one({"agreement_id": carrier.agreement})
    assert raw is not None
    assert (await house.run_probe("C13")).sample_size > 0
    late = {**raw, "_id": new_id("led"), "accessed_at": raw["accessed_at"] + timedelta(seconds=2)}
    await planter.write_raw(house.chassis.db, DataAccessDocument.collection, late)
    try:
        assert (await house.run_probe("C13")).state == "broken"
    finally:
        await rows.delete_one({"_id": late["_id"]})
