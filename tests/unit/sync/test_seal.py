"""Nothing that is sealed opens elsewhere, altered, cut, repeated or under another account."""

import unicodedata

import pytest
from blake3 import blake3

from services.sync.errors import CorruptContentError
from services.sync.store.ciphers import AccountCipher
from shared.crypto import DecryptionError

KEY = bytes(range(32))
ADA, BOB = AccountCipher("acc_ada", KEY), AccountCipher("acc_bob", KEY)


def test_a_frame_opens_in_its_place_alone() -> None:
    seal = ADA.content_cipher("cnt_1")
    first, last = seal.seal(0, b"first", last=False), seal.seal(1, b"last", last=True)
    assert (seal.open(0, first, last=False), seal.open(1, last, last=True)) == (b"first", b"last")
    swapped, cut, repeated = (0, last, False), (0, first, True), (2, last, True)
    for index, sealed, is_last in (swapped, cut, repeated):
        with pytest.raises(CorruptContentError):
            seal.open(index, sealed, last=is_last)


def test_a_frame_is_sealed_into_given_memory_as_it_is_without() -> None:
    seal, room = ADA.content_cipher("cnt_1"), memoryview(bytearray(100))
    assert seal.seal_into(room, 3, memoryview(b"frame"), last=True) == seal.seal(3, b"frame", last=True)


def test_a_frame_does_not_open_for_another_content_account_or_key() -> None:
    sealed = ADA.content_cipher("cnt_1").seal(0, b"x", last=True)
    for other in (
        ADA.content_cipher("cnt_2"),
        BOB.content_cipher("cnt_1"),
        AccountCipher("acc_ada", KEY[::-1]).content_cipher("cnt_1"),
    ):
        with pytest.raises(CorruptContentError):
            other.open(0, sealed, last=True)


@pytest.mark.parametrize("at", [0, 5, -1])
def test_one_altered_bit_is_found_out(at: int) -> None:
    sealed = bytearray(ADA.content_cipher("cnt_1").seal(0, b"content", last=True))
    sealed[at] ^= 1
    with pytest.raises(CorruptContentError):
        ADA.content_cipher("cnt_1").open(0, bytes(sealed), last=True)


def test_a_name_is_bound_to_its_node() -> None:
    sealed = ADA.seal_name("nod_1", "diary.txt")
    assert b"diary" not in sealed
    assert ADA.open_name("nod_1", sealed) == "diary.txt"
    with pytest.raises(DecryptionError):
        ADA.open_name("nod_2", sealed)


def test_a_name_is_found_in_its_folder_by_a_key_that_tells_nothing() -> None:
    nfc, nfd = (unicodedata.normalize(form, "é") for form in ("NFC", "NFD"))
    assert ADA.name_key("root", nfc) == ADA.name_key("root", nfd)
    different = {ADA.name_key("root", "a"), ADA.name_key("root", "A"), ADA.name_key("box", "a")}
    assert len(different | {AccountCipher("acc_ada", KEY[::-1]).name_key("root", "a")}) == 4


def test_equal_contents_have_equal_sums_in_one_account_alone() -> None:
    def summed(seal: AccountCipher, *pieces: bytes) -> str:
        found = seal.new_content_hash()
        for piece in pieces:
            found.update(piece)
        return found.hexdigest()

    assert summed(ADA, b"one", b"two") == summed(ADA, b"onetwo") != summed(ADA, b"onetwo!")
    assert summed(ADA, b"onetwo") != summed(AccountCipher("acc_bob", KEY[::-1]), b"onetwo")
    assert summed(ADA, b"onetwo") != blake3(b"onetwo").hexdigest()
