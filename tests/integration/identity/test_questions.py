"""Questions reach a person: sealed, answered by email from the inbox of the staff, and gone after half a year (C30)."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from services.identity.store import QuestionDocument
from shared.contracts import common_v1
from shared.crypto import KeyDestroyedError
from shared.mail import EmailMessage
from shared.policy import Purpose
from tests.integration.identity.harness import IdentityHarness, Reply, new_person
from tests.support.fake_services import until

QUESTIONS = "/v1/identity/questions"
TEXT = "Where do I find my receipts?"


async def answer(house: IdentityHarness, question_id: str, text: str = "Under Payments.") -> Reply:
    path = f"{QUESTIONS}/{question_id}/answers"
    return await house.call("POST", path, {"text": text}, by=house.staff["support"], once=True)


async def answers_to(house: IdentityHarness, email: str) -> list[EmailMessage]:
    return [letter for letter in await house.emails_to(email) if letter.kind == "identity.question_answered"]


async def test_C30_a_stranger_asks_and_is_answered_by_email(identity: IdentityHarness) -> None:
    email = new_person().email
    asked = await identity.call("POST", QUESTIONS, {"text": TEXT, "email": email})
    assert (asked.status, asked.body["state"], asked.body["topic"]) == (202, "open", "general")
    question_id = asked.body["question_id"]
    assert TEXT not in str(asked.body)
    listed = await identity.call("GET", f"{QUESTIONS}?state=open&limit=200", by=identity.staff["support"])
    assert question_id in {one["question_id"] for one in listed.body["items"]}
    assert email not in str(listed.body)
    read = await identity.call("GET", f"{QUESTIONS}/{question_id}/contents", by=identity.staff["support"])
    assert (read.body["text"], read.body["email"], read.body["account_id"]) == (TEXT, email, None)
    assert (await answer(identity, question_id)).body["state"] == "answered"
    [letter] = await answers_to(identity, email)
    assert "Under Payments." in letter.text
    told = await identity.call("GET", f"{QUESTIONS}/{question_id}")
    assert (told.body["state"], told.body["answer"]) == ("answered", "Under Payments.")


async def test_C30_the_text_is_sealed_and_its_access_is_in_the_ledger(identity: IdentityHarness) -> None:
    ada = await identity.member()
    asked = await identity.call("POST", QUESTIONS, {"text": TEXT}, by=ada)
    row = await identity.chassis.db.get_collection(QuestionDocument).get(asked.body["question_id"])
    assert row is not None
    assert TEXT.encode() not in row.text
    await identity.call("GET", f"{QUESTIONS}/{row.id}/contents", by=identity.staff["support"])
    [shown] = await identity.events(common_v1.PersonalDataAccessed, about=ada.account_id)
    assert (shown.purpose, shown.basis) == ("support", row.id)
    mine = (await identity.call("GET", f"{QUESTIONS}/mine", by=ada)).body["items"]
    assert [one["question_id"] for one in mine] == [row.id]
    await answer(identity, row.id)
    assert len(await answers_to(identity, ada.email)) == 1


@pytest.mark.parametrize(("topic", "channel"), [("correction", "mail"), ("cancel_password", "phone")])
async def test_C26_C27_what_was_asked_by_mail_or_phone_is_a_case(
    identity: IdentityHarness, topic: str, channel: str
) -> None:
    ada = await identity.member()
    body = {"text": "Please.", "topic": topic, "channel": channel, "account_id": ada.account_id}
    made = await identity.call("POST", f"{QUESTIONS}/by-staff", body, by=identity.staff["support"], once=True)
    assert (made.status, made.body["topic"], made.body["channel"]) == (201, topic, channel)
    assert (await identity.call("POST", f"{QUESTIONS}/by-staff", body, by=ada, once=True)).status == 403


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": " ", "email": "ada@customers.example"}, "text"),
        ({"text": TEXT}, "email"),
        ({"text": TEXT, "email": "not an address"}, "email"),
        ({"text": "4242 4242 4242 4242", "email": "ada@customers.example"}, "text"),
    ],
)
async def test_a_wrong_question_is_refused_with_its_field(
    identity: IdentityHarness, body: dict[str, Any], field: str
) -> None:
    refused = await identity.call("POST", QUESTIONS, body)
    assert refused.status == 422
    assert field in {one["field"] for one in refused.body["fields"]}


async def test_a_question_is_answered_once_and_by_those_who_may(identity: IdentityHarness) -> None:
    ada = await identity.member()
    asked = await identity.call("POST", QUESTIONS, {"text": TEXT}, by=ada)
    question_id = asked.body["question_id"]
    refused = await identity.call("GET", f"{QUESTIONS}/{question_id}/contents", by=identity.staff["disclosure"])
    assert refused.status == 403
    replies = await asyncio.gather(*(answer(identity, question_id) for _ in range(4)))
    assert sorted(reply.status for reply in replies) == [201, 409, 409, 409]
    assert len(await answers_to(identity, ada.email)) == 1
    assert (await identity.call("GET", f"{QUESTIONS}/que_unknown")).code == "identity.question.not_found"


async def test_C30_the_probe_sees_a_late_answer_and_an_old_question(apart: IdentityHarness) -> None:
    rows = apart.chassis.db.get_collection(QuestionDocument)
    asked = await apart.call("POST", QUESTIONS, {"text": TEXT, "email": new_person().email})
    assert (await apart.run_probe("C30")).state == "kept"
    apart.clock.advance(timedelta(days=7))
    assert (await apart.run_probe("C30")).state == "broken"
    await rows.update_one({"_id": asked.body["question_id"]}, {"$set": {"state": "answered"}})
    assert (await apart.run_probe("C30")).state == "kept"
    apart.clock.advance(timedelta(days=180))
    assert (await apart.run_probe("C30")).state == "broken"


async def test_C30_an_expired_question_is_deleted_with_its_key(apart: IdentityHarness) -> None:
    asked = await apart.call("POST", QUESTIONS, {"text": TEXT, "email": new_person().email})
    rows = apart.chassis.db.get_collection(QuestionDocument)
    row = await rows.get(asked.body["question_id"])
    assert row is not None
    apart.clock.advance(timedelta(days=180))

    async def gone() -> bool:
        return await rows.get(row.id) is None

    async with apart.run_workers("resume-and-expire"):
        assert await until(gone)
    assert (await apart.run_probe("C30")).sample_size == 0
    with pytest.raises(KeyDestroyedError):
        await apart.chassis.vault.open_field(row, "text", Purpose.SUPPORT)


async def test_own_reports_are_listed(identity: IdentityHarness) -> None:
    ada, eve = await identity.member(), await identity.member("eve")
    body = {"kind": "security_problem", "text": "A page shows too much."}
    made = await identity.call("POST", "/v1/identity/abuse-reports", body, by=ada)
    mine = (await identity.call("GET", "/v1/identity/abuse-reports/mine", by=ada)).body["items"]
    assert [one["report_id"] for one in mine] == [made.body["report_id"]]
    assert (await identity.call("GET", "/v1/identity/abuse-reports/mine", by=eve)).body["items"] == []
