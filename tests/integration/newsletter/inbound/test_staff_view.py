"""Staff list, read and undo over HTTP; nobody else can."""

from collections.abc import AsyncIterator

import pytest

from services.newsletter.app import compose
from shared.chassis.run import build_service_app
from shared.web import Principal
from tests.integration.newsletter.inbound.letterbox import Letterbox
from tests.integration.newsletter.subscribers import address
from tests.support.http import KnownTrust, Site, a_customer, a_member_of_staff, site
from tests.support.inbound_mails import corpus

ROOT = "/v1/newsletter/received-mails"
SUPPORT = a_member_of_staff("support")
HARD = corpus()[0]


@pytest.fixture
async def staff_view(letterbox: Letterbox) -> AsyncIterator[Site]:
    inside, trust = letterbox.inside, KnownTrust()
    spec = compose(inside.chassis, inside.settings)
    async with site(build_service_app(inside.chassis, spec, token_trust=trust), trust) as served:
        yield served


async def receive(letterbox: Letterbox, many: int = 1) -> None:
    news = await letterbox.inside.a_list()
    for number in range(many):
        reader = await letterbox.inside.join(news.list_id, address())
        await letterbox.report(HARD, reader, await letterbox.send_letter(reader, f"cmp_{number}"))


async def test_staff_see_the_newest_first_page_by_page_without_an_address(
    letterbox: Letterbox, staff_view: Site
) -> None:
    await receive(letterbox, many=3)
    headers = staff_view.trust.headers(SUPPORT)
    first = (await staff_view.get(f"{ROOT}?limit=2", headers=headers)).json
    rest = (await staff_view.get(f"{ROOT}?limit=2&cursor={first['next_cursor']}", headers=headers)).json
    assert [each["campaign_id"] for each in first["items"] + rest["items"]] == ["cmp_2", "cmp_1", "cmp_0"]
    assert rest["next_cursor"] is None
    assert "@" not in str(first)


async def test_staff_read_the_mail_and_undo_its_verdict(letterbox: Letterbox, staff_view: Site) -> None:
    await receive(letterbox)
    headers = staff_view.trust.headers(SUPPORT)
    [found] = (await staff_view.get(ROOT, headers=headers)).json["items"]
    assert (found["verdict"], found["reason"], found["counts"]) == ("hard", "unknown_user", True)
    one = f"{ROOT}/{found['received_id']}"
    assert "550 5.1.1" in (await staff_view.get(one, headers=headers)).json["source"]
    assert (await staff_view.post(f"{one}/revert", headers=headers)).json == {"resumed_count": 1}
    assert (await staff_view.get(one, headers=headers)).json["mail"]["reverted_at"] is not None
    reports = (await staff_view.get("/v1/newsletter/campaigns/cmp_0/reports", headers=headers)).json
    assert reports["hard"] == 0


async def test_only_what_waits_for_a_person_is_listed_on_request(letterbox: Letterbox, staff_view: Site) -> None:
    await receive(letterbox)
    await letterbox.deliver(b"Subject: Hello\r\n\r\nA question.\r\n", to="support@candor.example")
    headers = staff_view.trust.headers(SUPPORT)
    waiting = (await staff_view.get(f"{ROOT}?waiting=true", headers=headers)).json["items"]
    assert [each["reason"] for each in waiting] == ["request"]
    await staff_view.post(f"{ROOT}/{waiting[0]['received_id']}/revert", headers=headers)
    assert (await staff_view.get(f"{ROOT}?waiting=true", headers=headers)).json["items"] == []


@pytest.mark.parametrize("who", [a_customer(), a_member_of_staff("engineer")], ids=["customer", "engineer"])
async def test_nobody_else_can_look(staff_view: Site, who: Principal) -> None:
    headers = staff_view.trust.headers(who)
    assert (await staff_view.get(ROOT, headers=headers)).status == 403
    assert (await staff_view.post(f"{ROOT}/inb_1/revert", headers=headers)).status == 403


async def test_an_unknown_id_is_named(staff_view: Site) -> None:
    reply = await staff_view.get(f"{ROOT}/inb_none", headers=staff_view.trust.headers(SUPPORT))
    assert (reply.status, reply.code) == (404, "newsletter.received_mail.not_found")
