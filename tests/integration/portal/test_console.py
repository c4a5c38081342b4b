"""The staff console: acts that take two people, reports that are opened on record, what is open and what is held."""

import re

import pytest

from services.identity.domain.staff.abuse_reports import AbuseReportKind
from services.identity.domain.staff.admin_actions import ADMIN_ACTION_RULES, HoldScope, OwnerVerification
from services.portal.domain import console
from services.portal.domain.console import SCOPES
from tests.integration.portal.browser import Browser, Page
from tests.integration.portal.edge import FakeEdge
from tests.integration.portal.edge.fake_services import REFUND

ADA = "acc_" + "a" * 26
LATER, BEFORE = "2028-01-04T12:00:00.000Z", "2020-01-04T12:00:00.000Z"


async def asked(browser: Browser, kind: str, **more: str) -> Page:
    """Ask for an act on Ada's account."""
    return await browser.post(f"/staff/admin-actions/new/{kind}", account_id=ADA, reason="request 7", **more)


async def cancelled(browser: Browser) -> Page:
    return await asked(browser, "cancel_password", verification="called_back")


def test_C21_the_console_offers_what_identity_allows_and_names_all_it_knows() -> None:
    rules = {
        str(kind): (rule.requesters, rule.approvers, rule.is_owner_requested)
        for kind, rule in ADMIN_ACTION_RULES.items()
    }
    assert {
        kind: (each.requesters, each.approvers, each.needs_verification) for kind, each in console.ADMIN_ACTIONS.items()
    } == rules
    assert set(console.SCOPES) == set(HoldScope)
    assert set(console.VERIFICATIONS) == set(OwnerVerification)
    assert set(console.REPORTS) == set(AbuseReportKind)


async def test_C21_finding_an_account_asks_for_the_reason(dora: Browser) -> None:
    found = await dora.post("/staff/accounts", email="ada@customers.example", reason="request 7")
    assert ADA in found.text
    page = await dora.post("/staff/accounts", email="ada@customers.example", reason="ada@customers.example asked")
    assert page.status == 422
    assert "identity.reason.invalid" in page.marks


async def test_C21_an_account_that_was_found_is_acted_upon_without_its_number_in_an_address(
    sven: Browser, edge: FakeEdge
) -> None:
    found = await sven.post("/staff/accounts", email="ada@customers.example", reason="request 7")
    form = await sven.submit(found, "/staff/admin-actions/prepare", kind="freeze")
    assert form.form("/staff/admin-actions/new/freeze")["account_id"] == ADA
    frozen = await sven.submit(form, "/staff/admin-actions/new/freeze", reason="request 7")
    assert "done-frozen" in frozen.marks
    assert edge.acts["act_1"]["account_id"] == ADA
    assert not [path for path in edge.raw_paths if ADA in path]


async def test_C27_a_password_is_cancelled_by_two_people(sven: Browser, sina: Browser, edge: FakeEdge) -> None:
    assert "done-pending" in (await cancelled(sven)).marks
    assert (edge.acts["act_1"]["state"], edge.acts["act_1"]["verification"]) == ("pending", "called_back")
    page = await sina.get("/staff/admin-actions/act_1")
    assert ADA in page.text
    assert "done-approved" in (await sina.submit(page, "/staff/admin-actions/act_1/approve")).marks
    assert edge.acts["act_1"]["state"] == "completed"


async def test_C21_whoever_asked_is_told_that_somebody_else_must_allow_it(sven: Browser, edge: FakeEdge) -> None:
    await cancelled(sven)
    page = await sven.get("/staff/admin-actions/act_1")
    assert "own-request" in page.marks
    assert not page.tree.xpath("//form[contains(@action, 'approve')]")
    form = page.form("/staff/admin-actions/act_1/reject")
    refused = await sven.send("POST", "/staff/admin-actions/act_1/approve", form=form)
    assert (refused.status, edge.acts["act_1"]["state"]) == (409, "pending")
    assert "auth.second_person.required" in refused.marks
    await sven.submit(page, "/staff/admin-actions/act_1/reject")
    assert edge.acts["act_1"]["state"] == "rejected"


async def test_C21_whose_role_does_not_allow_an_act_is_told_whose_does(sven: Browser, dora: Browser) -> None:
    await asked(dora, "place_hold", hold_scope="account", hold_until="2027-06-30")
    page = await sven.get("/staff/admin-actions/act_1")
    assert "admin or disclosure" in page.part("needs-role")
    assert "support" in page.part("needs-role")
    assert not page.tree.xpath("//form[contains(@action, 'act_1')]")
    assert "admin or disclosure" in (await sven.get("/staff/admin-actions/new/place_hold")).part("needs-role")


async def test_C21_a_list_of_acts_names_no_account_and_opening_one_is_on_record(sven: Browser, edge: FakeEdge) -> None:
    assert "empty" in (await sven.get("/staff/admin-actions")).marks
    await cancelled(sven)
    page = await sven.get("/staff/admin-actions")
    assert ADA not in page.text
    assert not edge.looks
    await sven.get(page.tree.xpath("//tbody//a/@href")[0])
    assert edge.looks == ["act_1"]


