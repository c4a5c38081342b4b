"""The card numbers of the vectors, and the spellings in which a person, a program or an attacker writes one."""

import base64
import csv
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parents[1] / "data/payments"


@dataclass(frozen=True)
class CardVector:
    """A number, and what it is: *networks* is empty where it is no card."""

    number: str
    is_luhn_valid: bool
    networks: frozenset[str]
    kind: str

    @property
    def is_found(self) -> bool:
        """UnionPay has numbers without a check digit; any other card has one."""
        return bool(self.networks) and (self.is_luhn_valid or "unionpay" in self.networks)


def _read_cards() -> tuple[CardVector, ...]:
    with (DATA / "cards.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            CardVector(
                number=row["number"],
                is_luhn_valid=row["luhn"] == "yes",
                networks=frozenset(row["brand"].split("/")) - {"none"},
                kind=row["what it is"],
            )
            for row in csv.DictReader(file)
        )


CARDS = _read_cards()
JWE: Mapping[str, Any] = json.loads((DATA / "jwe.json").read_text(encoding="utf-8"))


def joined_by(mark: str, size: int = 4) -> Callable[[str], str]:
    """Return what writes groups of *size* digits with *mark* between them."""
    return lambda number: mark.join(number[at : at + size] for at in range(0, len(number), size))


def shifted_to(zero: int) -> Callable[[str], str]:
    """Return what writes with the ten digits that begin at *zero*."""
    return lambda number: "".join(chr(zero + int(digit)) for digit in number)


def each_digit(form: str) -> Callable[[str], str]:
    """Return what writes every digit as an escape, from its code point."""
    return lambda number: "".join(form.format(ord(digit)) for digit in number)


SPELLINGS: Mapping[str, Callable[[str], str]] = {
    "plain": str,
    "spaces": joined_by(" "),
    "two spaces": joined_by("  "),
    "dashes": joined_by("-"),
    "dots": joined_by("."),
    "underscores": joined_by("_"),
    "slashes": joined_by("/"),
    "commas": joined_by(","),
    "commas and spaces": joined_by(", "),
    "bars": joined_by("|"),
    "tabs": joined_by("\t"),
    "line breaks": joined_by("\n"),
    "no-break spaces": joined_by("\u00a0"),
    "thin spaces": joined_by("\u2009"),
    "figure spaces": joined_by("\u2007"),
    "zero-width spaces": joined_by("\u200b"),
    "soft hyphens": joined_by("\u00ad", 1),
    "en dashes": joined_by("\u2013"),
    "minus signs": joined_by("\u2212"),
    "a space after each digit": joined_by(" ", 1),
    "pairs": joined_by(" ", 2),
    "groups of three": joined_by("-", 3),
    "full width": shifted_to(0xFF10),
    "Arabic": shifted_to(0x0660),
    "Devanagari": shifted_to(0x0966),
    "mathematical": shifted_to(0x1D7CE),
    "keycaps": lambda number: "".join(f"{digit}\ufe0f\u20e3" for digit in number),
    "letters before": "card{}".format,
    "letters after": "{}x".format,
    "letters around": "x{}y".format,
    "in a sentence": "my card is {}, thanks".format,
    "with date and code": "{} 12/29 737".format,
    "spaced with date and code": lambda number: f"{joined_by(' ')(number)} 12/29 737",
    "after an equals sign": "card={}".format,
    "after a percent sign": "100%{}".format,
    "a plus sign before": "+{}".format,
    "percent": each_digit("%{:02X}"),
    "percent twice": each_digit("%25{:02X}"),
    "quoted-printable": each_digit("={:02X}"),
    "JSON escapes": each_digit("\\u{:04x}"),
    "JavaScript escapes": each_digit("\\u{{{:x}}}"),
    "byte escapes": each_digit("\\x{:02x}"),
    "HTML entities": each_digit("&#{};"),
    "HTML hex entities": each_digit("&#x{:x};"),
    "hex": lambda number: number.encode().hex(),
    "hex after a letter": lambda number: f"a{number.encode().hex()}",
    "hex in pairs": lambda number: number.encode().hex(" "),
    "hex with colons": lambda number: number.encode().hex(":"),
    "hex with 0x": lambda number: ", ".join(f"0x{ord(digit):02x}" for digit in number),
    "base64": lambda number: base64.b64encode(number.encode()).decode(),
    "base64, second alignment": lambda number: base64.b64encode(f"a{number}".encode()).decode(),
    "base64, third alignment": lambda number: base64.b64encode(f"ab{number}".encode()).decode(),
    "base64url in a path": lambda number: f"/x/{base64.urlsafe_b64encode(number.encode()).decode().rstrip('=')}",
}
"""Each writes a number so that the finder must see it."""
PLUS_IS_A_PHONE = 15
"""Up to so many digits, a plus sign before them makes a telephone number (E.164)."""


def spelled(name: str, number: str) -> str | None:
    """Return *number* in a spelling; None where that would be something else."""
    if name == "a plus sign before" and len(number) <= PLUS_IS_A_PHONE:
        return None
    return SPELLINGS[name](number)
