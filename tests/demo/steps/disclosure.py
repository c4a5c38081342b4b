"""Chapter 6: data is disclosed under law, and everybody concerned is told."""

from tests.demo.story import expect, step
from tests.demo.world import World


@step("A disclosure case names two accounts; opening and approving takes two people", "C16", "C21")
async def case(world: World) -> str:
    opener, approver = await world.staff_of("disclosure"), await world.staff_of("disclosure", 1)
    other = await world.log_in(world.customer)
    other.account_id = (await world.call("GET", "/v1/identity/me", by=other))["account_id"]
    world.notes["other"] = other
    body = {
        "ground": "law",
        "requester": "Superior Court, King County",
        "reference": "26-2-01234-5",
        "fields": ["identity.accounts.email"],
        "account_ids": [world.ada.account_id, other.account_id],
    }
    opened = await world.call("POST", "/v1/disclosure/cases", by=opener, json_body=body, once=True, expected=201)
    path = f"/v1/disclosure/cases/{opened['case_id']}"
    await world.call("POST", f"{path}/approvals", by=opener, once=True, expected=409)
    await world.call("POST", f"{path}/approvals", by=approver, once=True)
    closed = await world.until(path, by=opener, key="state", is_="closed")
    expect(closed["notices"]["relayed"] == closed["affected_count"] == 2, "both accounts told")
    world.notes["case_id"] = opened["case_id"]
    return f"{opened['case_id']}: the opener could not approve; closed only when both were told"


@step("Both get the mail, and both see it under “Who has seen my data”", "C16", "C21")
async def told(world: World) -> str:
    for person in (world.ada, world.notes["other"]):
        mail = await world.mail_to(person, about="disclos")
        expect(mail["to"] == person.email, "a mail to this person alone")
        seen = await world.call("GET", "/v1/disclosure/ledger/mine", by=person)
        expect(any(world.notes["case_id"] in entry["basis"] for entry in seen["items"]), "the case in the ledger")
    return "two mails, one recipient each; the case stands in both ledgers"


@step("The board of promises shows what was checked in the running system", "C01")
async def board(world: World) -> str:
    promises = await world.call("GET", "/v1/disclosure/promises")
    broken = [item["id"] for item in promises["items"] if item["state"] == "broken"]
    expect(not broken, f"no broken promise, not {broken}")
    summary = promises["summary"]
    return f"{summary['kept']} kept, {summary['broken']} broken, {summary['unknown']} not yet looked at"


STEPS = [case, told, board]