async def test_C21_the_second_person_sees_the_address_that_is_to_be_allowed(
    sven: Browser, sina: Browser, edge: FakeEdge
) -> None:
    await asked(sven, "correct_email", verification="in_person", new_email="ada@moved.example")
    assert "ada@moved.example" in (await sina.get("/staff/admin-actions/act_1")).text


async def test_a_settled_act_is_said_to_be_settled_and_is_found_in_its_list(
    sven: Browser, sina: Browser, edge: FakeEdge
) -> None:
    await cancelled(sven)
    page = await sina.get("/staff/admin-actions/act_1")
    await sina.submit(page, "/staff/admin-actions/act_1/reject")
    late = await sina.submit(page, "/staff/admin-actions/act_1/approve")
    assert (late.status, edge.acts["act_1"]["state"]) == (409, "rejected")
    assert "identity.admin_action.not_pending" in late.marks
    assert (await sven.get("/staff/admin-actions?state=rejected")).tree.xpath("//tbody//a[contains(@href, 'act_1')]")


@pytest.mark.parametrize(
    ("kind", "named"),
    [("cancel_password", "verification"), ("correct_email", "new_email"), ("place_hold", "hold_until"), ("freeze", "")],
)
async def test_each_kind_of_act_asks_for_what_it_needs_and_keeps_what_was_typed(
    new_browser: type, edge: FakeEdge, kind: str, named: str
) -> None:
    edge.people["anna@staff.example"] = ("acc_" + "b" * 26, "staff", ["admin"])
    admin = new_browser()
    await admin.log_in("anna@staff.example", "a long enough pass phrase")
    page = await admin.get(f"/staff/admin-actions/new/{kind}")
    asks = set(page.form(f"/staff/admin-actions/new/{kind}")) - {
        "form_token",
        "idempotency_key",
        "account_id",
        "reason",
    }
    assert (named in asks) if named else not asks
    refused = await admin.submit(
        page, f"/staff/admin-actions/new/{kind}", account_id=ADA, reason="for ada@customers.example"
    )
    assert (refused.status, edge.acts) == (422, {})
    assert refused.form(f"/staff/admin-actions/new/{kind}")["account_id"] == ADA


async def test_a_day_that_is_none_is_said_at_its_field(dora: Browser, edge: FakeEdge) -> None:
    page = await asked(dora, "place_hold", hold_scope="account", hold_until="soon")
    assert (page.status, edge.acts) == (422, {})
    assert "wrong-hold_until" in page.marks


async def test_C31_holds_in_force_are_shown_and_released_from_their_act(
    dora: Browser, emil: Browser, edge: FakeEdge
) -> None:
    assert "empty" in (await dora.get("/staff/legal-holds")).marks
    await asked(dora, "place_hold", hold_scope="everything", hold_until="2027-06-30")
    await emil.submit(await emil.get("/staff/admin-actions/act_1"), "/staff/admin-actions/act_1/approve")
    page = await dora.get("/staff/legal-holds")
    assert SCOPES["everything"] in page.text
    assert "30 June 2027" in page.text
    act = await dora.get(page.tree.xpath("//tbody//a/@href")[0])
    form = await dora.submit(act, "/staff/admin-actions/prepare")
    assert form.form("/staff/admin-actions/new/release_hold")["account_id"] == ADA
    await dora.submit(form, "/staff/admin-actions/new/release_hold", reason="case closed")
    assert edge.acts["act_2"]["kind"] == "release_hold"


async def test_C26_open_requests_are_shown_with_their_deadlines(sven: Browser, edge: FakeEdge) -> None:
    assert "empty" in (await sven.get("/staff/privacy-requests")).marks
    one = {"id": "era_9", "kind": "erasure", "state": "running", "created_at": BEFORE, "reminded_at": None}
    edge.requests = [{**one, "deadline": BEFORE, "pending_services": ["sync", "payments"]}]
    page = await sven.get("/staff/privacy-requests")
    assert [word in page.text for word in ("era_9", "sync, payments")] == [True] * 2
    assert "overdue" in page.marks


async def test_C28_a_report_is_opened_on_record_answered_and_closed(sina: Browser, edge: FakeEdge) -> None:
    assert "empty" in (await sina.get("/staff/abuse-reports")).marks
    edge.written("rep_1", "A <b>hole</b>\nin the fence", is_overdue=True, answer_due_at=BEFORE)
    assert "overdue" in (await sina.get("/staff/abuse-reports")).marks
    page = await sina.get("/staff/abuse-reports/rep_1")
    assert "in the fence" not in page.text
    assert not edge.looks
    page = await sina.submit(page, "/staff/abuse-reports/rep_1/open")
    assert b"A &lt;b&gt;hole&lt;/b&gt;\nin the fence" in page.raw
    assert edge.looks == ["rep_1"]
    page = await sina.submit(page, "/staff/abuse-reports/rep_1/answer", text="Mended. Thank you.")
    assert "Mended. Thank you." in page.text
    assert "done-closed" in (await sina.submit(page, "/staff/abuse-reports/rep_1/close")).marks
    assert edge.reports["rep_1"]["state"] == "closed"


