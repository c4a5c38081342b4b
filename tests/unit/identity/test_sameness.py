"""When two typed strings are the same: addresses, passwords and codes, by one rule each (decision 15)."""

import unicodedata
from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher
from hypothesis import assume, given
from hypothesis import strategies as st

from services.identity.domain.authentication.keyboard_walks import strip_walks
from services.identity.domain.authentication.passwords import COMMON, TOO_SHORT, is_short, validate_password
from services.identity.domain.authentication.sameness import (
    normalize_app_password,
    normalize_code,
    normalize_password,
)
from services.identity.service.authentication.password_hasher import Argon2Parameters, Argon2PasswordHasher
from shared.ids import new_grouped_secret
from shared.mail import EmailAddress, InvalidEmailAddressError

ADA = "ada@engines.example"
UMLAUTS = "grüne Türme übers Jahr"
DECOMPOSED = unicodedata.normalize("NFD", UMLAUTS)
CHEAP = Argon2Parameters(memory_kib=64, rounds=1)


@pytest.fixture
def hasher() -> Iterator[Argon2PasswordHasher]:
    made = Argon2PasswordHasher(threads=1, max_waiting=2, parameters=CHEAP)
    yield made
    made.close()


def widen(text: str) -> str:
    """Return ASCII *text* as a Japanese keyboard types it."""
    return "".join(chr(ord(sign) + 0xFEE0) for sign in text)


def key(email: str) -> str:
    return EmailAddress(email).lookup_key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x@faß.example", "x@fass.example"),
        ("straße@customers.example", "strasse@customers.example"),
        ("ﬁona@customers.example", "fiona@customers.example"),
        ("ada+x@customers.example", "ada@customers.example"),
        ("a.da@customers.example", "ada@customers.example"),
    ],
)
def test_two_mailboxes_have_two_keys(one: str, other: str) -> None:
    assert key(one) != key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada@Customers.Example", "ada@customers.example"),
        ("x@FAẞ.example", "x@xn--fa-hia.example"),
        ("x@BÜCHER.example", "x@xn--bcher-kva.example"),
        ("MÜLLER@customers.example", "mu\u0308ller@customers.example"),
        ("x@buecher。example", "x@BUECHER.example"),
    ],
)
def test_spellings_of_one_mailbox_have_one_key(one: str, other: str) -> None:
    assert key(one) == key(other)


@given(st.emails())
def test_the_key_of_a_key_is_the_key(email: str) -> None:
    try:
        found = key(email)
    except InvalidEmailAddressError:
        assume(False)
    assert key(found) == found
    assert key(email.upper()) == found


@given(st.text(max_size=40))
def test_a_password_is_the_same_however_it_is_composed(typed: str) -> None:
    found = normalize_password(typed)
    assert normalize_password(found) == found
    assert normalize_password(unicodedata.normalize("NFD", typed)) == found
    assert normalize_password(typed.replace(" ", "\u00a0")) == found
    assert found.count(" ") == sum(unicodedata.category(sign) == "Zs" for sign in typed)


@given(st.text(alphabet=st.characters(codec="ascii"), max_size=40))
def test_a_password_in_ascii_stays_as_it_is(typed: str) -> None:
    assert normalize_password(typed) == typed


def test_letter_case_and_width_of_a_password_stay() -> None:
    assert len({normalize_password(text) for text in ("Tower", "tower", widen("tower"), "tower²", "tower2")}) == 5


def test_a_decomposed_password_is_counted_by_its_letters() -> None:
    thirteen = "üöäüöäüöäxyzq"
    assert len(unicodedata.normalize("NFD", thirteen)) >= 15
    assert validate_password(unicodedata.normalize("NFD", thirteen), address=ADA) == TOO_SHORT
    assert is_short(unicodedata.normalize("NFD", thirteen))
    assert not is_short(UMLAUTS)


