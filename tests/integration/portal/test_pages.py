"""Public pages, newsletters, cards, the staff console."""

import json
import re

import pytest

from services.portal.domain.labels import CATEGORIES, GROUNDS
from services.portal.service import build_promise_table
from shared.policy import PROMISES
from tests.integration.portal.browser import Browser
from tests.integration.portal.edge import FakeEdge

JWE = "a.b.c.d.e"


async def test_the_board_shows_all_promises_with_state_and_evidence(browser: Browser) -> None:
    page = await browser.get("/promises")
    states = {each.get("id"): each.xpath("string(./span[2])") for each in page.tree.xpath("//li[@id]")}
    assert list(states) == [line.promise.id for _, lines in build_promise_table([]).sections for line in lines]
    assert (len(states), states["C18"], states["C03"], states["C05"]) == (31, "kept", "broken", "unknown")
    [seen] = page.tree.xpath("//li[@id='C18']")
    assert re.search(r"looked for C18 .*4 January 2027, 12:00 UTC", " ".join(seen.text_content().split()))


async def test_C16_the_report_shows_each_ground_in_steps_that_lead_to_nobody(browser: Browser) -> None:
    page = await browser.get("/transparency")
    rows = [[" ".join(cell.text_content().split()) for cell in row] for row in page.tree.xpath("//tbody/tr")]
    assert rows[0] == [GROUNDS["law"], "fewer than 5", "1,005 to 1,009", "1,005 to 1,009", "fewer than 5"]
    assert len(rows) == 3


async def test_without_the_report_the_page_says_so_and_still_stands(browser: Browser, edge: FakeEdge) -> None:
    edge.away = {"/v1/disclosure/transparency"}
    page = await browser.get("/transparency")
    assert page.status == 200
    assert "unavailable" in page.marks


async def test_without_the_board_nothing_is_called_kept(browser: Browser, edge: FakeEdge) -> None:
    edge.away = {"/v1/disclosure"}
    page = await browser.get("/promises")
    assert page.status == 200
    assert page.tree.xpath("string(//ul[@class='promise-counts'])").split() == ["0kept", "0broken", "31unknown"]


async def test_C25_the_policy_is_shown_with_its_version_also_when_disclosure_is_away(
    browser: Browser, edge: FakeEdge
) -> None:
    page = await browser.get("/policy")
    assert all(promise.clause in page.text for promise in PROMISES)
    assert re.fullmatch(r"1, .*24 November 2026", page.part("policy-version"))
    edge.away = {"/v1/disclosure"}
    assert PROMISES[0].clause in (await browser.get("/policy")).text


async def test_C01_the_data_map_has_every_service_and_says_who_is_away(browser: Browser, edge: FakeEdge) -> None:
    edge.away = {"/v1/sync"}
    page = await browser.get("/policy/data-map")
    assert page.text.count(CATEGORIES["contact"]) == 5
    assert page.marks.count("unavailable") == 1


async def test_C10_joining_takes_a_confirmation_and_leaving_takes_one_click(browser: Browser, edge: FakeEdge) -> None:
    asked = await browser.post("/newsletter", list_id="lst_m", email="ada@customers.example")
    assert "ada@customers.example" in asked.text
    assert edge.asked_to_join == [{"list_id": "lst_m", "email": "ada@customers.example"}]
    assert "unless we sent one in the last ten minutes" in asked.text
    page = await browser.get("/newsletter/unsubscribe?token=good-token")
    assert not edge.left
    assert (await browser.submit(page, "/newsletter/unsubscribe")).name == "newsletter_unsubscribed"
    assert edge.left == ["good-token"]


async def test_names_from_elsewhere_are_shown_as_text(browser: Browser) -> None:
    page = await browser.get("/newsletter")
    assert b"Releases &lt;b&gt;first&lt;/b&gt;" in page.raw


async def test_a_refused_address_is_said_and_what_was_typed_stays(browser: Browser) -> None:
    page = await browser.post("/newsletter", list_id="lst_" + "r" * 26, email="no address")
    assert page.status == 422
    form = page.form("/newsletter")
    assert (form["email"], form["list_id"]) == ("no address", "lst_" + "r" * 26)


async def test_C18_a_card_arrives_as_ciphertext_or_not_at_all(ada: Browser, edge: FakeEdge) -> None:
    page = await ada.get("/account/cards")
    assert page.form("/account/cards").keys() == {"form_token", "idempotency_key", "jwe"}
    refused = await ada.submit(page, "/account/cards", jwe="4242424242424242", number="4242424242424242")
    assert refused.status == 422
    assert "4242424242424242" not in refused.text
    assert not edge.sealed_cards
    stored = await ada.submit(page, "/account/cards", jwe=JWE)
    assert edge.sealed_cards == [JWE]
    assert "Visa ending in 4242" in stored.text
    await ada.submit(stored, f"/account/cards/{edge.cards[0]['card_id']}/delete")
    assert not edge.cards


async def test_the_keys_for_a_card_are_for_whoever_is_logged_in(ada: Browser, browser: Browser, edge: FakeEdge) -> None:
    answer = await ada.get("/account/cards/encryption-keys")
    assert json.loads(answer.raw) == edge.card_encryption
    assert answer.headers["Cache-Control"] == "no-store"
    assert (await browser.get("/account/cards/encryption-keys")).path.startswith("/account/log-in")


