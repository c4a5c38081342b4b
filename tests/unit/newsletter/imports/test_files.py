"""Files of contacts as Mailchimp, Substack, Ghost, listmonk and people write them, and files that lie."""

import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from services.newsletter.domain.imports.archive import open_archive
from services.newsletter.domain.imports.columns import Contact, ContactState, parse_time
from services.newsletter.domain.imports.files import ContactFile, RefusedRows, read_all
from services.newsletter.errors.imports import ContactFileError

ACTIVE, LEFT = ContactState.ACTIVE, ContactState.UNSUBSCRIBED


def read(content: str | bytes, *, name: str = "", size: int = 7) -> tuple[list[Contact], RefusedRows]:
    """Read a file in chunks of *size* bytes, so that every boundary falls somewhere."""
    raw = content.encode() if isinstance(content, str) else content
    file = ContactFile(name=name, refused=RefusedRows(), max_rows=1000)
    chunks = (raw[start : start + size] for start in range(0, len(raw), size))
    return list(read_all(file, chunks)), file.refused


def rows(content: str | bytes, *, name: str = "", size: int = 7) -> list[tuple[int, str, ContactState]]:
    return [(each.line, each.email, each.state) for each in read(content, name=name, size=size)[0]]


MAILCHIMP = (
    'Email Address,First Name,"Last Name",MEMBER_RATING,OPTIN_TIME,OPTIN_IP,LATITUDE,LEID,EUID,NOTES,TAGS\r\n'
    'ada@a.example,Ada,"Love, Lace",2,"2026-01-02 03:04:05",192.0.2.1,1.0,7,x,,"""Tag A"",""Tag """"B"""""""\r\n'
    'bob@a.example,Bob,,2,"2026-01-02 03:04:05",192.0.2.1,1.0,8,y,"one\r\ntwo",\r\n'
    "eve@a.example,Eve,,2,,,,9,z,,\r\n"
)


def test_a_mailchimp_export_is_read_and_quoted_line_breaks_are_one_row_with_its_number() -> None:
    assert rows(MAILCHIMP, name="subscribed_members_export_1.csv") == [
        (2, "ada@a.example", ACTIVE),
        (3, "bob@a.example", ACTIVE),
        (5, "eve@a.example", ACTIVE),
    ]


def test_nothing_but_address_state_and_time_of_leaving_is_kept() -> None:
    [contact, *_], _ = read(MAILCHIMP)
    assert set(contact.__dataclass_fields__) == {"line", "email", "state", "left_at"}


@pytest.mark.parametrize(
    ("name", "header", "row", "state"),
    [
        ("unsubscribed_members_export_1.csv", "Email Address,UNSUB_TIME", 'a@a.example,"2026-01-02 03:04:05"', LEFT),
        ("cleaned_members_1.csv", "Email Address,CLEAN_TIME", "a@a.example,2026-01-02 03:04:05", ContactState.BOUNCED),
        ("x.csv", "Email Address,UNSUB_TIME", "a@a.example,2026-01-02 03:04:05", LEFT),
        ("cleaned.csv", "Email Address", "a@a.example", ContactState.BOUNCED),
        ("email_list.csv", "email,active_subscription,email_disabled,created_at", "a@a.example,false,true,x", LEFT),
        ("email_list.csv", "email,active_subscription,email_disabled,created_at", "a@a.example,true,false,x", ACTIVE),
        ("members.csv", "id,email,name,subscribed_to_emails,deleted_at", "1,a@a.example,A,false,", LEFT),
        ("members.csv", "id,email,name,subscribed_to_emails,deleted_at", "1,a@a.example,A,true,", ACTIVE),
        ("members.csv", "id,email,name,subscribed_to_emails,deleted_at", "1,a@a.example,A,,", LEFT),
        ("members.csv", "id,email,name,subscribed_to_emails,deleted_at", "1,a@a.example,A,true,2026-01-02", LEFT),
        ("s.csv", "uuid,email,name,attributes,status", 'u,a@a.example,A,"{""a"": ""b,c""}",enabled', ACTIVE),
        ("s.csv", "uuid,email,name,attributes,status", "u,a@a.example,A,{},blocklisted", ContactState.BLOCKED),
        ("s.csv", "E-Mail;Status", "a@a.example;unsubscribed", LEFT),
        ("s.csv", "EMAIL\tx", "a@a.example\ty", ACTIVE),
    ],
)
def test_the_state_of_a_contact_is_read_as_the_exporter_meant_it(
    name: str, header: str, row: str, state: ContactState
) -> None:
    assert rows(f"{header}\n{row}\n", name=name) == [(2, "a@a.example", state)]


