"""What is sealed opens only with its key, in its place, bit for bit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.crypto import DecryptionError
from shared.crypto.sealing import seal, unseal

KEY, OTHER = bytes(range(32)), bytes(32)
PLACE = ("acc_1", "accounts.email")
SEALED = seal(KEY, PLACE, b"ada@candor.example")


@given(st.binary(max_size=2_000), st.lists(st.text(), max_size=4))
def test_what_was_sealed_is_what_is_opened(plaintext: bytes, context: list[str]) -> None:
    assert unseal(KEY, tuple(context), seal(KEY, tuple(context), plaintext)) == plaintext


def test_the_same_value_is_sealed_differently_each_time() -> None:
    assert len({seal(KEY, PLACE, b"same") for _ in range(100)}) == 100


@pytest.mark.parametrize("bit", range(len(SEALED) * 8))
def test_no_bit_can_be_flipped(bit: int) -> None:
    altered = bytearray(SEALED)
    altered[bit // 8] ^= 1 << bit % 8
    with pytest.raises(DecryptionError):
        unseal(KEY, PLACE, bytes(altered))


@pytest.mark.parametrize("length", range(len(SEALED)))
def test_nothing_can_be_cut_off(length: int) -> None:
    with pytest.raises(DecryptionError):
        unseal(KEY, PLACE, SEALED[:length])


def test_nothing_can_be_added() -> None:
    with pytest.raises(DecryptionError):
        unseal(KEY, PLACE, SEALED + b"\0")


@pytest.mark.parametrize(
    "place",
    [
        ("acc_2", "accounts.email"),
        ("acc_1", "accounts.name"),
        ("acc_1",),
        ("acc_1", "accounts.email", ""),
        ("acc_1accounts.email",),
        ("acc_1a", "ccounts.email"),
        (),
    ],
)
def test_a_value_cannot_be_moved_to_another_place(place: tuple[str, ...]) -> None:
    with pytest.raises(DecryptionError):
        unseal(KEY, place, SEALED)


def test_another_key_does_not_open_it() -> None:
    with pytest.raises(DecryptionError):
        unseal(OTHER, PLACE, SEALED)


def test_the_refusal_tells_nothing_of_the_value() -> None:
    with pytest.raises(DecryptionError) as refused:
        unseal(OTHER, PLACE, SEALED)
    assert "ada" not in refused.value.detail
    assert refused.value.status == 500
