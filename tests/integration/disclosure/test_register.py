"""Agreements: entered by staff, only for closed purposes, over by their date or at once (C07, C13)."""

from datetime import timedelta

import pytest

from services.disclosure.service import AgreementService, NewAgreement
from services.disclosure.store import DOCUMENTS, PartnerAgreements
from shared.bus import Outbox, OutboxDocument, RpcError
from shared.clock import rfc3339, utc_now
from shared.contracts import disclosure_v1
from shared.ids import new_id
from shared.mongo import Database
from shared.policy import Purpose
from tests.support import FixedClock
from tests.support.fake_services import FakeServices, until
from tests.support.running import Answer, Running, person

AGREEMENTS = "/v1/disclosure/agreements"
STAFF = person("staff", "disclosure")


def a_body(**changed: object) -> dict[str, object]:
    return {
        "partner": "Parcel Works Inc.",
        "function": "shipping",
        "purposes": ["partner_service"],
        "scopes": ["partners.contact"],
        "fields": ["identity.accounts.email"],
        "ends_at": rfc3339(utc_now() + timedelta(days=90)),
        **changed,
    }


async def agreed(service: Running, **changed: object) -> Answer:
    return await service.call("POST", AGREEMENTS, by=STAFF, body=a_body(**changed), key=new_id("key"))


async def asked(fake_services: FakeServices, agreement_id: str) -> disclosure_v1.AgreementGetReply:
    return await fake_services.call_rpc(
        "disclosure.agreement.get",
        disclosure_v1.AgreementGetRequest(agreement_id=agreement_id),
        disclosure_v1.AgreementGetReply,
        purpose=Purpose.PARTNER_SERVICE,
    )


async def test_C13_identity_reads_what_an_agreement_allows(service: Running, fake_services: FakeServices) -> None:
    made = await agreed(service)
    assert made.status == 201
    reply = await asked(fake_services, made.body["agreement_id"])
    assert reply.active
    assert list(reply.scopes) == ["partners.contact"]
    assert list(reply.fields) == ["identity.accounts.email"]


async def test_C13_an_agreement_ended_by_hand_is_over_and_told_once(
    service: Running, fake_services: FakeServices
) -> None:
    agreement_id = (await agreed(service)).body["agreement_id"]
    for _ in range(2):
        ended = await service.call("POST", f"{AGREEMENTS}/{agreement_id}/end", by=STAFF)
        assert (ended.status, ended.body["active"]) == (200, False)
    assert not (await asked(fake_services, agreement_id)).active

    async def told() -> list[disclosure_v1.AgreementEnded]:
        facts = fake_services.received_events("disclosure.agreement.ended.v1", disclosure_v1.AgreementEnded)
        return [fact for fact in facts if fact.agreement_id == agreement_id]

    assert len(await until(told)) == 1


async def test_an_unknown_agreement_is_refused(service: Running, fake_services: FakeServices) -> None:
    with pytest.raises(RpcError) as refusal:
        await asked(fake_services, "agr_nowhere")
    assert refusal.value.code == "disclosure.agreement.not_found"


@pytest.mark.parametrize("purpose", ["sale", "advertising", "rent", "marketing_lists", ""])
async def test_C07_no_agreement_can_be_entered_for_commerce(service: Running, purpose: str) -> None:
    refused = await agreed(service, purposes=[purpose])
    assert (refused.status, refused.body["code"]) == (422, "disclosure.agreement.purpose_not_allowed")


@pytest.mark.parametrize("days", [-1, 0, 1_200])
async def test_an_agreement_ends_within_three_years(service: Running, days: int) -> None:
    refused = await agreed(service, ends_at=rfc3339(utc_now() + timedelta(days=days)))
    assert (refused.status, refused.body["code"]) == (422, "disclosure.agreement.term_invalid")


async def test_only_staff_of_the_right_role_enters_agreements(service: Running) -> None:
    for who in (person("customer"), person("staff", "support")):
        assert (await service.call("POST", AGREEMENTS, by=who, body=a_body(), key=new_id("key"))).status == 403


async def test_agreements_are_listed_newest_first(service: Running) -> None:
    made = [(await agreed(service)).body["agreement_id"] for _ in range(2)]
    listed = (await service.call("GET", f"{AGREEMENTS}?limit=2", by=STAFF)).body
    assert [each["agreement_id"] for each in listed["items"]] == made[::-1]
    assert listed["next_cursor"]
    one = await service.call("GET", f"{AGREEMENTS}/{made[0]}", by=STAFF)
    assert one.body["partner"] == "Parcel Works Inc."


async def test_C13_an_end_date_that_passes_is_told_once(database: Database, clock: FixedClock) -> None:
    await database.ensure_collections([*DOCUMENTS, OutboxDocument])
    outbox = Outbox(database, "disclosure", clock)
    register = AgreementService(
        agreements=PartnerAgreements(database), outbox=outbox, transact=database.with_transaction, new_id=new_id
    )
    wish = NewAgreement(
        partner="Parcel Works",
        function="shipping",
        purposes=("partner_service",),
        scopes=(),
        fields=(),
        ends_at=clock() + timedelta(days=1),
    )
    made = await register.create(wish, idempotency_key="one", at=clock())
    assert await register.create(wish, idempotency_key="one", at=clock()) == made
    assert await register.end_expired(at=clock()) == 0
    later = clock.advance(timedelta(days=3))
    assert [await register.end_expired(at=later) for _ in range(2)] == [1, 0]
    [row] = await database.get_collection(OutboxDocument).list({})
    assert disclosure_v1.AgreementEnded.FromString(row.body).ended_at.ToDatetime(clock().tzinfo) == made.ends_at
