"""What frames, ranges, locks, conditions and backups are."""

import random
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest

from services.sync.domain.backups import LONGEST, end_of
from services.sync.domain.conditions import Clause, Conditions, State, Tags, Term, require_match, require_state
from services.sync.domain.frames import FRAME, OVERHEAD, Span, filled, frame_count, frames_of
from services.sync.domain.locks import Lock, refuse_conflict, require_tokens
from services.sync.domain.properties import Instruction, applied, protected, read
from services.sync.domain.ranges import spans_of
from services.sync.domain.space import Space
from services.sync.domain.tree import Kind, Node, checked_path, is_within
from services.sync.errors import (
    LockConflictError,
    LockedError,
    NameTooLongError,
    PathRefusedError,
    PreconditionFailedError,
    QuotaExceededError,
    RangeRefusedError,
    TooManyPropertiesError,
)
from tests.support import NOON

FILE = Node(
    id="n", parent="p", name="a", kind=Kind.FILE, rev=3, tag=2, created_at=NOON, modified_at=NOON, size=1, content="c"
)


@pytest.mark.parametrize("size", [0, 1, FRAME - 1, FRAME, FRAME + 1, 3 * FRAME])
def test_the_frames_of_a_whole_file_hold_each_byte_once(size: int) -> None:
    frames = list(frames_of(Span(0, size), size))
    assert len(frames) == frame_count(size)
    assert [frame.last for frame in frames] == [False] * (len(frames) - 1) + [True]
    assert sum(frame.sealed_size - OVERHEAD for frame in frames) == size
    assert sum(frame.wanted.stop - frame.wanted.start for frame in frames) == size


def test_a_span_takes_only_the_frames_that_it_touches() -> None:
    frames = list(frames_of(Span(FRAME - 1, FRAME + 1), 5 * FRAME))
    assert [frame.index for frame in frames] == [0, 1]
    assert [frame.wanted for frame in frames] == [slice(FRAME - 1, FRAME), slice(0, 1)]


@pytest.mark.parametrize("size", [0, 1, FRAME - 1, FRAME, FRAME + 1, 2 * FRAME, 3 * FRAME + 5])
@pytest.mark.parametrize("chunk", [65_536, 100_003, 5 * FRAME])
async def test_frames_are_filled_from_chunks_of_any_size(size: int, chunk: int) -> None:
    data = random.Random(size).randbytes(size)

    async def chunks() -> AsyncIterator[bytes]:
        for piece in _pieces(data[10:], chunk):
            yield piece

    frames = [(bytes(frame), last) async for frame, last in filled(data[:10], chunks())]
    assert b"".join(frame for frame, _ in frames) == data
    assert [len(frame) for frame, _ in frames[:-1]] == [FRAME] * (frame_count(size) - 1)
    assert [last for _, last in frames] == [False] * (frame_count(size) - 1) + [True]


async def test_a_filled_frame_stands_while_the_next_one_is_filled() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for letter in b"bc":
            yield bytes([letter]) * FRAME

    frames = filled(b"a" * FRAME, chunks())
    first, _ = await anext(frames)
    second, _ = await anext(frames)
    assert (first[0], first[-1], second[0], second[-1]) == (*b"aa", *b"bb")


def _pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


@pytest.mark.parametrize(
    ("header", "spans"),
    [
        ("bytes=0-0", [Span(0, 1)]),
        ("bytes=8-", [Span(8, 10)]),
        ("bytes=-3", [Span(7, 10)]),
        ("bytes=-99", [Span(0, 10)]),
        ("bytes=2-99", [Span(2, 10)]),
        ("Bytes=0-1, 4-5", [Span(0, 2), Span(4, 6)]),
        ("bytes=0-1,99-100", [Span(0, 2)]),
        ("bytes=5-1", None),
        ("bytes=0-5,3-7", None),
        ("bytes=-", None),
        ("items=0-1", None),
        ("bytes=" + ",".join(f"{2 * n}-{2 * n}" for n in range(17)), None),
    ],
)
def test_a_range_header_is_read_as_rfc_9110_says(header: str, spans: list[Span] | None) -> None:
    assert spans_of(header, 10) == spans


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=-0", "bytes=11-20,30-"])
def test_a_range_beyond_the_end_cannot_be_satisfied(header: str) -> None:
    with pytest.raises(RangeRefusedError):
        spans_of(header, 10)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\0b"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(PathRefusedError):
        checked_path(("fine", name))


def test_names_are_bounded_in_bytes_and_paths_in_parts() -> None:
    assert checked_path(("ä" * 127,)) == ("ä" * 127,)
    for path in (("ä" * 128,), ("a",) * 129, ("n" * 200,) * 21):
        with pytest.raises(NameTooLongError):
            checked_path(path)


def test_a_path_is_within_itself_and_its_ancestors_and_not_within_what_only_begins_alike() -> None:
    assert is_within(("a", "b"), ("a",))
    assert is_within(("a",), ("a",))
    assert not is_within(("ab",), ("a",))