@pytest.mark.parametrize("typed", [UMLAUTS, DECOMPOSED, UMLAUTS.replace(" ", "\u00a0"), UMLAUTS.replace(" ", "\u2009")])
async def test_a_password_opens_from_every_keyboard(hasher: Argon2PasswordHasher, typed: str) -> None:
    for set_as in (UMLAUTS, DECOMPOSED):
        found = await hasher.verify(typed, await hasher.hash_new(set_as, address=ADA))
        assert (found.is_correct, found.needs_rehash) == (True, False)


async def test_a_hash_from_before_still_opens_and_is_renewed(hasher: Argon2PasswordHasher) -> None:
    before = PasswordHasher(CHEAP.rounds, CHEAP.memory_kib, CHEAP.lanes).hash(DECOMPOSED)
    found = await hasher.verify(DECOMPOSED, before)
    assert (found.is_correct, found.needs_rehash) == (True, True)
    renewed = await hasher.rehash(DECOMPOSED)
    assert (await hasher.verify(UMLAUTS, renewed)).is_correct
    assert not (await hasher.verify(DECOMPOSED, None)).is_correct


@pytest.mark.parametrize(
    "password",
    [
        "P4s5w0rd-p4s5w0rd",
        "ytrewqytrewqytrewq",
        "йцукенгшщзхъфыва",
        "йцукен фывапро ячсмить",
        "qwertzuiopasdfghjkl",
        "azertyuiopqsdfghjklm",
        "ασδφγηξκλζχψωβνμ",
        "קראטוןםפשדגכעיחלך",
        "たていすかんなにらせちとしはきく",
        "correct horse correct horse",
        "Trustno1 Trustno1!",
        widen("qwertyuiopasdfgh"),
        "1qaz 2wsx 3edc 4rfv",
        "zyxwvutsrqponmlkj",
        "4rfvcde3xsw2zaq1",
        "PÀSSWÖRD password1",
    ],
)
def test_common_passwords_are_refused_in_any_spelling(password: str) -> None:
    found = validate_password(password, address="someone@else.example")
    assert found is not None
    assert found.code in {"common", "like_owner"}


def test_a_short_piece_is_no_password_when_it_is_repeated() -> None:
    for piece in ("tree4!", "k7#mQ2pX"):
        assert validate_password(piece * 4, address=ADA) == COMMON
    assert validate_password("x7!kQ2#mV9$pL4w" * 2, address=ADA) is None


@pytest.mark.parametrize(
    ("password", "second_factor"),
    [
        ("wertvoll und gut zu merken", False),
        ("the property of 1234 poets", False),
        ("Wertvoll1", True),
        ("asdf is no word but kettle is", False),
    ],
)
def test_a_walk_within_a_password_does_no_harm(password: str, *, second_factor: bool) -> None:
    assert validate_password(password, address=ADA, second_factor=second_factor) is None


@given(st.text(max_size=60))
def test_stripping_walks_only_takes_away(text: str) -> None:
    assert len(strip_walks(text)) <= len(text)


@pytest.mark.parametrize(
    "typed", ["123456", "123 456", "123-456", " 123\u00a0456\n", widen("123456"), "١٢٣٤٥٦", "१२३ ४५६"]
)
def test_a_code_is_the_same_with_its_separators_and_in_all_digits(typed: str) -> None:
    assert normalize_code(typed) == "123456"


@given(st.sampled_from([" ", "-", "\u2013", "\u00a0", "\u2011"]))
def test_an_app_password_is_the_same_in_every_grouping(separator: str) -> None:
    shown = new_grouped_secret()
    assert normalize_app_password(shown) == shown
    assert normalize_app_password(shown.replace("-", separator)) == shown
    assert normalize_app_password(shown.replace("-", "")) == shown
    assert normalize_app_password(shown.replace("0", "O").replace("1", "l")) == shown


@given(st.text(max_size=20))
def test_what_is_no_app_password_stays_as_it_is(typed: str) -> None:
    assert normalize_app_password(typed) == typed
