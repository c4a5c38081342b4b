"""Paths and contents of tiles, as c2sp.org/tlog-tiles describes them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.tlog.tiles import (
    RightEdge,
    Tile,
    TileError,
    iter_bundles,
    iter_tiles,
    join_entries,
    split_entries,
    split_hashes,
)


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(1, 999), "tile/1/999"),
        (Tile(2, 1_000), "tile/2/x001/000"),
        (Tile(0, 1_234_067), "tile/0/x001/x234/067"),
        (Tile(0, 273, 112), "tile/0/273.p/112"),
        (Tile(None, 273, 112), "tile/entries/273.p/112"),
    ],
)
def test_a_tile_has_one_path(tile: Tile, path: str) -> None:
    assert (tile.path, Tile.parse(path)) == (path, tile)


@pytest.mark.parametrize(
    "path",
    [
        "tile/00/000",
        "tile/64/000",
        "tile/0/0",
        "tile/0/x000/001",
        "tile/0/001/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/\u0660\u0660\u0660",
        "tile/0/../000",
        "tile/data/000",
        "/tile/0/000",
        "tile/0/000\n",
    ],
)
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(TileError):
        Tile.parse(path)


def test_a_log_of_70_000_entries_has_the_tiles_of_the_specification() -> None:
    tiles = list(iter_tiles(70_000))
    partial = [each for each in tiles if not each.is_full]
    assert partial == [Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)]
    assert len(tiles) - len(partial) == 273 + 1
    assert len(list(iter_bundles(70_000))) == 274


def test_a_log_of_256_entries_has_a_full_tile_and_one_above_it() -> None:
    assert list(iter_tiles(256)) == [Tile(0, 0), Tile(1, 0, 1)]


@settings(deadline=None)
@given(sizes=st.lists(st.integers(0, 700), max_size=4))
def test_however_it_grows_a_log_has_the_same_files(sizes: list[int]) -> None:
    entries = [b"%d" % number for number in range(sum(sizes))]
    whole, at_once = RightEdge().append_entries(entries)
    edge = RightEdge()
    files: dict[Tile, bytes] = {}
    for count in sizes:
        edge, added = edge.append_entries(entries[edge.size : edge.size + count])
        assert all(files.setdefault(tile, content) == content for tile, content in added.items())
    assert (edge, edge.root) == (whole, whole.root)
    assert at_once.items() <= files.items()
    assert set(at_once) == {*iter_tiles(whole.size), *iter_bundles(whole.size)}
    assert edge.partial_files() == {tile: content for tile, content in at_once.items() if not tile.is_full}


@settings(deadline=None)
@given(entries=st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_a_bundle_holds_what_was_put_in(entries: list[bytes]) -> None:
    assert split_entries(Tile(None, 0, len(entries)), join_entries(entries)) == entries


@pytest.mark.parametrize("content", [b"\x00", b"\x00\x02a", b"", b"\x00\x01a\x00\x01b"])
def test_a_bundle_that_is_cut_off_or_too_long_is_refused(content: bytes) -> None:
    with pytest.raises(TileError):
        split_entries(Tile(None, 0, 1), content)


def test_a_short_tile_is_never_taken_for_a_full_one() -> None:
    with pytest.raises(TileError):
        split_hashes(Tile(0, 0), b"x" * 32 * 255)


def test_an_entry_too_long_for_its_length_is_refused() -> None:
    with pytest.raises(TileError):
        RightEdge().append_entries([b"x" * 65_536])
