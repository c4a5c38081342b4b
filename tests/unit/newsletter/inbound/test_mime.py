"""Mails that were made to hurt their reader: none raises, none takes long, none counts (N-07, bad input)."""

from base64 import encodebytes
from quopri import encodestring
from time import process_time

import pytest

from services.newsletter.domain.inbound.judge import Door, Envelope, TokenState, judge
from services.newsletter.domain.inbound.mime import MAX_READ_BYTES, parse_mail
from services.newsletter.domain.inbound.reports import list_claimed_senders

HEAD = b"From: MAILER-DAEMON <>\r\nSubject: failure notice\r\n"
MAX_SECONDS = 2.0
"""On a busy machine; alone the slowest takes a quarter of it."""
HOSTILE = {
    "nothing": b"",
    "zero bytes": b"\0" * 1000,
    "10 MB of dashes": HEAD + b"\r\n" + b"-" * 10_000_000,
    "10 MB of open tags": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<" * 10_000_000,
    "10 MB of open styles": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<style" * 1_600_000,
    "10 MB of spaces": HEAD + b"\r\n" + b" " * 10_000_000,
    "10 MB of codes": HEAD + b"\r\n" + b"250 " * 2_500_000,
    "encoded words without end": b"Subject: " + b"=?a?q?" * 100_000 + b"\r\n\r\nx",
    "5,000 multiparts in each other": b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(5000)
    ),
    "100,000 parts": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 100_000,
    "20,000 messages in each other": b"Content-Type: message/rfc822\r\n\r\n" * 20_000,
    "20,000 recipients": b"Content-Type: message/delivery-status\r\n\r\n" + b"Final-Recipient: x\r\n\r\n" * 20_000,
    "a million headers": b"a:b\r\n" * 1_000_000,
    "a charset that is none": b"Content-Type: text/plain; charset=nope\r\n\r\n\xff",
    "a charset that is no text": b"Content-Type: text/plain; charset=hex\r\n\r\nabc",
    "a charset that raises": b"Content-Type: text/plain; charset=undefined\r\n\r\nabc",
    "base64 that is none": b"Content-Transfer-Encoding: base64\r\n\r\n!!!=x=",
    "a broken boundary": b"Content-Type: multipart/mixed; boundary*=utf-8''%FF%00x\r\n\r\n--x",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_n07_a_hostile_mail_is_read_in_time_and_counts_nothing(name: str) -> None:
    started = process_time()
    mail = parse_mail(HOSTILE[name])
    list_claimed_senders(mail)
    for door in Door:
        assert not judge(mail, Envelope(door=door, token=TokenState.FORGED, empty_sender=True)).counts
    live = judge(mail, Envelope(door=Door.BOUNCE, token=TokenState.LIVE, empty_sender=True))
    assert not live.counts or name == "20,000 recipients"
    assert process_time() - started < MAX_SECONDS


def test_a_report_of_10_mb_is_read_although_its_original_is_not() -> None:
    report = (
        HEAD + b"Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\n\r\nIt failed.\r\n--b\r\n"
        b"Content-Type: message/delivery-status\r\n\r\nFinal-Recipient: rfc822; a@b.example\r\nAction: failed\r\n"
        b"Status: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 user unknown\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
    )
    mail = parse_mail(report + b"x" * 10_000_000)
    assert judge(mail, Envelope(door=Door.BOUNCE, token=TokenState.LIVE, empty_sender=True)).verdict == "hard"
    assert sum(len(part.text) for part in mail.parts) <= MAX_READ_BYTES


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
def test_an_encoded_delivery_status_is_read(encoding: str) -> None:
    status = b"Reporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822; a@b.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    body = encodebytes(status) if encoding == "base64" else encodestring(status)
    raw = (
        HEAD + b"Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\n"
        b"Content-Type: message/delivery-status\r\nContent-Transfer-Encoding: " + encoding.encode() + b"\r\n\r\n" + body
    )
    found = judge(parse_mail(raw), Envelope(door=Door.BOUNCE, token=TokenState.LIVE, empty_sender=True))
    assert found.verdict == "hard"


def test_a_boundary_that_does_not_occur_is_found_in_the_text() -> None:
    body = b"--=_other_1\r\n\r\none\r\n--=_other_1\r\n\r\ntwo\r\n--=_other_1--"
    raw = b"Content-Type: multipart/mixed; boundary=named\r\n\r\n" + body
    assert [part.text for part in parse_mail(raw).parts] == ["one", "two"]
