"""What was told of a folder is told again while the folder is as it was, within bounds."""

from collections.abc import Iterator

from services.sync.api.dav_xml import Propfind, PropfindKind
from services.sync.api.propfind_cache import PropfindCache, PropfindKey
from services.sync.service.tree.reader import ListingVersion

ROOT = PropfindKey("ada", (), Propfind(PropfindKind.NAMED, ("{DAV:}getetag",)))
BOX = ROOT._replace(path=("box",))
FIRST: ListingVersion = ("nod_1", 1, 0)
SECOND: ListingVersion = ("nod_1", 2, 0)


def pieces(*sizes: int) -> Iterator[bytes]:
    return (bytes([number]) * size for number, size in enumerate(sizes))


def tell(
    kept: PropfindCache, asked: PropfindKey = ROOT, rev: int = 1, version: ListingVersion = FIRST, size: int = 1
) -> None:
    list(kept.record_pieces(asked, rev, version, pieces(size)))


def test_an_answer_is_kept_once_it_was_told_to_its_end() -> None:
    kept = PropfindCache()
    telling = kept.record_pieces(ROOT, 1, FIRST, pieces(2, 3))
    next(telling)
    assert not kept.has(ROOT, 1)
    assert list(telling) == [b"\1\1\1"]
    assert kept.get(ROOT, 1, FIRST) == b"\0\0\1\1\1"


def test_an_answer_is_of_one_folder_and_question() -> None:
    kept = PropfindCache()
    tell(kept)
    others = (BOX, ROOT._replace(username="bob"), ROOT._replace(propfind=Propfind(PropfindKind.ALL)))
    assert [kept.get(other, 1, FIRST) for other in others] == [None] * 3


def test_what_changed_elsewhere_leaves_the_answer_and_is_then_known() -> None:
    kept = PropfindCache()
    tell(kept, rev=1)
    assert not kept.has(ROOT, 5)
    assert kept.get(ROOT, 5, FIRST) == b"\0"
    assert kept.has(ROOT, 5)


def test_what_changed_in_the_folder_ends_the_answer() -> None:
    kept = PropfindCache()
    tell(kept, rev=1)
    assert kept.get(ROOT, 2, SECOND) is None
    tell(kept, rev=2, version=SECOND)
    assert kept.get(ROOT, 3, FIRST) is None


def test_who_looked_before_a_change_does_not_make_the_answer_older() -> None:
    kept = PropfindCache()
    tell(kept, rev=5)
    assert kept.get(ROOT, 4, FIRST) == b"\0"
    assert kept.has(ROOT, 5)


def test_a_long_answer_is_told_and_not_kept() -> None:
    kept = PropfindCache()
    told = kept.record_pieces(ROOT, 1, FIRST, pieces(1 << 20, 1))
    assert sum(map(len, told)) == (1 << 20) + 1
    assert not kept.has(ROOT, 1)


def test_the_longest_unused_goes_first_when_room_is_short() -> None:
    kept = PropfindCache(max_bytes=10)
    box, shelf = BOX, ROOT._replace(path=("shelf",))
    for asked in (ROOT, box):
        tell(kept, asked, size=5)
    kept.get(ROOT, 1, FIRST)
    tell(kept, shelf, size=5)
    assert [kept.has(asked, 1) for asked in (ROOT, box, shelf)] == [True, False, True]
    tell(kept, shelf, size=5)  # told by two at once: it is counted once
    assert kept.has(ROOT, 1)
