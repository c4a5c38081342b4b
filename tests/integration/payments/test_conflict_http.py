"""Two members of staff resolve a conflicted charge over HTTP."""

from shared.ids import new_id
from tests.integration.payments.test_http import CHARGES, charged, kept, new_person
from tests.support.cards import OTHER_AMOUNT
from tests.support.running import Running, person


async def test_C21_a_conflicted_charge_is_resolved_by_two_members_of_staff(service: Running) -> None:
    who, grace, heidi = new_person(), person("staff", "support"), person("staff", "admin", number="2")
    refused = await charged(service, who, (await kept(service, who, OTHER_AMOUNT)).body["card_id"])
    assert (refused.status, refused.body["code"]) == (409, "payments.charge.conflicted")
    [charge] = (await service.call("GET", CHARGES, by=who)).body["items"]
    resolutions = f"{CHARGES}/{charge['charge_id']}/resolutions"
    wish = {"outcome": "return", "reason": "Case 7: compared with the statement."}
    assert (await service.call("POST", resolutions, by=who, body=wish, key=new_id("key"))).status == 403
    proposed = await service.call("POST", resolutions, by=grace, body=wish, key=new_id("key"))
    assert (proposed.status, proposed.body["amount_captured"], proposed.body["approved_by"]) == (201, 3999, None)
    approvals = f"/v1/payments/resolutions/{proposed.body['resolution_id']}/approvals"
    alone = await service.call("POST", approvals, by=grace, key=new_id("key"))
    assert (alone.status, alone.body["code"]) == (409, "auth.second_person.required")
    done = await service.call("POST", approvals, by=heidi, key=new_id("key"))
    assert (done.status, done.body["approved_by"], done.body["charge"]["amount_refunded"]) == (200, heidi.id, 3999)
    again = await service.call("POST", resolutions, by=grace, body=wish, key=new_id("key"))
    assert (again.status, again.body["code"]) == (409, "payments.charge.not_conflicted")
    unknown = await service.call("POST", "/v1/payments/resolutions/res_1/approvals", by=grace, key=new_id("key"))
    assert (unknown.status, unknown.body["code"]) == (404, "payments.resolution.not_found")
