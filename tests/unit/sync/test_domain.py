"""What frames, ranges, locks, conditions and backups are."""

import random
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest

from services.sync.domain.account_usage import AccountUsage
from services.sync.domain.backups import MAX_BACKUP_AGE, backup_expiry
from services.sync.domain.frames import FRAME_OVERHEAD, FRAME_SIZE, ByteRange, count_frames, into_frames, iter_frames
from services.sync.domain.locks import Lock, check_lock_conflict, check_lock_tokens
from services.sync.domain.preconditions import (
    Condition,
    ConditionList,
    EntityTags,
    Preconditions,
    ResourceState,
    check_if_header,
    check_if_match,
)
from services.sync.domain.properties import PropertyUpdate, apply_updates, find_protected, parse_properties
from services.sync.domain.ranges import parse_range
from services.sync.domain.tree import Node, NodeKind, is_within, validate_path
from services.sync.errors import (
    InvalidPathError,
    LockConflictError,
    LockedError,
    NameTooLongError,
    PreconditionFailedError,
    PropertiesTooLargeError,
    QuotaExceededError,
    RangeNotSatisfiableError,
)
from tests.support import NOON

FILE = Node(
    id="n",
    parent="p",
    name="a",
    kind=NodeKind.FILE,
    rev=3,
    tag=2,
    created_at=NOON,
    modified_at=NOON,
    size=1,
    content="c",
)


@pytest.mark.parametrize("size", [0, 1, FRAME_SIZE - 1, FRAME_SIZE, FRAME_SIZE + 1, 3 * FRAME_SIZE])
def test_the_frames_of_a_whole_file_hold_each_byte_once(size: int) -> None:
    frames = list(iter_frames(ByteRange(0, size), size))
    assert len(frames) == count_frames(size)
    assert [frame.is_last for frame in frames] == [False] * (len(frames) - 1) + [True]
    assert sum(frame.sealed_size - FRAME_OVERHEAD for frame in frames) == size
    assert sum(frame.selection.stop - frame.selection.start for frame in frames) == size


def test_a_span_takes_only_the_frames_that_it_touches() -> None:
    frames = list(iter_frames(ByteRange(FRAME_SIZE - 1, FRAME_SIZE + 1), 5 * FRAME_SIZE))
    assert [frame.index for frame in frames] == [0, 1]
    assert [frame.selection for frame in frames] == [slice(FRAME_SIZE - 1, FRAME_SIZE), slice(0, 1)]


@pytest.mark.parametrize("size", [0, 1, FRAME_SIZE - 1, FRAME_SIZE, FRAME_SIZE + 1, 2 * FRAME_SIZE, 3 * FRAME_SIZE + 5])
@pytest.mark.parametrize("chunk", [65_536, 100_003, 5 * FRAME_SIZE])
async def test_frames_are_filled_from_chunks_of_any_size(size: int, chunk: int) -> None:
    data = random.Random(size).randbytes(size)

    async def chunks() -> AsyncIterator[bytes]:
        for piece in _pieces(data[10:], chunk):
            yield piece

    frames = [(bytes(frame), last) async for frame, last in into_frames(data[:10], chunks())]
    assert b"".join(frame for frame, _ in frames) == data
    assert [len(frame) for frame, _ in frames[:-1]] == [FRAME_SIZE] * (count_frames(size) - 1)
    assert [last for _, last in frames] == [False] * (count_frames(size) - 1) + [True]


async def test_a_filled_frame_stands_while_the_next_one_is_filled() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for letter in b"bc":
            yield bytes([letter]) * FRAME_SIZE

    frames = into_frames(b"a" * FRAME_SIZE, chunks())
    first, _ = await anext(frames)
    second, _ = await anext(frames)
    assert (first[0], first[-1], second[0], second[-1]) == (*b"aa", *b"bb")


def _pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


@pytest.mark.parametrize(
    ("header", "spans"),
    [
        ("bytes=0-0", [ByteRange(0, 1)]),
        ("bytes=8-", [ByteRange(8, 10)]),
        ("bytes=-3", [ByteRange(7, 10)]),
        ("bytes=-99", [ByteRange(0, 10)]),
        ("bytes=2-99", [ByteRange(2, 10)]),
        ("Bytes=0-1, 4-5", [ByteRange(0, 2), ByteRange(4, 6)]),
        ("bytes=0-1,99-100", [ByteRange(0, 2)]),
        ("bytes=5-1", None),
        ("bytes=0-5,3-7", None),
        ("bytes=-", None),
        ("items=0-1", None),
        ("bytes=" + ",".join(f"{2 * n}-{2 * n}" for n in range(17)), None),
    ],
)
def test_a_range_header_is_read_as_rfc_9110_says(header: str, spans: list[ByteRange] | None) -> None:
    assert parse_range(header, 10) == spans


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=-0", "bytes=11-20,30-"])
def test_a_range_beyond_the_end_cannot_be_satisfied(header: str) -> None:
    with pytest.raises(RangeNotSatisfiableError):
        parse_range(header, 10)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\0b"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidPathError):
        validate_path(("fine", name))


