"""Reports of misuse and security problems: a case with a number, an answer in time, an account that is locked (C28)."""

from datetime import timedelta

import pytest

from services.identity.domain.privacy_requests.lifecycle import OTHER_SERVICES
from services.identity.domain.staff.abuse_reports import answer_deadline
from services.identity.store import AbuseReportDocument
from shared.clock import rfc3339
from shared.contracts import common_v1
from shared.crypto import SubjectKeyDocument
from shared.web import RateLimit
from tests.integration.identity.fake_services import receipt
from tests.integration.identity.harness import IdentityHarness, Person, Reply, new_person
from tests.support import RawWriter
from tests.support.fake_services import until

REPORTS, LOCKS = "/v1/identity/abuse-reports", "/v1/identity/account-locks"
SECRET = "the door in the third parameter"


async def reported(house: IdentityHarness, *, by: Person | None = None, **body: object) -> Reply:
    return await house.call("POST", REPORTS, {"kind": "security_problem", **body}, by=by)


async def lock_link(house: IdentityHarness, person: Person) -> str:
    """Return the token of the link that locks, once it is mailed."""

    async def mailed() -> bool:
        return any(one.kind == "identity.lock_link" for one in await house.emails_to(person.email))

    async with house.run_workers("send-lock-emails"):
        assert await until(mailed)
    return await house.emailed_token(person)


async def log_in_status(house: IdentityHarness, person: Person) -> int:
    body = {"email": person.email, "password": person.password}
    return (await house.call("POST", "/v1/identity/sessions", body)).status


async def test_C28_a_report_opens_a_case_with_a_number_and_a_target(identity: IdentityHarness) -> None:
    case = await reported(identity, text=SECRET)
    assert (case.status, case.body["state"]) == (202, "open")
    assert case.body["answer_due_at"] == rfc3339(answer_deadline(identity.clock()))
    assert (await identity.call("GET", f"{REPORTS}/{case.body['report_id']}")).body == case.body


async def test_C28_staff_answers_the_author_reads_it_and_the_case_closes(identity: IdentityHarness) -> None:
    case = (await reported(identity, text=SECRET)).body["report_id"]
    support = identity.staff["support"]
    assert (
        await identity.call("POST", f"{REPORTS}/{case}/closures", by=support, once=True)
    ).code == "identity.abuse_report.not_open"
    told = await identity.call(
        "POST", f"{REPORTS}/{case}/answers", {"text": "Closed, thank you."}, by=support, once=True
    )
    assert told.body["state"] == "answered"
    assert (await identity.call("GET", f"{REPORTS}/{case}")).body["answer"] == "Closed, thank you."
    assert (await identity.call("POST", f"{REPORTS}/{case}/closures", by=support, once=True)).body["state"] == "closed"
    again = await identity.call("POST", f"{REPORTS}/{case}/answers", {"text": "Again."}, by=support, once=True)
    assert again.code == "identity.abuse_report.not_open"


async def test_C24_whoever_is_asked_for_a_password_can_say_so_and_is_told_the_answer(identity: IdentityHarness) -> None:
    ada = await identity.member()
    case = await reported(identity, by=ada, kind="password_phishing", text="A caller wanted it.")
    answered = await identity.call(
        "POST",
        f"{REPORTS}/{case.body['report_id']}/answers",
        {"text": "Not us."},
        by=identity.staff["admin"],
        once=True,
    )
    assert answered.status == 201
    [letter] = [one for one in await identity.emails_to(ada.email) if one.kind == "identity.report_answered"]
    assert case.body["report_id"] in letter.text
    assert "Not us." not in letter.text


async def test_C28_what_is_written_is_stored_sealed_and_read_on_record(
    identity: IdentityHarness, planter: RawWriter
) -> None:
    ada = await identity.member()
    case = (await reported(identity, by=ada, text=SECRET)).body["report_id"]
    assert SECRET not in str(await planter.read_raw(identity.chassis.db, AbuseReportDocument.collection))
    path = f"{REPORTS}/{case}/contents"
    read = await identity.call("GET", path, by=identity.staff["support"])
    assert (read.body["text"], read.body["account_id"]) == (SECRET, ada.account_id)
    [shown] = await identity.events(common_v1.PersonalDataAccessed, about=ada.account_id)
    assert (shown.recipient_id, shown.basis) == (identity.staff["support"].account_id, case)
    assert (await identity.call("GET", path, by=identity.staff["disclosure"])).status == 403
    assert (await identity.call("GET", path)).status == 401
    assert (await identity.run_probe("C06")).state == "kept"


async def test_C28_an_armoured_text_is_kept_as_it_is_and_said_to_be(identity: IdentityHarness) -> None:
    text = "-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----\n"
    case = (await reported(identity, text=text)).body["report_id"]
    read = await identity.call("GET", f"{REPORTS}/{case}/contents", by=identity.staff["admin"])
    assert (read.body["text"], read.body["pgp_encrypted"]) == (text, True)


