"""The corpus of mails that come in (``tests/data/mail``), with the verdict on each."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "data" / "mail"


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusMail:
    """One mail of the corpus and what is to be made of it."""

    file: str
    verdict: str
    reason: str
    counts: bool
    envelope_from: str
    envelope_to: str
    reader: str
    token: str

    def read(self, values: Mapping[str, str]) -> bytes:
        """Return the bytes as they come over SMTP; *values* replaces the placeholders."""
        text = (FOLDER / self.file).read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        for name, value in values.items():
            text = text.replace(f"@@{name}@@".encode(), value.encode())
        return text


@cache
def corpus() -> tuple[CorpusMail, ...]:
    """Return all mails of the corpus."""
    with (FOLDER / "expected.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            CorpusMail(
                file=row["file"],
                verdict=row["verdict"].replace("-", "_"),
                reason=row["reason"],
                counts=row["counts"] == "yes",
                envelope_from=row["envelope_from"].strip("<>"),
                envelope_to=row["envelope_to"],
                reader=row["reader"],
                token=row["token"],
            )
            for row in csv.DictReader(file)
        )
