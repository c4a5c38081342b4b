"""The rules of identity: who may sign up, which passwords are acceptable, how sessions and files are named."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.identity.domain.accounts.age_screen import BirthMonth
from services.identity.domain.authentication.passwords import COMMON, LIKE_OWNER, TOO_LONG, TOO_SHORT, validate_password
from services.identity.domain.privacy_requests.lifecycle import SERVICES, archive_path
from services.identity.service.sessions.geoip import lookup_country

ADA = "ada.lovelace@engines.example"
LEAP_DAY = datetime(2028, 2, 29, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "year", "month", "passes"),
    [
        (datetime(2027, 1, 4, tzinfo=UTC), 2013, 12, True),
        (datetime(2027, 1, 4, tzinfo=UTC), 2014, 1, False),
        (datetime(2027, 1, 31, tzinfo=UTC), 2014, 1, False),
        (datetime(2027, 2, 1, tzinfo=UTC), 2014, 1, True),
        (datetime(2027, 1, 4, tzinfo=UTC), 2014, 2, False),
        (LEAP_DAY, 2015, 2, False),
        (LEAP_DAY + timedelta(days=1), 2015, 2, True),
        (datetime(2027, 12, 31, tzinfo=UTC), 2014, 12, False),
        (datetime(2028, 1, 1, tzinfo=UTC), 2014, 12, True),
    ],
)
def test_I22_whoever_may_still_be_twelve_in_the_month_of_the_birthday_does_not_pass(
    at: datetime, year: int, month: int, passes: bool
) -> None:
    assert BirthMonth(year=year, month=month).is_of_age(at) is passes


@given(st.integers(2000, 2100), st.integers(1, 12), st.integers(0, 13 * 12))
def test_C23_nobody_younger_than_thirteen_passes(year: int, month: int, months: int) -> None:
    born = year * 12 + month - 1 - months
    last_moment = datetime(year, month, 28, 23, 59, tzinfo=UTC)
    assert not BirthMonth(year=born // 12, month=born % 12 + 1).is_of_age(last_moment)


@pytest.mark.parametrize(("year", "month", "plausible"), [(2027, 1, True), (2027, 2, False), (1896, 12, False)])
def test_nobody_is_born_in_the_future_or_older_than_people_get(year: int, month: int, plausible: bool) -> None:
    assert BirthMonth(year=year, month=month).is_plausible(datetime(2027, 1, 4, tzinfo=UTC)) is plausible


@pytest.mark.parametrize(
    "password",
    [
        "green tower in the morning",
        "            spaces count too",
        "пароль из многих слов подряд",
        "🦉🐝🐘🦒🦓🐪🦘🐧🦉🐝🐘🦒🦓🐪🦘",
        "x7!kQ2#mV9$pL4w",
        "correct horse battery staple " * 8,
    ],
)
def test_long_passwords_of_any_characters_are_fine(password: str) -> None:
    assert validate_password(password, address=ADA) is None


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("", TOO_SHORT),
        ("x7!kQ2#mV9$pL4", TOO_SHORT),
        ("x" * 257, TOO_LONG),
        ("aaaaaaaaaaaaaaaa", COMMON),
        ("abcabcabcabcabcabc", COMMON),
        ("123456789012345", COMMON),
        ("987654321098765", COMMON),
        ("!QAZ2wsx#EDC4rfv", COMMON),
        (ADA, LIKE_OWNER),
        ("ada.lovelace1843", LIKE_OWNER),
        ("Lovelace-Engines-1", LIKE_OWNER),
        ("candor password", LIKE_OWNER),
        ("C@nd0r-P4$$word-1", LIKE_OWNER),
        ("welcome to candor", LIKE_OWNER),
    ],
)
def test_short_common_and_owner_like_passwords_are_refused(password: str, why: object) -> None:
    assert validate_password(password, address=ADA) == why


@given(st.text(max_size=300), st.emails())
def test_I21_the_rules_hold_for_whatever_is_typed(password: str, address: str) -> None:
    found = validate_password(password, address=address)
    assert found is None or found.code in {"too_short", "too_long", "common", "like_owner"}
    assert found is not None or 15 <= len(password) <= 256


@given(st.sampled_from(SERVICES), st.text())
@example("sync", ":./:../.\n./a")
def test_a_file_stays_in_the_folder_of_its_service(service: str, path: str) -> None:
    parts = archive_path(service, path).split("/")
    assert parts[0] == service
    assert len(parts) >= 2
    assert all(part and part not in {".", ".."} and part.isprintable() for part in parts)


RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\..*)?", re.IGNORECASE)


def can_be_opened_on_windows(name: str) -> bool:
    return not set(name) & set('<>:"|?*\\') and name[-1] not in ". " and not RESERVED.fullmatch(name)


@given(st.text(max_size=300))
@example("CON")
@example("aux.txt")
@example("com1 .tar.gz")
@example("LPT¹")
@example("a?b*c|d.txt")
@example("report. ")
@example("folder./con/x")
@example(": ..")
def test_windows_can_open_every_name_in_the_archive(path: str) -> None:
    parts = archive_path("sync", path).split("/")
    assert all(can_be_opened_on_windows(part) and len(part.encode()) <= 255 for part in parts)


@pytest.mark.parametrize("path", ["a.txt", "ünï/code & more.txt", ".hidden", "console.log", "a.b.c"])
def test_a_name_that_windows_can_open_stays(path: str) -> None:
    assert archive_path("sync", path) == f"sync/{path}"


@pytest.mark.parametrize(
    ("address", "country"),
    [
        ("193.0.6.139", "NL"),
        ("2001:67c:2e8::1", "NL"),
        ("::ffff:193.0.6.139", "NL"),
        ("127.0.0.1", ""),
        ("10.1.2.3", ""),
        ("203.0.113.9", ""),
        ("fe80::1%eth0", ""),
        ("", ""),
        ("unknown", ""),
        ("193.0.6.139:443", ""),
    ],
)
def test_a_place_is_a_country_and_no_more(address: str, country: str) -> None:
    assert lookup_country(address) == country
