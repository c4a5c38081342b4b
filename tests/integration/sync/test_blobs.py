"""What any blob store must do."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.sync.errors import ContentDamagedError
from services.sync.ports import Blobs, FolderBlobs

PIECES = [b"a" * 70_000, b"b" * 5, b"", b"c" * 1_048_592]
WHOLE = b"".join(PIECES)


async def _all() -> AsyncIterator[bytes]:
    for piece in PIECES:
        yield piece


async def _broken() -> AsyncIterator[bytes]:
    yield PIECES[0]
    raise ConnectionError


class BlobsContract:
    """Each adapter adds the fixture *blobs*."""

    async def test_what_was_written_is_read_at_any_offset(self, blobs: Blobs) -> None:
        await blobs.write("cnt_1", _all())
        async with blobs.open("cnt_1") as blob:
            for offset, size in ((0, len(WHOLE)), (69_999, 10), (len(WHOLE) - 3, 100), (len(WHOLE), 5)):
                assert await blob.read(offset, size) == WHOLE[offset : offset + size]

    async def test_a_write_that_breaks_off_leaves_nothing(self, blobs: Blobs) -> None:
        with pytest.raises(ConnectionError):
            await blobs.write("cnt_1", _broken())
        with pytest.raises(ContentDamagedError):
            async with blobs.open("cnt_1"):
                pass

    async def test_a_write_that_is_cancelled_leaves_nothing(self, blobs: Blobs) -> None:
        begun = asyncio.Event()

        async def slow() -> AsyncIterator[bytes]:
            yield PIECES[0]
            begun.set()
            await asyncio.sleep(60)

        writing = asyncio.create_task(blobs.write("cnt_1", slow()))
        await begun.wait()
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        with pytest.raises(ContentDamagedError):
            async with blobs.open("cnt_1"):
                pass

    async def test_what_was_deleted_is_gone_but_for_who_reads_it(self, blobs: Blobs) -> None:
        await blobs.write("cnt_1", _all())
        async with blobs.open("cnt_1") as blob:
            await blobs.delete("cnt_1")
            assert await blob.read(0, len(WHOLE)) == WHOLE
        with pytest.raises(ContentDamagedError):
            async with blobs.open("cnt_1"):
                pass

    async def test_deleting_twice_is_no_error(self, blobs: Blobs) -> None:
        await blobs.write("cnt_1", _all())
        await blobs.delete("cnt_1")
        await blobs.delete("cnt_1")

    async def test_an_id_can_be_written_again_after_a_broken_write(self, blobs: Blobs) -> None:
        with pytest.raises(ConnectionError):
            await blobs.write("cnt_1", _broken())
        await blobs.write("cnt_1", _all())
        async with blobs.open("cnt_1") as blob:
            assert await blob.read(0, 3) == b"aaa"


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


class TestFolderBlobs(BlobsContract):
    @pytest.fixture
    def blobs(self, tmp_path: Path) -> Blobs:
        return FolderBlobs(tmp_path)

    async def test_nothing_unfinished_stays_on_the_disk(self, tmp_path: Path) -> None:
        with pytest.raises(ConnectionError):
            await FolderBlobs(tmp_path).write("cnt_1", _broken())
        assert _files(tmp_path) == []

    async def test_what_a_crash_left_is_deleted_with_its_id(self, tmp_path: Path) -> None:
        unfinished = tmp_path / "unfinished" / "cnt_1"
        unfinished.parent.mkdir()
        unfinished.write_bytes(b"half")
        await FolderBlobs(tmp_path).delete("cnt_1")
        assert not unfinished.exists()
