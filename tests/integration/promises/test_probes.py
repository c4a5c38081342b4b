"""The probes that every service has: each sees the breach that is planted, and does not cry wolf."""

import base64
import secrets
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar

import pytest

from shared.ids import new_id, new_token
from shared.mongo import Database, Document, EmbeddedValue, RetentionSweeper
from shared.personal import Category, Personal, retain_for
from shared.policy import PromiseState, Purpose
from shared.promises import retention_probe, undeclared_fields_probe
from shared.promises.card_numbers import card_number_probe
from shared.safe_text import UnsafeTextError, check_text
from tests.support import NOON, FixedClock, RawWriter
from tests.support.card_vectors import SPELLINGS, spelled

CARD = "4242424242424242"


class Line(EmbeddedValue):
    text: str


class Note(Document):
    collection: ClassVar[str] = "notes"

    created_at: datetime = NOON
    title: Annotated[str, Personal(Category.CONTENT, {Purpose.ACCOUNT}, retain_for(10))] = ""
    line: Line | None = None
    lines: tuple[Line, ...] = ()
    named: dict[str, Line] = {}  # noqa: RUF012 - pydantic copies it


class Other(Document):
    collection: ClassVar[str] = "others"

    sealed: bytes = b""
    number: int = 0


DOCUMENTS = (Note, Other)


@pytest.fixture
async def prepared(database: Database) -> Database:
    await database.ensure_collections(DOCUMENTS)
    await database.get_collection(Note).insert_many(Note(id=f"note_{n}", lines=(Line(text="a"),)) for n in range(10))
    return database


def raw_note(**fields: Any) -> dict[str, Any]:
    return {**Note(id=new_id("note")).to_mongo(), **fields}


async def test_C01_declared_documents_are_kept(prepared: Database) -> None:
    finding = await undeclared_fields_probe(prepared, DOCUMENTS).check()
    assert (finding.state, finding.sample_size) == (PromiseState.KEPT, 10)


@pytest.mark.parametrize(
    ("planted", "named"),
    [
        ({"shoe_size": 44}, "notes.shoe_size"),
        ({"line": {"text": "a", "by": "ada"}}, "notes.line.by"),
        ({"lines": [{"text": "a"}, {"text": "b", "by": "ada"}]}, "notes.lines.by"),
        ({"named": {"x": {"text": "a", "by": "ada"}}}, "notes.named.x.by"),
    ],
)
async def test_C01_a_planted_field_is_seen_wherever_it_is(
    prepared: Database, planter: RawWriter, planted: dict[str, Any], named: str
) -> None:
    await planter.write_raw(prepared, "notes", raw_note(**planted))
    finding = await undeclared_fields_probe(prepared, DOCUMENTS).check()
    assert finding.state is PromiseState.BROKEN
    assert named in finding.evidence
    assert "ada" not in finding.evidence, "the evidence names the field, not what is in it"


async def test_C17_a_planted_document_past_its_limit_is_seen(
    prepared: Database, planter: RawWriter, clock: FixedClock
) -> None:
    sweeper = RetentionSweeper(prepared, DOCUMENTS, clock)
    probe = retention_probe(sweeper)
    assert (await probe.check()).state is PromiseState.KEPT
    await planter.write_raw(prepared, "notes", raw_note(created_at=NOON - timedelta(days=10, hours=2)))
    finding = await probe.check()
    assert (finding.state, finding.sample_size) == (PromiseState.BROKEN, 1)
    await sweeper.delete_expired()
    assert (await probe.check()).state is PromiseState.KEPT


FORMS: dict[str, Any] = {
    "plain": CARD,
    "spaced": "4242 4242 4242 4242",
    "dashed": "4242-4242-4242-4242",
    "inside a sentence": f"my card is {CARD}, thanks",
    "base64": base64.b64encode(CARD.encode()).decode(),
    "base64 in a URL": f"https://a.example/x/{base64.urlsafe_b64encode(CARD.encode()).decode()}",
    "hex": CARD.encode().hex(),
    "bytes": CARD.encode(),
    "a number": int(CARD),
    "a name": {CARD: 1},
    "deep inside": [{"a": [{"b": CARD}]}],
}


@pytest.mark.parametrize("form", FORMS)
async def test_C18_a_planted_card_number_is_seen_in_whatever_form(
    prepared: Database, planter: RawWriter, form: str
) -> None:
    await planter.write_raw(prepared, "others", {"_id": "o", "planted": FORMS[form]})
    finding = await card_number_probe(prepared, DOCUMENTS).check()
    assert finding.state is PromiseState.BROKEN
    assert "others" in finding.evidence
    assert CARD not in finding.evidence


async def test_C18_the_probe_and_the_refusal_know_the_same_spellings(prepared: Database, planter: RawWriter) -> None:
    probe, missed = card_number_probe(prepared, DOCUMENTS), []
    for name in SPELLINGS:
        text = str(spelled(name, CARD))
        await planter.write_raw(prepared, "others", {"_id": name, "planted": text})
        if (await probe.check()).state is not PromiseState.BROKEN:
            missed.append(name)
        await planter.client[prepared.name]["others"].delete_one({"_id": name})
        with pytest.raises(UnsafeTextError):
            check_text(text)
    assert missed == []
    assert (await probe.check()).state is PromiseState.KEPT


async def test_C18_harmless_numbers_and_sealed_bytes_are_not_mistaken(prepared: Database) -> None:
    harmless = [
        Other(id=new_id("oth"), sealed=secrets.token_bytes(500), number=secrets.randbelow(10**12)) for _ in range(300)
    ]
    await prepared.get_collection(Other).insert_many(harmless)
    titles = [
        "4242424242424241",
        "0000 0000 0000 0000",
        new_token(),
        secrets.token_hex(32),
        "+49 30 123456",
        "1763812345678",
    ]
    await prepared.get_collection(Note).insert_many(Note(id=new_id("note"), title=title) for title in titles)
    finding = await card_number_probe(prepared, DOCUMENTS).check()
    assert (finding.state, finding.sample_size) == (PromiseState.KEPT, 316)
