"""A scan finds a test card number in every form that software leaves behind, and nothing in what is none."""

import base64
import gzip
import io
import random
import struct
import urllib.parse
import zipfile
import zlib
from collections.abc import Callable

import pytest

from shared.stack.scan.finder import CardNumberFinder
from shared.stack.scan.numbers import TEST_NUMBERS

VISA, AMEX, LONG, SHORT = "4000056655665556", "378282246310005", "5060990580000217499", "675964982648"
FINDER = CardNumberFinder(TEST_NUMBERS)


def zipped(content: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", method) as archive:
        archive.writestr("cards.csv", content)
    return held.getvalue()


def script(number: str, zero: str) -> str:
    return number.translate({ord("0") + each: ord(zero) + each for each in range(10)})


def separated(separator: str) -> Callable[[str], bytes]:
    return lambda number: separator.join(number[start : start + 4] for start in range(0, len(number), 4)).encode()


def aligned(before: str) -> Callable[[str], bytes]:
    return lambda number: base64.b64encode((before + number + "!").encode())


def varint(value: int) -> bytes:
    groups = [value >> shift & 0x7F for shift in range(0, value.bit_length(), 7)]
    return bytes([*(group | 0x80 for group in groups[:-1]), groups[-1]])


SEPARATORS = {
    "a space": " ",
    "two spaces": "  ",
    "a tab": "\t",
    "a line break": "\r\n",
    "a dash": "-",
    "an en dash": "–",
    "a minus": "\u2212",
    "a dot": ".",
    "a comma": ", ",
    "an underscore": "_",
    "a slash": "/",
    "a thin space": "\u2009",
    "a figure space": "\u2007",
    "a zero-width space": "\u200b",
    "letters": "x",
    "quotes": '", "',
}
FORMS: dict[str, Callable[[str], bytes]] = {
    "plain": str.encode,
    "glued to letters": lambda number: f"card{number}end".encode(),
    **{f"with {name}": separated(separator) for name, separator in SEPARATORS.items()},
    "with a space between all digits": lambda number: " ".join(number).encode(),
    "reversed": lambda number: number[::-1].encode(),
    "reversed with dashes": lambda number: "-".join(number[::-1]).encode(),
    **{f"base64, alignment {len(before)}": aligned(before) for before in ("", "a", "bc")},
    "base64url behind a path": lambda number: b"/v1/x/" + base64.urlsafe_b64encode(f"no: {number}".encode()),
    "base64 of spaced digits": lambda number: base64.b64encode(separated(" ")(number)),
    "base64 in lines": lambda number: base64.encodebytes(b"x" * 50 + number.encode() + b"y" * 50),
    "base64 in lines inside JSON": lambda number: base64.encodebytes(b"x" * 50 + number.encode()).replace(
        b"\n", b"\\n"
    ),
    "base64 twice": lambda number: base64.b64encode(base64.b64encode(number.encode())),
    "hexadecimal": lambda number: number.encode().hex().encode(),
    "hexadecimal in pairs": lambda number: number.encode().hex(" ").encode(),
    "hexadecimal with dashes": lambda number: "-".join(number).encode().hex().encode(),
    "0x pairs": lambda number: ", ".join(hex(ord(digit)) for digit in number).encode(),
    "hexadecimal UTF-16": lambda number: number.encode("utf-16-le").hex().encode(),
    "percent-encoded": lambda number: "".join(f"%{ord(digit):02x}" for digit in number).encode(),
    "percent-encoded spaces": lambda number: urllib.parse.quote(separated(" ")(number)).encode(),
    "percent-encoded twice": lambda number: urllib.parse.quote(urllib.parse.quote(separated(" ")(number))).encode(),
    "JSON escapes": lambda number: "".join(f"\\u{ord(digit):04x}" for digit in number).encode(),
    "a JSON escape between": lambda number: "\\u2009".join((number[:8], number[8:])).encode(),
    "JSON escapes of full width": lambda number: script(number, "\uff10").encode("unicode_escape"),
    "byte escapes": lambda number: "".join(f"\\x{ord(digit):02x}" for digit in number).encode(),
    "octal escapes": lambda number: "".join(f"\\{ord(digit):03o}" for digit in number).encode(),
    "HTML entities": lambda number: "".join(f"&#{ord(digit)};" for digit in number).encode(),
    "quoted-printable": lambda number: f"{number[:4]}=20{number[4:9]}=\r\n{number[9:]}".encode(),
    "an Erlang list": lambda number: str([ord(digit) for digit in number]).encode(),
    "UTF-16": lambda number: number.encode("utf-16-le"),
    "UTF-16, big endian, spaced": lambda number: separated(" ")(number).decode().encode("utf-16-be"),
    "UTF-32": lambda number: number.encode("utf-32-le"),
    "full width": lambda number: script(number, "\uff10").encode(),
    "full width in UTF-16": lambda number: script(number, "\uff10").encode("utf-16-le"),
    "Arabic digits": lambda number: script(number, "\u0660").encode(),
    "Devanagari digits": lambda number: script(number, "\u0966").encode(),
    "mathematical digits": lambda number: script(number, "\U0001d7ce").encode(),
    "64-bit integer": lambda number: struct.pack("<q", int(number)),
    "64-bit integer, big endian": lambda number: struct.pack(">q", int(number)),
    "double": lambda number: struct.pack("<d", int(number)),
    "double, big endian": lambda number: struct.pack(">d", int(number)),
    "a protobuf integer": lambda number: varint(int(number)),
    "gzip": lambda number: gzip.compress(number.encode() * 3),
    "zlib": lambda number: zlib.compress(b"before " + number.encode()),
    "zip": lambda number: zipped(number.encode() + b" " * 200),
    "zip, stored": lambda number: zipped(number.encode(), zipfile.ZIP_STORED),
    "gzip in base64 in zip": lambda number: zipped(base64.b64encode(gzip.compress(number.encode()))),
    "an integer in base64": lambda number: base64.b64encode(b"x" + struct.pack("<q", int(number)) + b"yz1234"),
}
NOISE = random.Random(15).randbytes(70_000)


@pytest.mark.parametrize("number", [VISA, AMEX, LONG, SHORT])
@pytest.mark.parametrize("form", FORMS)
def test_b4_01_every_form_of_a_number_is_found(form: str, number: str) -> None:
    planted = FORMS[form](number)
    assert number[-4:] in {match.last4 for match in FINDER.find_numbers(b"\x00 before" + planted + b"after \x00")}


@pytest.mark.parametrize("form", ["plain", "UTF-16", "double", "base64, alignment 1", "gzip"])
def test_a_number_is_found_anywhere_in_a_large_file(form: str) -> None:
    step = 1 << 20
    for place in (step - 5, step + 3, 2 * step + 40_000):
        content = bytes(place) + b"~" + FORMS[form](VISA) + b"~" + bytes(1_000)
        assert FINDER.find_numbers(content), place


def test_a_match_names_the_layers_and_the_last_four_digits_only() -> None:
    [match] = FINDER.find_numbers(gzip.compress(b"card: " + VISA.encode()))
    assert (match.form, match.last4) == ("gzip > digits", "5556")
    assert VISA[:12] not in repr(match)


def test_a_security_code_is_found_beside_its_name() -> None:
    for line in (b'{"security_code":"737"}', b"cvc=1234 ", b"CVV: 737\n", b"security code 737"):
        assert "security code" in {match.form for match in FINDER.find_numbers(line)}, line


@pytest.mark.parametrize(
    "harmless",
    [
        NOISE,
        NOISE.hex().encode(),
        base64.b64encode(NOISE),
        b'{"last4":"4242","exp_month":12,"exp_year":2030}' * 50,
        b"4242 4242 4242 9999",
        b"4242424242424241 4000056655665557",
        b'{"security_code": "[redacted]"} cvc_check: pass, security_codes 12',
        str(list(range(100_000))).encode(),
        b"2026-11-30T12:00:00.123456Z 1796040000123 1796040000123456789 0.004242424242",
    ],
    ids=range(9),
)
def test_what_is_no_card_number_is_not_found(harmless: bytes) -> None:
    assert FINDER.find_numbers(harmless) == set()


def test_a_damaged_archive_is_searched_as_far_as_it_can_be_unpacked() -> None:
    packed = gzip.compress(VISA.encode() + NOISE)
    assert FINDER.find_numbers(packed[:40_000])


def test_a_decompression_bomb_ends() -> None:
    assert FINDER.find_numbers(gzip.compress(bytes(64 << 20)) + b" " + VISA.encode())
