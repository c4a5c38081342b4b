"""The verdict on each mail of the corpus, and the order of judgement (N-06, N-07)."""

import pytest

from services.newsletter.domain.inbound.judge import Door, Envelope, TokenState, judge
from services.newsletter.domain.inbound.mime import parse_mail
from services.newsletter.domain.inbound.verdicts import Judgement, Reason, Verdict
from tests.support.inbound_mails import CorpusMail, corpus

TOKENS = {
    "live": TokenState.LIVE,
    "inside": TokenState.LIVE,
    "none": TokenState.NONE,
    "altered": TokenState.FORGED,
    "expired": TokenState.EXPIRED,
}


def door_of(mail: CorpusMail) -> Door:
    named = mail.envelope_to.strip("@").lower()
    return next((door for door in Door if named.startswith(door)), Door.BOUNCE)


def judge_text(text: str, *, door: Door = Door.BOUNCE, token: TokenState = TokenState.LIVE) -> Judgement:
    mail = parse_mail(text.strip().replace("\n", "\r\n").encode())
    return judge(mail, Envelope(door=door, token=token, empty_sender=True))


def a_report(*, status: str = "5.0.0", diagnostic: str = "", action: str = "failed", text: str = "") -> str:
    code = f"Diagnostic-Code: smtp; {diagnostic}\n" if diagnostic else ""
    return f"""
From: MAILER-DAEMON@mx.example
Subject: Undelivered Mail
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b

{text}
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; reader@people.example
Action: {action}
Status: {status}
{code}
--b--
"""


@pytest.mark.parametrize("mail", corpus(), ids=lambda mail: mail.file)
def test_n07_each_mail_of_the_corpus_gets_its_verdict(mail: CorpusMail) -> None:
    envelope = Envelope(door=door_of(mail), token=TOKENS[mail.token], empty_sender=not mail.envelope_from)
    found = judge(parse_mail(mail.read({})), envelope)
    assert (found.verdict, found.reason, found.counts) == (mail.verdict, mail.reason, mail.counts)


@pytest.mark.parametrize("mail", corpus(), ids=lambda mail: mail.file)
@pytest.mark.parametrize("token", [TokenState.NONE, TokenState.FORGED, TokenState.EXPIRED])
def test_n06_without_a_live_token_no_mail_counts(mail: CorpusMail, token: TokenState) -> None:
    envelope = Envelope(door=door_of(mail), token=token, empty_sender=not mail.envelope_from)
    assert not judge(parse_mail(mail.read({})), envelope).counts


@pytest.mark.parametrize("diagnostic", ["450 4.2.2 over quota", "421 try again later", "451 4.1.1 user unknown"])
def test_n07_the_class_of_the_reply_decides_before_a_permanent_status(diagnostic: str) -> None:
    assert judge_text(a_report(status="5.1.1", diagnostic=diagnostic)).verdict is Verdict.SOFT


def test_n07_a_permanent_code_in_a_delay_is_still_a_delay() -> None:
    found = judge_text(a_report(status="5.1.1", diagnostic="550 5.1.1 user unknown", action="delayed"))
    assert found == Judgement(Verdict.SOFT, Reason.DELAYED)


@pytest.mark.parametrize(
    ("diagnostic", "reason"),
    [
        ("550 5.7.1 blocked using a block list", Reason.BLOCKED),
        ("554 5.7.1 message rejected for policy reasons", Reason.BLOCKED),
        ("550 5.1.1 your address is listed at bl.example", Reason.BLOCKED),
        ("550 5.7.26 the sender is unauthenticated", Reason.BLOCKED),
        ("552 5.3.4 message size exceeds the fixed limit", Reason.TOO_BIG),
        ("553 5.1.8 sender address rejected: domain not found", Reason.OUR_SIDE),
        ("550 5.7.1 relaying denied", Reason.OUR_SIDE),
    ],
)
def test_a_refusal_of_us_never_counts_against_the_address(diagnostic: str, reason: Reason) -> None:
    found = judge_text(a_report(status="5.1.1", diagnostic=diagnostic))
    assert found.reason is reason
    assert found.refuses_us
    assert not found.counts


def test_words_in_the_returned_email_say_nothing() -> None:
    returned = "Return-Path: <x@y.example>\n\nno such user"
    text = f"From: MAILER-DAEMON\nSubject: failure notice\n\nIt failed. (#5.2.2)\n\n{returned}"
    assert judge_text(text) == Judgement(Verdict.SOFT, Reason.MAILBOX_FULL)


def test_an_alias_is_dead_only_when_each_of_its_targets_is() -> None:
    second = "\n\nFinal-Recipient: rfc822; other@people.example\nAction: failed\nStatus: 5.2.2\n"
    report = a_report(status="5.1.1", diagnostic="550 5.1.1 user unknown")
    both = report.replace("550 5.1.1 user unknown\n", f"550 5.1.1 user unknown{second}")
    assert judge_text(both) == Judgement(Verdict.SOFT, Reason.MAILBOX_FULL)


@pytest.mark.parametrize("kind", ["not-spam", "auth-failure", "dmarc", "other", ""])
def test_feedback_that_is_no_complaint_counts_nothing(kind: str) -> None:
    found = judge_text(a_feedback(kind), door=Door.COMPLAINTS)
    assert (found.verdict, found.counts) == (Verdict.UNKNOWN, False)


@pytest.mark.parametrize("kind", ["abuse", "fraud", "ABUSE"])
def test_a_complaint_to_a_return_address_counts_as_one_to_the_door_for_complaints(kind: str) -> None:
    for door in (Door.BOUNCE, Door.COMPLAINTS):
        assert judge_text(a_feedback(kind), door=door).verdict is Verdict.COMPLAINT


def test_an_unsubscription_that_apple_mail_marks_as_automatic_is_one() -> None:
    text = "Auto-Submitted: auto-replied\nX-Apple-Unsubscribe: true\nSubject: unsubscribe\n\n."
    assert judge_text(text, door=Door.LEAVE) == Judgement(Verdict.UNSUBSCRIBE, Reason.MAILTO)


def test_n07_a_vacation_reply_that_a_relay_reports_as_a_failure_counts_nothing() -> None:
    found = judge_text(a_report(status="5.0.0", text="I am out of the office until Monday."))
    assert found == Judgement(Verdict.AUTO_REPLY, Reason.VACATION)


def test_a_mail_to_a_role_address_is_a_request_whatever_it_looks_like() -> None:
    found = judge_text(a_report(diagnostic="550 5.1.1 user unknown"), door=Door.ROLE)
    assert found == Judgement(Verdict.UNKNOWN, Reason.REQUEST)
    assert found.needs_a_person


def a_feedback(kind: str) -> str:
    return f"""
From: feedback@webmail.example
Content-Type: multipart/report; report-type=feedback-report; boundary=b

--b
Content-Type: message/feedback-report

Feedback-Type: {kind}
Version: 1
--b
Content-Type: message/rfc822

Return-Path: <bounce@candor.example>

letter
--b--
"""