def _lock(token: str, *ids: str, exclusive: bool = True, deep: bool = True, device: str = "mine") -> Lock:
    return Lock(
        token=token,
        ids=ids,
        path=ids[1:],
        exclusive=exclusive,
        deep=deep,
        owner="",
        device=device,
        seconds=60,
        expires_at=NOON,
    )


def test_a_lock_opens_for_its_token_from_its_own_device_alone() -> None:
    lock = _lock("t", "root", "a")
    require_tokens([lock], frozenset({"t"}), "mine")
    for submitted, device in ((frozenset[str](), "mine"), (frozenset({"t"}), "another"), (frozenset({"x"}), "mine")):
        with pytest.raises(LockedError):
            require_tokens([lock], submitted, device)


def test_of_shared_locks_on_one_node_a_single_token_is_enough() -> None:
    theirs = _lock("t2", "root", "a", exclusive=False, device="another")
    require_tokens([_lock("t1", "root", "a", exclusive=False), theirs], frozenset({"t1"}), "mine")


@pytest.mark.parametrize(
    ("present", "wanted", "clash"),
    [
        (_lock("1", "r", "a"), _lock("2", "r", "a"), True),
        (_lock("1", "r", "a"), _lock("2", "r", "a", "b"), True),
        (_lock("1", "r", "a", deep=False), _lock("2", "r", "a", "b"), False),
        (_lock("1", "r", "a", "b"), _lock("2", "r", "a"), True),
        (_lock("1", "r", "a", "b"), _lock("2", "r", "a", deep=False), False),
        (_lock("1", "r", "a", exclusive=False), _lock("2", "r", "a", exclusive=False), False),
        (_lock("1", "r", "a", exclusive=False), _lock("2", "r", "a"), True),
    ],
)
def test_locks_exclude_each_other_where_they_meet(present: Lock, wanted: Lock, clash: bool) -> None:
    if not clash:
        refuse_conflict(wanted, [present])
        return
    with pytest.raises(LockConflictError):
        refuse_conflict(wanted, [present])


def _holds(conditions: Conditions, node: Node | None, *tokens: str) -> bool:
    try:
        require_state(conditions, {None: State(node, frozenset(tokens))})
        require_match(conditions, node)
    except PreconditionFailedError:
        return False
    return True


def test_of_the_lists_of_an_if_header_one_must_hold_and_in_it_every_term() -> None:
    both = Clause(None, (Term(token="t"), Term(etag='"2"')))
    assert _holds(Conditions(clauses=(both,)), FILE, "t")
    assert not _holds(Conditions(clauses=(both,)), FILE)
    assert _holds(Conditions(clauses=(both, Clause(None, (Term(token="t", negated=True),)))), FILE)


@pytest.mark.parametrize(
    ("conditions", "node", "holds"),
    [
        (Conditions(match=Tags(anything=True)), None, False),
        (Conditions(match=Tags(anything=True)), FILE, True),
        (Conditions(match=Tags(frozenset({'"1"', '"2"'}))), FILE, True),
        (Conditions(match=Tags(frozenset({'W/"2"'}))), FILE, False),
        (Conditions(none_match=Tags(anything=True)), FILE, False),
        (Conditions(none_match=Tags(anything=True)), None, True),
        (Conditions(none_match=Tags(frozenset({'"2"'}))), FILE, False),
        (Conditions(unmodified_since=NOON), FILE, True),
        (Conditions(unmodified_since=NOON - timedelta(seconds=1)), FILE, False),
    ],
)
def test_a_change_is_made_only_in_the_state_that_it_asks_for(
    conditions: Conditions, node: Node | None, holds: bool
) -> None:
    assert _holds(conditions, node) is holds


def test_room_is_what_is_neither_used_nor_reserved() -> None:
    space = Space(account="a", quota_bytes=100, used_bytes=50, reserved_bytes=30)
    space.require_room(20)
    space.require_room(-1)
    with pytest.raises(QuotaExceededError):
        space.require_room(21)


def test_properties_are_set_and_removed_in_order() -> None:
    first = applied("", [Instruction("{u}a", "<a/>"), Instruction("{u}b", "<b/>")])
    second = applied(first, [Instruction("{u}a", None), Instruction("{u}b", "<b>2</b>")])
    assert dict(read(second)) == {"{u}b": "<b>2</b>"}
    assert applied(second, [Instruction("{u}b", None)]) == ""
    with pytest.raises(TooManyPropertiesError):
        applied(first, [Instruction("{u}c", "x" * 65_536)])
    assert protected([Instruction("{DAV:}getetag", "x"), Instruction("{u}a", "x")]) == {"{DAV:}getetag"}


def test_C19_no_setting_makes_a_backup_outlive_six_months() -> None:
    assert end_of(NOON, timedelta(days=3650)) - NOON == LONGEST
    assert end_of(NOON, timedelta(days=30)) - NOON == timedelta(days=30)
