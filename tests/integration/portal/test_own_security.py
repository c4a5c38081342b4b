"""Passwords, second factors, the address, the security log: each page by what it does."""

import io
import json
import re
import zipfile

from tests.integration.portal.browser import Browser
from tests.integration.portal.edge import PASSWORD, FakeEdge
from tests.integration.portal.edge.answers import LATER
from tests.integration.portal.edge.own import CODE, RECOVERY

FACTORS = "/account/second-factors"
LONGER = "another long enough pass phrase"


async def test_I14_a_forgotten_password_is_answered_the_same_for_every_address(
    browser: Browser, edge: FakeEdge
) -> None:
    names = ("ada@customers.example", "nobody@customers.example")
    pages = [await browser.post("/account/forgot-password", email=name) for name in names]
    said = [page.text.replace(name, "…") for page, name in zip(pages, names, strict=True)]
    assert said[0] == said[1]
    assert edge.done == [("forget", name) for name in names]


async def test_a_new_password_is_set_by_the_link_and_the_log_in_is_next(browser: Browser, edge: FakeEdge) -> None:
    page = await browser.get("/account/reset-password?token=good-token")
    short = await browser.submit(page, "/account/reset-password", password="short")
    assert (short.status, short.form("/account/reset-password")["token"]) == (422, "good-token")
    done = await browser.submit(short, "/account/reset-password", password=LONGER)
    assert done.name == "login"
    assert "why-reset" in done.marks
    again = await browser.submit(short, "/account/reset-password", password=LONGER)
    assert again.status == 400
    assert again.tree.xpath("//div[@class='fault']//a/@href") == ["/account/forgot-password"]


async def test_a_changed_password_shows_the_app_passwords_that_still_work(ada: Browser, edge: FakeEdge) -> None:
    await ada.post("/account/app-passwords", label="Lost phone", scope="read")
    page = await ada.get("/account/password")
    wrong = await ada.submit(page, "/account/password", old_password="wrong", password=LONGER)
    assert wrong.status == 403
    assert LONGER not in wrong.raw.decode()
    done = await ada.submit(wrong, "/account/password", old_password=PASSWORD, password=LONGER)
    assert done.part("sessions-ended").startswith("2 ")
    assert "Lost phone" in done.text
    gone = await ada.submit(done, "/account/password/revoke-app-passwords")
    assert "done-all-revoked" in gone.marks
    assert not edge.app_passwords


async def test_a_refused_new_password_is_said_at_its_field(ada: Browser) -> None:
    page = await ada.post("/account/password", old_password=PASSWORD, password="short")
    assert page.status == 422
    assert page.tree.xpath("//input[@id='password']/@aria-invalid") == ["true"]


async def test_an_app_is_added_by_its_first_code_and_brings_recovery_codes_once(ada: Browser, edge: FakeEdge) -> None:
    page = await ada.submit(await ada.get(FACTORS), f"{FACTORS}/totp")
    assert "JBSW Y3DP EHPK 3PXP" in page.text
    assert page.tree.xpath("//a[starts-with(@href, 'otpauth://totp/')]")
    wrong = await ada.submit(page, f"{FACTORS}/totp/confirm", code="000000")
    assert wrong.status == 403
    assert "JBSW Y3DP EHPK 3PXP" in wrong.text
    done = await ada.submit(wrong, f"{FACTORS}/totp/confirm", code=CODE)
    assert [code.text for code in done.tree.xpath("//ol[@class='codes']//code")] == RECOVERY
    [stored] = done.tree.xpath("//a[@download]/@href")
    assert all(code in stored for code in RECOVERY)
    later = await ada.get(FACTORS)
    assert not any(code in later.text for code in RECOVERY)
    assert "10 of 10" in later.part("codes-left")


async def test_an_address_that_is_no_key_never_becomes_a_link(ada: Browser) -> None:
    page = await ada.submit(await ada.get(FACTORS), f"{FACTORS}/totp")
    wrong = await ada.submit(page, f"{FACTORS}/totp/confirm", code="000000", uri="javascript:alert(1)")
    assert not wrong.tree.xpath("//a[starts-with(@href, 'javascript')]")


async def test_new_recovery_codes_take_the_place_of_the_old_ones(ada: Browser, edge: FakeEdge) -> None:
    edge.protect()
    page = await ada.submit(await ada.get(FACTORS), f"{FACTORS}/recovery-codes")
    assert RECOVERY[9] in page.text
    assert "added-codes" in page.marks