async def test_an_answer_that_is_refused_stays_in_its_field(sina: Browser, edge: FakeEdge) -> None:
    edge.written("rep_1", "something")
    page = await sina.get("/staff/abuse-reports/rep_1")
    edge.reports["rep_1"]["state"] = "answered"
    refused = await sina.submit(page, "/staff/abuse-reports/rep_1/answer", text="Mended.")
    assert refused.status == 409
    assert refused.form("/staff/abuse-reports/rep_1/answer")["text"] == "Mended."


async def test_C21_staff_read_payments_for_a_purpose_and_refund_from_there(sven: Browser, edge: FakeEdge) -> None:
    desk = await sven.get("/staff/payments")
    wrong = await sven.submit(desk, "/staff/payments/records", account_id="ada", purpose="refund", basis="Case 7")
    assert wrong.status == 422
    record = await sven.submit(desk, "/staff/payments/records", account_id=ADA, purpose="refund", basis="Case 7")
    assert "Visa ending in 4242" in record.text
    assert "led_1" in record.text
    made = await sven.submit(record, "/staff/payments/refunds", amount="5", kind="credit", reason="Case 7: goodwill")
    assert "done-requested" in made.marks
    assert [(each["amount"], each["kind"]) for each in edge.refunds] == [(500, "credit")]
    own = await sven.get(f"/staff/payments/refunds/{edge.refunds[0]['refund_id']}")
    assert "own-request" in own.marks
    assert not [path for path in edge.raw_paths if ADA in path]


async def test_C21_a_request_of_a_customer_is_approved_or_rejected_with_a_reason(sven: Browser, edge: FakeEdge) -> None:
    edge.refunds = [{**REFUND, "amount": 500, "reason": "It came twice."}]
    one = f"/staff/payments/refunds/{REFUND['refund_id']}"
    page = await sven.get(one)
    assert ADA in page.text
    assert "done-succeeded" in (await sven.submit(page, f"{one}/approve")).marks
    edge.refunds = [{**REFUND, "amount": 500, "reason": "It came twice."}]
    rejected = await sven.submit(page, f"{one}/reject", reason="It was used.")
    assert "done-rejected" in rejected.marks
    assert edge.refunds[0]["rejection_reason"] == "It was used."


async def test_C10_staff_end_newsletters_on_request(sven: Browser) -> None:
    page = await sven.post("/staff/newsletters", email="ada@customers.example", reason="request 7")
    assert "ended-2" in page.marks
    assert "similar-0" not in page.marks


async def test_C10_staff_who_end_nothing_are_told_and_hear_of_addresses_that_look_alike(
    sven: Browser, edge: FakeEdge
) -> None:
    edge.ended = 0
    page = await sven.post("/staff/newsletters", email="Ada <ada@customers.example>", reason="request 7")
    assert "Nothing was ended" in page.part("ended-0")
    assert "2 subscriptions" in page.part("similar-2")


@pytest.mark.parametrize("path", ["/staff/abuse-reports", "/staff/newsletters", "/staff/freeze"])
async def test_whose_work_a_page_is_not_is_told_whose_it_is(dora: Browser, path: str) -> None:
    page = await dora.get(path)
    assert page.status == (200 if path == "/staff/freeze" else 403)
    assert ("needs-role" if page.status == 200 else "portal.staff.wrong_role") in page.marks
    assert page.status == 200 or page.tree.xpath("//main//a[@href='/staff']")
    assert path not in (await dora.get("/staff")).tree.xpath("//nav[@aria-label='Staff console']//@href")


async def test_no_customer_sees_the_console(ada: Browser, browser: Browser) -> None:
    for path in (
        "/staff",
        "/staff/admin-actions",
        "/staff/admin-actions/act_1",
        "/staff/abuse-reports/rep_1",
        "/staff/legal-holds",
    ):
        assert (await ada.get(path)).status == 403
        assert (await browser.get(path)).name == "login"


async def test_the_desk_shows_what_waits_and_stands_when_a_part_is_away(sven: Browser, edge: FakeEdge) -> None:
    await cancelled(sven)
    edge.written("rep_1", "something", is_overdue=True)
    page = await sven.get("/staff")
    assert page.part("count-/staff/admin-actions").startswith("1 ")
    assert re.fullmatch(r"1 \D+1 overdue", page.part("count-/staff/abuse-reports"))
    edge.away = {"/v1/identity/abuse-reports"}
    page = await sven.get("/staff")
    assert (page.status, "unavailable" in page.marks) == (200, True)