def test_a_suppression_keeps_the_time_of_the_file() -> None:
    [contact], _ = read("email,status,updated_at\na@a.example,blocklisted,2026-01-02 03:04:05.123456789 +0000 UTC\n")
    assert contact.left_at == datetime(2026, 1, 2, 3, 4, 5, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-01-02 03:04:05", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05.000Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05+02:00", datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC)),
        ("2026-01-02 03:04:05.5 +0000 UTC", datetime(2026, 1, 2, 3, 4, 5, 500000, tzinfo=UTC)),
        ("02/01/2026", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("", None),
    ],
)
def test_times_are_read_in_the_spellings_of_the_exporters(text: str, at: datetime | None) -> None:
    assert parse_time(text) == at


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_every_encoding_delimiter_and_line_end_is_read(encoding: str, delimiter: str, line_end: str) -> None:
    table = [["Name", "Email"], ["Größe", "ä@a.example"], ["", "b@a.example"]]
    text = line_end.join(delimiter.join(cells) for cells in table)
    assert rows(text.encode(encoding), size=3) == [(2, "ä@a.example", ACTIVE), (3, "b@a.example", ACTIVE)]


def test_the_line_that_spreadsheets_put_first_is_no_header() -> None:
    assert rows("sep=;\r\nemail;x\r\na@a.example;1\r\n") == [(3, "a@a.example", ACTIVE)]


@pytest.mark.parametrize(
    ("cell", "email"),
    [
        (" a@a.example ", "a@a.example"),
        ("Ada <a@a.example>", "a@a.example"),
        ("mailto:a@a.example", "a@a.example"),
        ("'+a@a.example", "+a@a.example"),
    ],
)
def test_an_address_is_read_as_people_write_it(cell: str, email: str) -> None:
    assert rows(f'email\n"{cell}"\n') == [(2, email, ACTIVE)]


# ── rows that are refused, with their line ──


@pytest.mark.parametrize(
    ("content", "refused"),
    [
        ("email,x\na@a.example\nb@a.example,1\n", (2, "cell_count")),
        ("email,x\na@a.example,1,2\nb@a.example,1\n", (2, "cell_count")),
        ("email,status\na@a.example,maybe\nb@a.example,active\n", (2, "status_unknown")),
        ("email,email_disabled\na@a.example,perhaps\nb@a.example,no\n", (2, "status_unknown")),
        ("email,x\n,1\nb@a.example,1\n", (2, "email_missing")),
        ('email,x\na@a.example,"1"2"3"\nb@a.example,1\n', (2, "quotes_malformed")),
        ('email,x\n"a@a.example,1\nb",2\n\n\nc@a.example\nb@a.example,1\n', (6, "cell_count")),
    ],
)
def test_a_row_that_lies_is_refused_with_its_line_and_the_others_are_taken(
    content: str, refused: tuple[int, str]
) -> None:
    contacts, found = read(content)
    assert (found.first[0].line, found.first[0].code) == refused
    assert contacts[-1].email == "b@a.example"
    assert found.count == 1


# ── files that are refused as a whole ──


