"""What was told of a revision is told again as it was, within bounds."""

from collections.abc import Iterator

from services.sync.api.listings import Listings, Told
from services.sync.api.xml import Asked, Propfind

WANTED = Propfind(Asked.NAMED, ("{DAV:}getetag",))


def told(rev: int, path: tuple[str, ...] = ()) -> Told:
    return Told("ada", rev, path, WANTED)


def pieces(*sizes: int) -> Iterator[bytes]:
    return (bytes([number]) * size for number, size in enumerate(sizes))


def test_an_answer_is_kept_once_it_was_told_to_its_end() -> None:
    kept = Listings()
    telling = kept.noting(told(1), pieces(2, 3))
    next(telling)
    assert not kept.has(told(1))
    assert list(telling) == [b"\1\1\1"]
    assert kept.get(told(1)) == b"\0\0\1\1\1"


def test_an_answer_is_of_one_revision_folder_and_question() -> None:
    kept = Listings()
    list(kept.noting(told(1), pieces(1)))
    others = (told(2), told(1, ("a",)), told(1)._replace(username="bob"), told(1)._replace(wanted=Propfind(Asked.ALL)))
    assert [kept.get(other) for other in others] == [None] * 4


def test_a_long_answer_is_told_and_not_kept() -> None:
    kept = Listings()
    assert sum(map(len, kept.noting(told(1), pieces(1 << 20, 1)))) == (1 << 20) + 1
    assert not kept.has(told(1))


def test_the_longest_unused_goes_first_when_room_is_short() -> None:
    kept = Listings(most_bytes=10)
    for rev in (1, 2):
        list(kept.noting(told(rev), pieces(5)))
    kept.get(told(1))
    list(kept.noting(told(3), pieces(5)))
    assert [kept.has(told(rev)) for rev in (1, 2, 3)] == [True, False, True]
    list(kept.noting(told(3), pieces(5)))  # told by two at once: it is counted once
    assert kept.has(told(1))