def test_names_are_bounded_in_bytes_and_paths_in_parts() -> None:
    assert validate_path(("ä" * 127,)) == ("ä" * 127,)
    for path in (("ä" * 128,), ("a",) * 129, ("n" * 200,) * 21):
        with pytest.raises(NameTooLongError):
            validate_path(path)


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
    check_lock_tokens([lock], frozenset({"t"}), "mine")
    for submitted, device in ((frozenset[str](), "mine"), (frozenset({"t"}), "another"), (frozenset({"x"}), "mine")):
        with pytest.raises(LockedError):
            check_lock_tokens([lock], submitted, device)


def test_of_shared_locks_on_one_node_a_single_token_is_enough() -> None:
    theirs = _lock("t2", "root", "a", exclusive=False, device="another")
    check_lock_tokens([_lock("t1", "root", "a", exclusive=False), theirs], frozenset({"t1"}), "mine")


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
        check_lock_conflict(wanted, [present])
        return
    with pytest.raises(LockConflictError):
        check_lock_conflict(wanted, [present])


def _holds(conditions: Preconditions, node: Node | None, *tokens: str) -> bool:
    try:
        check_if_header(conditions, {None: ResourceState(node, frozenset(tokens))})
        check_if_match(conditions, node)
    except PreconditionFailedError:
        return False
    return True


def test_of_the_lists_of_an_if_header_one_must_hold_and_in_it_every_term() -> None:
    both = ConditionList(None, (Condition(token="t"), Condition(etag='"2"')))
    assert _holds(Preconditions(condition_lists=(both,)), FILE, "t")
    assert not _holds(Preconditions(condition_lists=(both,)), FILE)
    assert _holds(
        Preconditions(condition_lists=(both, ConditionList(None, (Condition(token="t", negated=True),)))), FILE
    )


@pytest.mark.parametrize(
    ("conditions", "node", "holds"),
    [
        (Preconditions(if_match=EntityTags(matches_any=True)), None, False),
        (Preconditions(if_match=EntityTags(matches_any=True)), FILE, True),
        (Preconditions(if_match=EntityTags(frozenset({'"1"', '"2"'}))), FILE, True),
        (Preconditions(if_match=EntityTags(frozenset({'W/"2"'}))), FILE, False),
        (Preconditions(if_none_match=EntityTags(matches_any=True)), FILE, False),
        (Preconditions(if_none_match=EntityTags(matches_any=True)), None, True),
        (Preconditions(if_none_match=EntityTags(frozenset({'"2"'}))), FILE, False),
        (Preconditions(if_unmodified_since=NOON), FILE, True),
        (Preconditions(if_unmodified_since=NOON - timedelta(seconds=1)), FILE, False),
    ],
)
def test_a_change_is_made_only_in_the_state_that_it_asks_for(
    conditions: Preconditions, node: Node | None, holds: bool
) -> None:
    assert _holds(conditions, node) is holds


def test_room_is_what_is_neither_used_nor_reserved() -> None:
    space = AccountUsage(account="a", quota_bytes=100, used_bytes=50, reserved_bytes=30)
    space.check_quota(20)
    space.check_quota(-1)
    with pytest.raises(QuotaExceededError):
        space.check_quota(21)


def test_properties_are_set_and_removed_in_order() -> None:
    first = apply_updates("", [PropertyUpdate("{u}a", "<a/>"), PropertyUpdate("{u}b", "<b/>")])
    second = apply_updates(first, [PropertyUpdate("{u}a", None), PropertyUpdate("{u}b", "<b>2</b>")])
    assert dict(parse_properties(second)) == {"{u}b": "<b>2</b>"}
    assert apply_updates(second, [PropertyUpdate("{u}b", None)]) == ""
    with pytest.raises(PropertiesTooLargeError):
        apply_updates(first, [PropertyUpdate("{u}c", "x" * 65_536)])
    assert find_protected([PropertyUpdate("{DAV:}getetag", "x"), PropertyUpdate("{u}a", "x")]) == {"{DAV:}getetag"}


def test_C19_no_setting_makes_a_backup_outlive_six_months() -> None:
    assert backup_expiry(NOON, timedelta(days=3650)) - NOON == MAX_BACKUP_AGE
    assert backup_expiry(NOON, timedelta(days=30)) - NOON == timedelta(days=30)
