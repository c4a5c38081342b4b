"""The mail log: what operators find in it, and what the probe of C04 finds in it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.clock import utc_now
from shared.ids import new_id
from shared.mail import (
    DeliveryStatus,
    MailDirection,
    MailLog,
    MailLogDocument,
    MailLogFilter,
    QueuedMailDocument,
    ReceivedMail,
)
from shared.policy import PromiseState, Purpose
from shared.promises import Finding
from shared.promises.server_logs import inspect_access_log, server_log_probe
from tests.integration.mail.smtp_server import MailHarness, build_email
from tests.support import NOON
from tests.support.http import Site, a_customer, a_member_of_staff
from tests.support.services import composed, serving_service

DAY = timedelta(days=1)
VISIT = '192.0.2.7 - - [%s] "GET /newsletter HTTP/1.1" 200 512 "-" "Mozilla/5.0"\n'


@pytest.fixture
def log(office: MailHarness) -> MailLog:
    return MailLog(office.db, office.vault)


async def send(office: MailHarness, number: int, subject: str = "") -> str:
    mail_id = await office.post.enqueue(build_email(number), subject=subject, purpose=Purpose.ACCOUNT)
    async with office.run_senders():
        await office.empty()
    return mail_id


async def found(log: MailLog, **wanted: Any) -> list[str]:
    rows = await log.search_entries(MailLogFilter(**wanted), after=None, limit=50)
    return [row.mail_id for row in rows]


async def test_C04_an_operator_finds_a_mail_by_the_address_in_any_letter_case(
    office: MailHarness, log: MailLog
) -> None:
    first, _ = await send(office, 1), await send(office, 2)
    assert await found(log, address="Person1@Candor.Example") == [first]
    assert await found(log, address="person3@candor.example") == []


async def test_C04_a_search_is_narrowed_by_every_field_and_the_newest_comes_first(
    office: MailHarness, log: MailLog
) -> None:
    first, second = await send(office, 1), await send(office, 2)
    await log.record_received(
        ReceivedMail(kind="newsletter.inbound", verdict="hard", mail_id=first, code=550, at=utc_now())
    )
    assert await found(log) == [first, second, first]
    assert await found(log, direction=MailDirection.RECEIVED) == [first]
    assert await found(log, mail_id=second) == [second]
    assert await found(log, kind="identity.verification", status=DeliveryStatus.RELAYED) == [second, first]
    assert await found(log, since=utc_now() + DAY) == []
    assert await found(log, until=utc_now() + DAY, kind="newsletter.inbound") == [first]


async def test_C04_the_log_keeps_the_enhanced_code_of_a_refusal(office: MailHarness, log: MailLog) -> None:
    office.relay.at_rcpt = ["550 5.1.1 no such mailbox", "451 4.7.1 later"]
    await send(office, 1)
    await send(office, 2)
    rows = await log.search_entries(MailLogFilter(), after=None, limit=50)
    found = {(row.status.value, row.code, row.enhanced_code) for row in rows}
    assert {("failed", 550, "5.1.1"), ("deferred", 451, "4.7.1")} <= found


async def test_an_erasure_cuts_the_tie_between_the_log_and_the_account(office: MailHarness, log: MailLog) -> None:
    mail_id = await send(office, 1, subject="acc_1")
    assert await log.anonymize("acc_1") == 1
    assert await found(log, address="person1@candor.example") == []
    assert await found(log, mail_id=mail_id) == [mail_id]


# ── the probe ──


async def probed(office: MailHarness, log: MailLog, access_log: Path | None, *, leads: bool = True) -> Finding:
    return await server_log_probe(office.db, log, utc_now, access_log=access_log, leads=leads).check()


@pytest.fixture
def access_log(tmp_path: Path) -> Path:
    file = tmp_path / "access.log"
    file.write_text(VISIT % f"{utc_now():%d/%b/%Y:%H:%M:%S +0000}")
    return file


async def test_C04_is_kept_while_both_logs_are_kept_and_deleted(
    office: MailHarness, log: MailLog, access_log: Path
) -> None:
    await send(office, 1)
    finding = await probed(office, log, access_log)
    assert (finding.state, finding.sample_size) == (PromiseState.KEPT, 2)
    assert (await probed(office, log, None, leads=False)).state is PromiseState.KEPT


async def test_C04_is_unknown_where_the_access_log_cannot_be_read(office: MailHarness, log: MailLog) -> None:
    finding = await probed(office, log, None)
    assert finding.state is PromiseState.UNKNOWN
    assert "CANDOR_ACCESS_LOG" in finding.evidence


async def test_C04_is_broken_by_a_row_that_outlived_its_time(
    office: MailHarness, log: MailLog, access_log: Path
) -> None:
    row = MailLogDocument(
        id=new_id("log"),
        at=utc_now() - 91 * DAY,
        kind="a.b",
        mail_id=new_id("mail"),
        status=DeliveryStatus.RELAYED,
        code=250,
    )
    await office.db.get_collection(MailLogDocument).insert_one(row)
    finding = await probed(office, log, access_log)
    assert finding.state is PromiseState.BROKEN
    assert "1 rows of the mail log are overdue" in finding.evidence


async def test_C04_is_broken_by_attempts_without_a_log(office: MailHarness, log: MailLog, access_log: Path) -> None:
    await office.post.enqueue(build_email(1), purpose=Purpose.ACCOUNT)
    await office.db.get_collection(QueuedMailDocument).update_one({}, {"$set": {"attempts": 3}})
    finding = await probed(office, log, access_log)
    assert finding.state is PromiseState.BROKEN
    assert "without a row in the mail log" in finding.evidence


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (VISIT.replace("/newsletter ", "/newsletter?email=x "), "query string"),
        (VISIT.replace('"-"', '"https://candor.example/?token=x"'), "query string"),
        ("192.0.2.7 GET /newsletter %s\n", "combined format"),
        (VISIT.replace("%s", "01/Jan/2020:00:00:00 +0000"), "overdue"),
    ],
)
async def test_C04_is_broken_by_an_entry_that_says_too_much_or_stays_too_long(
    office: MailHarness, log: MailLog, access_log: Path, line: str, fault: str
) -> None:
    with access_log.open("a") as opened:
        opened.write(line.replace("%s", f"{utc_now():%d/%b/%Y:%H:%M:%S +0000}"))
    finding = await probed(office, log, access_log)
    assert finding.state is PromiseState.BROKEN
    assert fault in finding.evidence


async def test_C04_is_broken_by_a_day_that_was_not_deleted(office: MailHarness, log: MailLog, access_log: Path) -> None:
    folder = access_log.with_suffix("")
    folder.mkdir()
    (folder / f"{utc_now() - 40 * DAY:%Y-%m-%d}.log").touch()
    (folder / f"{utc_now() - 2 * DAY:%Y-%m-%d}.log").touch()
    finding = await probed(office, log, access_log)
    assert "1 days of the access log are overdue" in finding.evidence


def test_C04_no_visitor_can_break_the_promise_by_what_the_browser_sends(tmp_path: Path) -> None:
    file = tmp_path / "access.log"
    at = f"{NOON:%d/%b/%Y:%H:%M:%S +0000}"
    sent = ['x" "y?z', 'GET /?q" 200 5 "-" "x', "a" * 5000, "é\x00"]
    file.write_text("".join((VISIT % at).replace("Mozilla/5.0", agent) for agent in sent))
    assert inspect_access_log(file, NOON).faults == ()


# ── over HTTP ──


@pytest.fixture
async def site(mongo_url: str, tmp_path: Path) -> AsyncIterator[tuple[Site, MailLog]]:
    async with (
        composed("disclosure", tmp_path, MONGO_URL=mongo_url, MONGO_DATABASE=new_id("test")) as one,
        serving_service(one) as served,
    ):
        yield served, one.chassis.mail_log


async def test_staff_search_over_http_and_others_may_not(site: tuple[Site, MailLog]) -> None:
    served, log = site
    trust = served.trust
    for number in range(3):
        mail = ReceivedMail(kind="a.b", verdict="soft", at=NOON + number * DAY, sender="Bob@people.example")
        await log.record_received(mail)
    path, body = "/v1/disclosure/mail-log/search", {"address": "bob@people.example"}
    operator = trust.headers(a_member_of_staff("engineer"), at=utc_now())
    first = await served.post(f"{path}?limit=2", json=body, headers=operator)
    assert first.status == 200, first
    assert [each["verdict"] for each in first.json["items"]] == ["soft", "soft"]
    rest = await served.post(f"{path}?limit=2&cursor={first.json['next_cursor']}", json=body, headers=operator)
    assert len(rest.json["items"]) == 1
    assert (await served.post(path, json=body, headers=trust.headers(a_customer(), at=utc_now()))).status == 403
    assert (await served.post(path, json={"address": "x"}, headers=operator)).code == "mail.address.invalid"
    for since in ("2026-01-01T00:00:00", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"):
        assert (await served.post(path, json={"since": since}, headers=operator)).status == 422