@pytest.mark.parametrize(
    ("content", "line", "code"),
    [
        (b"", 1, "header_missing"),
        (b"\n\n", 1, "header_missing"),
        (b"name,age\nAda,36\n", 1, "header_missing"),
        (b"ada@a.example\nbob@a.example\n", 1, "header_missing"),
        (b"<!DOCTYPE html><html></html>", 1, "header_missing"),
        (b"Email,Email Address\na@a.example,b@a.example\n", 1, "column_ambiguous"),
        (b"email,status,status\na@a.example,active,unsubscribed\n", 1, "column_ambiguous"),
        (b"email\na@a.example\nG\xf6the@a.example\n", 3, "encoding_invalid"),
        ("email\na@a.example\n".encode("utf-16-le"), 1, "not_text"),
        (b"email\na@a.example\n\x00@a.example\n", 3, "not_text"),
        (b'email,x\na@a.example,"1\nb@a.example,2\n', 2, "quote_not_closed"),
        (b'email,x\na@a.example,"' + b"x\n" * 40_000, 2, "quote_not_closed"),
        (b"email\n" + b"x" * 70_000, 2, "record_too_long"),
        (b"email\n" + b"a@a.example\n" * 1001, 1002, "too_many_rows"),
    ],
)
def test_a_file_that_cannot_be_read_as_a_whole_is_refused_with_the_line(content: bytes, line: int, code: str) -> None:
    with pytest.raises(ContactFileError) as refused:
        read(content, size=4096)
    [problem] = refused.value.fields
    assert (problem.field, problem.code) == (f"line.{line}", code)
    assert refused.value.code == "newsletter.import.file_invalid"


# ── archives ──


def zipped(files: dict[str, bytes], *, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def read_archive(content: bytes) -> Iterator[tuple[str, Contact]]:
    for archived in open_archive(content, max_bytes=1_000_000):
        file = ContactFile(name=archived.name, refused=RefusedRows(), max_rows=10, is_optional=True)
        for contact in read_all(file, archived.iter_chunks()):
            yield archived.name, contact


def test_the_three_files_of_mailchimp_are_read_from_their_archive() -> None:
    content = zipped(
        {
            "subscribed_1.csv": b"Email Address\na@a.example\n",
            "unsubscribed_1.csv": b"Email Address,UNSUB_TIME\nb@a.example,2026-01-02 03:04:05\n",
            "cleaned_1.csv": b"Email Address\nc@a.example\n",
            "readme.txt": b"x",
        }
    )
    assert [(contact.email, contact.state.value) for _, contact in read_archive(content)] == [
        ("a@a.example", "active"),
        ("b@a.example", "unsubscribed"),
        ("c@a.example", "bounced"),
    ]


def test_the_readers_of_posts_in_a_substack_archive_are_left_alone() -> None:
    content = zipped(
        {
            "email_list.x.csv": b"email,email_disabled\na@a.example,false\n",
            "posts.csv": b"post_id,title\n1,x\n",
            "posts/1.delivers.csv": b"post_id,email\n1,b@a.example\n",
            "__MACOSX/email_list.x.csv": b"email\nc@a.example\n",
        }
    )
    assert [(name, contact.email) for name, contact in read_archive(content)] == [("email_list.x.csv", "a@a.example")]


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04garbage",
        zipped({"x.xlsx": b"x"}),
        zipped({"a.csv": b"email\n" + b"a" * 500_000}),
        zipped({f"{number}.csv": b"email\n" for number in range(51)}),
        zipped({"a.csv": bytes(range(256)) * 4000}, compression=zipfile.ZIP_STORED),
        zipped({"a.csv": b"email\na@a.example\n" * 20})[:-60],
        zipped({"a.csv": b"email\na@a.example\n" * 20}).replace(b"a.csv\xab", b"a.csv\x00", 1),
    ],
    ids=["garbage", "spreadsheet", "bomb", "many", "large", "cut", "damaged"],
)
def test_an_archive_that_is_a_trap_is_refused(content: bytes) -> None:
    if content.startswith(b"PK\x03\x04") and b"a.csv" in content and len(content) < 300:
        content = content[:45] + b"\xff\xff\xff" + content[48:]
    with pytest.raises(ContactFileError):
        list(read_archive(content))
