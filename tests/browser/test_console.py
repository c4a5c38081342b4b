"""The staff console at a real browser, without any script: two people and one account, and how its pages look."""

from tests.browser.conftest import NewVisitor
from tests.browser.test_looks import staff, wrong_with
from tests.browser.visitor import Visitor
from tests.demo.world import Person, World, new_person

FRONT = (
    *(
        "/staff",
        "/staff/accounts",
        "/staff/freeze",
        "/staff/admin-actions",
        "/staff/admin-actions?state=completed",
        "/staff/newsletters",
    ),
    *(
        "/staff/admin-actions/new/cancel_password",
        "/staff/admin-actions/new/correct_email",
        "/staff/admin-actions/new/place_hold",
        "/staff/legal-holds",
    ),
    *("/staff/privacy-requests", "/staff/abuse-reports", "/staff/abuse-reports?state=closed"),
)


async def found(visitor: Visitor, person: Person) -> None:
    """Find the account of *person*."""
    await visitor.open("/staff/accounts")
    await visitor.fill_in(email=person.email, reason="request 26-118")
    await visitor.press("/staff/accounts")


async def a_report(world: World) -> str:
    """Report a security problem; return the number of the report."""
    body = {"kind": "security_problem", "text": "There is a hole in the fence.\n\nIt was there on Monday, too."}
    return str((await world.call("POST", "/v1/identity/abuse-reports", json_body=body, expected=202))["report_id"])


async def test_C27_two_people_cancel_a_password_that_then_opens_nothing(new_visitor: NewVisitor) -> None:
    ada, support, security = await new_visitor(), await new_visitor(scripts=False), await new_visitor(scripts=False)
    person = new_person("ada")
    await ada.sign_up(person)
    await staff(support, "support")
    await found(support, person)
    await support.page.locator("#kind").select_option("cancel_password")
    await support.press("/staff/admin-actions/prepare")
    await support.fill_in(reason="request 26-118")
    await support.page.locator("#verification").select_option("called_back")
    await support.press("/staff/admin-actions/new/cancel_password")
    await support.page.locator("tbody a[href^='/staff/admin-actions/']").first.click()
    assert "own-request" in await support.marks()
    act = support.where
    assert await wrong_with(support, [act]) == []
    await staff(security, "security")
    assert await wrong_with(security, [act]) == []
    await security.press("form[action$='/approve'] button")
    assert "done-approved" in await security.marks()
    await ada.open("/account")
    await ada.log_in(person)
    assert ada.where.startswith("/account/log-in")
    ada.complaints.clear()  # the browser says that the log-in was refused


async def test_the_console_of_customer_service_is_for_everybody(visitor: Visitor) -> None:
    await staff(visitor, "support")
    assert await wrong_with(visitor, [*FRONT, f"/staff/abuse-reports/{await a_report(visitor.world)}"]) == []


async def test_what_was_written_is_opened_by_its_button_and_answered(visitor: Visitor) -> None:
    await staff(visitor, "security")
    report = f"/staff/abuse-reports/{await a_report(visitor.world)}"
    await visitor.open(report)
    assert "a hole in the fence" not in await visitor.text()
    await visitor.press(f"{report}/open")
    assert "a hole in the fence" in await visitor.text()
    await visitor.fill_in(text="Mended. Thank you.")
    await visitor.press(f"{report}/answer")
    assert visitor.where.startswith(report)
    assert "Mended. Thank you." in await visitor.text()
    assert await wrong_with(visitor, [report]) == []
