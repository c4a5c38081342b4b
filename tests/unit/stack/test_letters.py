"""The mails of the local mailbox: kept, found, bounded, and readable whatever they hold."""

from datetime import timedelta
from pathlib import Path

import pytest

from shared.stack.mailbox.store import Mailbox
from tests.support import FixedClock

ADA = "ada@customers.example"
BOB = "bob@customers.example"


def mail(subject: str = "Hello", *, to: str = ADA, body: bytes = b"A text.\r\n", headers: bytes = b"") -> bytes:
    return f"From: no-reply@candor.example\r\nTo: {to}\r\nSubject: {subject}\r\n".encode() + headers + b"\r\n" + body


@pytest.fixture
def letters(tmp_path: Path) -> Mailbox:
    return Mailbox(tmp_path)


def test_the_newest_mail_comes_first(letters: Mailbox, clock: FixedClock) -> None:
    for subject in ("first", "second"):
        letters.add(mail(subject), sender="x", recipients=(ADA,), at=clock.advance(timedelta(seconds=1)))
    assert [letter.subject for letter in letters.list_newest(10)] == ["second", "first"]


def test_mails_survive_a_restart_in_their_order(tmp_path: Path, clock: FixedClock) -> None:
    for subject in ("first", "second", "third"):
        Mailbox(tmp_path).add(mail(subject), sender="x", recipients=(ADA,), at=clock.advance(timedelta(seconds=1)))
    assert [letter.subject for letter in Mailbox(tmp_path).list_newest(2)] == ["third", "second"]


def test_a_mail_is_found_by_whom_it_really_went_to(letters: Mailbox, clock: FixedClock) -> None:
    letters.add(mail(to=ADA), sender="x", recipients=(BOB,), at=clock())
    assert letters.list_newest(10, to=BOB.upper())
    assert not letters.list_newest(10, to=ADA)
    assert letters.list_newest(10, recipient_part="bob@")
    assert not letters.list_newest(10, recipient_part="ada")


def test_a_mail_to_several_shows_all_of_them(letters: Mailbox, clock: FixedClock) -> None:
    kept = letters.add(mail(to=f"{ADA}, {BOB}"), sender="x", recipients=(ADA, BOB), at=clock())
    assert kept.to == f"{ADA}, {BOB}"


def test_the_oldest_go_when_there_are_too_many(tmp_path: Path, clock: FixedClock) -> None:
    letters = Mailbox(tmp_path, max_mails=3)
    for number in range(5):
        letters.add(mail(str(number)), sender="x", recipients=(ADA,), at=clock.advance(timedelta(seconds=1)))
    assert [letter.subject for letter in letters.list_newest(10)] == ["4", "3", "2"]
    assert len(list(tmp_path.iterdir())) == 6


def test_the_oldest_go_when_they_take_too_much_room(tmp_path: Path, clock: FixedClock) -> None:
    letters = Mailbox(tmp_path, max_bytes=5000)
    for number in range(5):
        letters.add(mail(str(number), body=b"x" * 2000), sender="x", recipients=(ADA,), at=clock())
    assert [letter.subject for letter in letters.list_newest(10)] == ["4", "3"]


def test_text_and_html_are_both_read(letters: Mailbox, clock: FixedClock) -> None:
    parts = (
        b"--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        b"Gr=C3=BC=C3=9Fe\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>Gruss</p>\r\n--b--\r\n"
    )
    kept = letters.add(
        mail(body=parts, headers=b'Content-Type: multipart/alternative; boundary="b"\r\n'),
        sender="x",
        recipients=(ADA,),
        at=clock(),
    )
    opened = letters.read_contents(kept)
    assert (opened.text.strip(), opened.html.strip()) == ("Grüße", "<p>Gruss</p>")


def test_a_mail_keeps_its_headers_and_its_bytes(letters: Mailbox, clock: FixedClock) -> None:
    raw = mail(headers=b"List-Unsubscribe: <https://candor.example/u/1>\r\n")
    kept = letters.add(raw, sender="x", recipients=(ADA,), at=clock())
    assert letters.read_contents(kept).headers["List-Unsubscribe"] == "<https://candor.example/u/1>"
    assert letters.read_raw(kept) == raw


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe\x00",
        mail(body=b"\xff\xff", headers=b"Content-Type: text/plain; charset=no-such-set\r\n"),
        mail(body=b"!!!", headers=b"Content-Transfer-Encoding: base64\r\n"),
        mail(to="not an address at all"),
        mail("\N{SNOWMAN} and Grüße", to="jürgen@customers.example"),
        mail(headers=b"X-Odd: \xff\xfe\r\n", body=b"\xff\r\n"),
        mail(body=b"--b\r\n", headers=b'Content-Type: multipart/alternative; boundary="b"\r\n'),
    ],
    ids=["empty", "bytes", "charset", "base64", "address", "utf-8", "header", "unfinished"],
)
def test_a_broken_mail_is_kept_and_can_be_opened(letters: Mailbox, clock: FixedClock, raw: bytes) -> None:
    kept = letters.add(raw, sender="x", recipients=(ADA,), at=clock())
    opened = letters.read_contents(kept)
    assert "\N{SNOWMAN}".join([kept.to, kept.subject, opened.text, *opened.headers.values()]).encode()
    assert letters.read_raw(kept) == raw