async def test_C28_the_list_of_cases_holds_nothing_of_what_was_written(identity: IdentityHarness) -> None:
    stranger = new_person("victim")
    case = await reported(identity, kind="unauthorized_use", email=stranger.email, text=SECRET)
    listed = await identity.call("GET", f"{REPORTS}?state=open&limit=200", by=identity.staff["support"])
    assert case.body["report_id"] in {one["report_id"] for one in listed.body["items"]}
    assert SECRET not in str(listed.body)
    assert stranger.email not in str(listed.body)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"text": ""}, 422),
        ({"text": "x" * 10_241}, 422),
        ({"text": "ü" * 10_000}, 413),
        ({"kind": "unauthorized_use"}, 422),
        ({"kind": "unauthorized_use", "email": "nobody"}, 422),
        ({"text": "x", "lock": True}, 422),
        ({"kind": "gossip", "text": "x"}, 422),
        ({"text": "x", "password": "y"}, 422),
    ],
)
async def test_a_report_that_says_too_little_or_too_much_is_refused(
    identity: IdentityHarness, body: dict[str, object], status: int
) -> None:
    assert (await identity.call("POST", REPORTS, {"kind": "security_problem", **body})).status == status


async def test_C28_an_owner_who_is_logged_in_locks_the_account_at_once(identity: IdentityHarness) -> None:
    ada = await identity.member()
    case = await reported(identity, by=ada, kind="unauthorized_use", lock_account=True)
    assert case.status == 202
    assert await log_in_status(identity, ada) == 403
    assert (await identity.call("GET", "/v1/identity/me", by=ada)).code == "auth.session.revoked"


async def test_C28_a_link_to_the_accounts_address_locks_it_on_post_and_once(identity: IdentityHarness) -> None:
    ada = await identity.member()
    await reported(identity, kind="unauthorized_use", email=ada.email.upper())
    token = await lock_link(identity, ada)
    assert await log_in_status(identity, ada) == 201
    assert (await identity.call("GET", f"{LOCKS}?token={token}")).status == 405
    assert (await identity.call("POST", LOCKS, {"token": token})).status == 200
    assert await log_in_status(identity, ada) == 403
    assert (await identity.call("POST", LOCKS, {"token": token})).code == "identity.lock_token.invalid"


async def test_I06_a_lock_link_is_refused_with_any_byte_changed_or_missing(identity: IdentityHarness) -> None:
    ada = await identity.member()
    await reported(identity, kind="unauthorized_use", email=ada.email)
    token = await lock_link(identity, ada)
    wrong = {token[:place] + chr(ord(token[place]) ^ 1) + token[place + 1 :] for place in range(len(token))}
    wrong |= {token[:length] for length in range(0, len(token), 7)} | {token + "A"}
    replies = [await identity.call("POST", LOCKS, {"token": one}) for one in sorted(wrong)]
    assert {reply.status for reply in replies} == {400}
    assert await log_in_status(identity, ada) == 201


async def test_I15_a_report_says_the_same_of_an_address_without_an_account(identity: IdentityHarness) -> None:
    ada, stranger = await identity.member(), new_person("stranger")
    known = await reported(identity, kind="unauthorized_use", email=ada.email)
    unknown = await reported(identity, kind="unauthorized_use", email=stranger.email)
    assert (known.status, set(known.body)) == (unknown.status, set(unknown.body))
    await lock_link(identity, ada)

    async def nothing_waits() -> bool:
        return (
            await identity.chassis.db.get_collection(AbuseReportDocument).count_documents({"lock_link_pending": True})
            == 0
        )

    async with identity.run_workers("send-lock-emails"):
        assert await until(nothing_waits)
    assert await identity.emails_to(stranger.email) == []


async def test_I16_many_reports_of_one_address_send_one_mail(identity: IdentityHarness) -> None:
    ada = await identity.member()
    for _ in range(5):
        await reported(identity, kind="unauthorized_use", email=ada.email)
    await lock_link(identity, ada)

    async def nothing_waits() -> bool:
        return (
            await identity.chassis.db.get_collection(AbuseReportDocument).count_documents({"lock_link_pending": True})
            == 0
        )

    async with identity.run_workers("send-lock-emails"):
        assert await until(nothing_waits)
    assert [one.kind for one in await identity.emails_to(ada.email)].count("identity.lock_link") == 1


def test_C28_reports_are_taken_from_one_client_at_a_bounded_rate(identity: IdentityHarness) -> None:
    [route] = [one for one in identity.parts.routes if one.name == "create_abuse_report"]
    assert route.limit == RateLimit(100_000, timedelta(minutes=1))  # a tenth of what others may be asked for


async def test_C17_a_report_and_its_key_are_gone_after_a_year(apart: IdentityHarness) -> None:
    case = (await reported(apart, text=SECRET)).body["report_id"]
    apart.clock.advance(timedelta(days=365))

    async def gone() -> bool:
        return await apart.chassis.db.get_collection(AbuseReportDocument).get(case) is None

    async with apart.run_workers("resume-and-expire"):
        assert await until(gone)
    assert await apart.chassis.db.get_collection(SubjectKeyDocument).get(case) is None


async def test_C31_an_erasure_takes_the_reports_of_the_account_along(identity: IdentityHarness) -> None:
    ada = await identity.member()
    case = (await reported(identity, by=ada, text=SECRET)).body["report_id"]
    erased = await identity.call("POST", "/v1/identity/erasures", {"password": ada.password}, by=ada, once=True)
    assert erased.status == 202
    for service in OTHER_SERVICES:
        await identity.record_events(receipt(erased.body["erasure_id"]), of=service)
    assert (await identity.call("GET", f"{REPORTS}/{case}")).status == 404
