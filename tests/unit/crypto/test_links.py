"""Links in mails: for one kind of act, until their time; no other token is accepted."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.crypto import InvalidTokenError, Keyring, KeyUse, TokenSealer, make_keyring
from shared.crypto.keyring import with_new_key
from shared.settings import SettingError
from tests.support import NOON

LATER = NOON + timedelta(hours=1)
CLAIMS = {"account": "acc_1", "list": "news"}


def keyring_of(keyring: object, folder: Path) -> Keyring:
    path = folder / "k"
    path.write_text(json.dumps(keyring))
    return Keyring.from_file(path)


@pytest.fixture(scope="module")
def links(tmp_path_factory: pytest.TempPathFactory) -> TokenSealer:
    return TokenSealer(keyring_of(make_keyring([KeyUse.LINK], at=NOON), tmp_path_factory.mktemp("k")))


@pytest.fixture(scope="module")
def token(links: TokenSealer) -> str:
    return links.issue("verify", CLAIMS, expires_at=LATER)


def test_a_link_is_read_as_it_was_made(links: TokenSealer, token: str) -> None:
    assert links.open("verify", token, at=NOON) == CLAIMS


def test_a_link_is_safe_in_a_url_and_tells_nothing(token: str) -> None:
    assert set(token) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")
    assert "acc_1" not in token


def test_a_link_for_one_act_is_refused_for_another(links: TokenSealer, token: str) -> None:
    with pytest.raises(InvalidTokenError):
        links.open("unsubscribe", token, at=NOON)


@pytest.mark.parametrize(("late", "good"), [(timedelta(seconds=-1), True), (timedelta(0), False)])
def test_a_link_ends_at_its_time(links: TokenSealer, token: str, late: timedelta, good: bool) -> None:
    if good:
        assert links.open("verify", token, at=LATER + late) == CLAIMS
    else:
        with pytest.raises(InvalidTokenError):
            links.open("verify", token, at=LATER + late)


def test_no_letter_can_be_changed_and_no_length(links: TokenSealer, token: str) -> None:
    for place in range(len(token)):
        for letter in "A_-.z0\x00é":
            altered = token[:place] + letter + token[place + 1 :]
            if altered != token:
                with pytest.raises(InvalidTokenError):
                    links.open("verify", altered, at=NOON)
        with pytest.raises(InvalidTokenError):
            links.open("verify", token[:place], at=NOON)
        with pytest.raises(InvalidTokenError):
            links.open("verify", token + token[:place] + "=", at=NOON)


@given(st.text(max_size=200))
def test_no_text_at_all_is_a_link(links: TokenSealer, text: str) -> None:
    with pytest.raises(InvalidTokenError):
        links.open("verify", text, at=NOON)


@pytest.mark.parametrize("tail", ["A" * 10_000, "." * 5_000])
def test_an_endless_token_is_refused(links: TokenSealer, token: str, tail: str) -> None:
    with pytest.raises(InvalidTokenError):
        links.open("verify", token + tail, at=NOON)


def test_a_refusal_does_not_say_why(links: TokenSealer, token: str) -> None:
    said = set()
    for kind, text, at in (("other", token, NOON), ("verify", token, LATER), ("verify", "x", NOON)):
        with pytest.raises(InvalidTokenError) as refused:
            links.open(kind, text, at=at)
        said.add(refused.value.detail)
    assert len(said) == 1


def test_a_link_outlives_the_rotation_of_its_key(tmp_path: Path) -> None:
    first = make_keyring([KeyUse.LINK], at=NOON)
    token = TokenSealer(keyring_of(first, tmp_path)).issue("verify", CLAIMS, expires_at=LATER)
    second = keyring_of(with_new_key(first, KeyUse.LINK, at=LATER), tmp_path)
    assert TokenSealer(second).open("verify", token, at=NOON) == CLAIMS


def test_without_a_key_it_fails_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="no active key"):
        TokenSealer(keyring_of(make_keyring([KeyUse.WRAP], at=NOON), tmp_path))


@given(st.binary(max_size=20), st.booleans())
def test_a_short_token_is_read_in_any_letter_case(links: TokenSealer, value: bytes, is_upper: bool) -> None:
    token = links.issue_short("leave", value)
    assert token == token.lower()
    assert links.open_short("leave", token.upper() if is_upper else token) == value


def test_a_short_token_of_17_bytes_fits_into_an_address_and_is_always_the_same(links: TokenSealer) -> None:
    token = links.issue_short("leave", b"i" * 17)
    assert (len(token), token.isalnum()) == (53, True)
    assert token == links.issue_short("leave", b"i" * 17)


def test_a_short_token_is_for_one_kind_and_unforgeable(links: TokenSealer) -> None:
    token = links.issue_short("leave", b"i" * 17)
    altered = [token[:at] + ("0" if token[at] != "0" else "1") + token[at + 1 :] for at in range(len(token))]
    for kind, text in [
        ("other", token),
        *(("leave", each) for each in [*altered, token[1:], f"{token}0", "", "i", "é", "0" * 65]),
    ]:
        with pytest.raises(InvalidTokenError):
            links.open_short(kind, text)


def test_a_short_token_is_read_after_the_key_was_rotated(tmp_path: Path) -> None:
    keyring = make_keyring([KeyUse.LINK], at=NOON)
    token = TokenSealer(keyring_of(keyring, tmp_path)).issue_short("leave", b"value")
    rotated = with_new_key(keyring, KeyUse.LINK, at=LATER)
    assert TokenSealer(keyring_of(rotated, tmp_path)).open_short("leave", token) == b"value"