async def test_a_passkey_is_added_by_name_and_removed(ada: Browser, edge: FakeEdge) -> None:
    page = await ada.get(f"{FACTORS}/passkeys/new")
    form = page.form(f"{FACTORS}/passkeys/new") | {"name": "Key <ring>", "credential": json.dumps({"id": "new"})}
    added = await ada.send("POST", f"{FACTORS}/passkeys/new", form=form)
    assert "done-passkey" in added.marks
    assert "Key <ring>" in added.text
    gone = await ada.submit(added, f"{FACTORS}/passkeys/psk_2/remove")
    assert "done-removed" in gone.marks
    assert not edge.factors["passkeys"]


async def test_without_the_script_no_passkey_is_added_and_it_is_said_why(ada: Browser, edge: FakeEdge) -> None:
    page = await ada.post(f"{FACTORS}/passkeys/new", name="Laptop")
    assert page.status == 422
    assert "http.request.invalid" in page.marks
    assert page.form(f"{FACTORS}/passkeys/new")["name"] == "Laptop"
    assert not edge.factors["passkeys"]


async def test_a_factor_that_a_short_password_needs_stays_and_it_is_said_what_to_do(
    ada: Browser, edge: FakeEdge
) -> None:
    edge.protect()
    edge.factors["passkeys"] = []
    page = await ada.submit(await ada.get(FACTORS), f"{FACTORS}/totp/remove")
    assert page.status == 409
    assert page.tree.xpath("//div[@class='fault']//a/@href") == ["/account/password"]
    assert edge.factors["totp_enrolled_at"]


async def test_every_change_of_a_factor_is_confirmed_first_and_then_done(ada: Browser, edge: FakeEdge) -> None:
    edge.protect()
    page = await ada.get(FACTORS)
    edge.log_ins_are_old = True
    asked = await ada.submit(page, f"{FACTORS}/passkeys/psk_1/remove")
    assert edge.factors["passkeys"]
    await ada.send("POST", "/account/confirm", form={**asked.form_with("code"), "code": CODE})
    assert not edge.factors["passkeys"]


async def test_staff_add_theirs_in_the_same_way(dora: Browser) -> None:
    desk = await dora.get("/staff")
    [link] = desk.tree.xpath("//header//a[@href='/account/second-factors']/@href")
    page = await dora.submit(await dora.get(link), f"{FACTORS}/totp")
    assert page.tree.xpath("//nav[@aria-label='Staff console']")
    done = await dora.submit(page, f"{FACTORS}/totp/confirm", code=CODE)
    assert done.name == "factors_codes"


async def test_another_address_is_asked_for(ada: Browser, edge: FakeEdge) -> None:
    page = await ada.get("/account/email")
    assert "ada@customers.example" in page.text
    asked = await ada.submit(page, "/account/email", email="new@customers.example")
    assert asked.name == "email_change_requested"
    assert edge.done == [("move", "new@customers.example")]


async def test_the_security_log_says_in_words_what_happened(ada: Browser) -> None:
    page = await ada.get("/account/security-log")
    assert "event-second_factor_failed" in page.marks
    assert "Firefox on Linux" in page.text
    [more] = page.tree.xpath("//main//a[contains(@href, 'cursor')]/@href")
    assert "next-page" not in (await ada.get("/account/security-log" + more)).marks


async def test_the_overview_says_how_the_account_is_protected(ada: Browser, edge: FakeEdge) -> None:
    assert "no-second-factor" in (await ada.get("/account/security")).marks
    edge.protect()
    page = await ada.get("/account/security")
    assert re.search(r"1 passkey\b.* 9 recovery codes", page.part("factors"))
    edge.away = {"/v1/identity/second-factors"}
    assert (await ada.get("/account/security")).status == 200


async def test_what_customer_service_will_do_is_shown_and_can_be_stopped(ada: Browser, edge: FakeEdge) -> None:
    assert "announced" not in (await ada.get("/account/security")).marks
    edge.announced.append({"admin_action_id": "act_1", "kind": "remove_second_factors", "takes_effect_at": LATER})
    page = await ada.get("/account/security")
    assert "remove your second factors" in page.part("announced")
    after = await ada.submit(page, "/account/security/object")
    assert "announced" not in after.marks
    assert not edge.announced
    assert (await ada.submit(page, "/account/security/object")).status == 200


async def test_an_owner_who_cannot_log_in_downloads_the_archive_by_its_link(browser: Browser) -> None:
    page = await browser.get("/account/export-link?token=good-token")
    archive = await browser.submit(page, "/account/export-link")
    assert archive.headers["Content-Disposition"] == 'attachment; filename="candor-2027-01-04.zip"'
    with zipfile.ZipFile(io.BytesIO(archive.raw)) as opened:
        assert opened.testzip() is None
    page = await browser.get("/account/export-link?token=bad")
    refused = await browser.submit(page, "/account/export-link")
    assert (refused.status, refused.name) == (400, "link_export")