async def test_a_card_is_entered_on_the_page_of_the_processor(ada: Browser, edge: FakeEdge) -> None:
    page = await ada.submit(await ada.get("/account/cards"), "/account/cards/setups")
    assert page.name == "card_setup"
    assert page.tree.xpath("//main//a[@class='button']/@href") == ["https://processor.example/page/1"]
    gone = await ada.get("/account/cards/added?setup=cst_1")
    assert "No card was added." in gone.text
    edge.entered_card = {"card_id": "tok_1", "last4": "4242", "exp_month": 9, "exp_year": 2029, "brand": "visa"}
    assert "Card added." in (await ada.get("/account/cards/added?setup=cst_1")).text
    foreign = await ada.get("/account/cards/added?setup=cst_2")
    assert (foreign.status, "no such card setup" in foreign.text) == (404, True)


@pytest.mark.parametrize(("hosted", "direct"), [(True, False), (False, True)])
async def test_the_page_shows_the_ways_that_are_open(
    ada: Browser, edge: FakeEdge, *, hosted: bool, direct: bool
) -> None:
    edge.takes_hosted, edge.takes_direct = hosted, direct
    page = await ada.get("/account/cards")
    actions = page.tree.xpath("//main//form/@action")
    assert ("/account/cards/setups" in actions, "/account/cards" in actions) == (hosted, direct)


async def test_charges_are_listed_with_what_went_back(ada: Browser) -> None:
    page = await ada.get("/account/cards")
    assert "39.99 USD" in page.text
    assert "10.00 USD" in page.text


RECEIPT = "/account/payments/chg_" + "g" * 26


async def test_a_receipt_shows_the_payment_and_takes_a_request_for_a_refund(ada: Browser, edge: FakeEdge) -> None:
    page = await ada.get(RECEIPT)
    assert "39.99 USD" in page.text
    assert "At most 29.99 USD" in page.text
    asked = await ada.submit(page, f"{RECEIPT}/refund-requests", amount="12.50", reason="It came twice.")
    assert [(each["amount"], each["reason"]) for each in edge.refunds] == [(1250, "It came twice.")]
    assert "done-requested" in asked.marks
    assert "12.50 USD" in asked.text


async def test_a_request_for_a_refund_is_withdrawn_from_its_receipt(ada: Browser, edge: FakeEdge) -> None:
    page = await ada.get(RECEIPT)
    asked = await ada.submit(page, f"{RECEIPT}/refund-requests", amount="12.50", reason="It came twice.")
    withdraw = f"{RECEIPT}/refund-requests/{edge.refunds[0]['refund_id']}/withdraw"
    done = await ada.submit(asked, withdraw)
    assert "done-withdrawn" in done.marks
    assert [each["state"] for each in edge.refunds] == ["withdrawn"]
    assert withdraw not in done.tree.xpath("//form/@action")


@pytest.mark.parametrize("amount", ["", "much", "-1", "0", "1.005", "1e99", "30.00"])
async def test_a_refused_request_says_why_and_keeps_what_was_typed(ada: Browser, edge: FakeEdge, amount: str) -> None:
    page = await ada.get(RECEIPT)
    refused = await ada.submit(page, f"{RECEIPT}/refund-requests", amount=amount, reason="It came twice.")
    assert refused.status in (409, 422)
    assert "It came twice." in refused.text
    assert edge.refunds == []


async def test_a_receipt_of_another_account_is_not_found(ada: Browser) -> None:
    assert (await ada.get("/account/payments/chg_of_somebody_else")).status == 404


async def test_C21_a_case_takes_two_people(dora: Browser, emil: Browser, edge: FakeEdge) -> None:
    page = await dora.get("/staff/cases")
    form = {"ground": "law", "requester": "Superior Court", "reference": "26-2"}
    form |= {"fields": "identity.accounts.email", "account_ids": "acc_1\nacc_2"}
    opened = await dora.submit(page, "/staff/cases", **form)
    assert opened.path == "/staff/cases/dis_1"
    assert "own-request" in opened.marks
    page = await emil.get("/staff/cases/dis_1")
    await emil.submit(page, "/staff/cases/dis_1/approve")
    assert edge.cases["dis_1"]["state"] == "notifying"


async def test_a_refused_case_keeps_what_was_typed(dora: Browser) -> None:
    page = await dora.post("/staff/cases", requester="Superior Court", reference="26-2", ground="emergency")
    assert page.status == 422
    form = page.form("/staff/cases")
    assert (form["requester"], form["ground"]) == ("Superior Court", "emergency")


async def test_C13_an_agreement_is_entered_and_ended(dora: Browser, edge: FakeEdge) -> None:
    page = await dora.get("/staff/agreements")
    form = {"partner": "Parcel Works", "function": "shipping", "purposes": "partner_service", "scopes": "a b"}
    wrong = await dora.submit(page, "/staff/agreements", **form, fields="x.y.z", ends_on="soon")
    assert wrong.status == 422
    assert wrong.form("/staff/agreements")["partner"] == "Parcel Works"
    page = await dora.submit(page, "/staff/agreements", **form, fields="x.y.z", ends_on="2027-12-31")
    assert edge.agreements[0]["ends_at"] == "2027-12-31T00:00:00.000Z"
    await dora.submit(page, "/staff/agreements/agr_1/end")
    assert not edge.agreements[0]["active"]


async def test_the_desk_shows_what_needs_somebody(dora: Browser) -> None:
    page = await dora.get("/staff")
    assert page.part("roles") == "disclosure"
    assert "looked for C03" in page.part("broken-C03")
