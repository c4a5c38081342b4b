"""What any blob store must do."""

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from gridfs import GridFSBucket
from pymongo import MongoClient

from services.sync.domain.frames import SEALED_FRAME_SIZE
from services.sync.errors import CorruptContentError
from services.sync.ports import Blobs, FolderBlobs, GridFsBlobs
from services.sync.store import BlobChunkDocument, BlobDocument
from shared.clock import utc_now
from shared.ids import new_id
from shared.mongo import Database, GridFs, open_database
from tests.support import RawWriter

PIECES = [b"a" * 70_000, b"b" * 5, b"", b"c" * 1_048_592]
WHOLE = b"".join(PIECES)


async def _all() -> AsyncIterator[bytes]:
    for piece in PIECES:
        yield piece


async def _none() -> AsyncIterator[bytes]:
    for piece in PIECES[:0]:
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

    async def test_what_was_written_is_read_into_given_memory(self, blobs: Blobs) -> None:
        await blobs.write("cnt_1", _all())
        room = memoryview(bytearray(100_000))
        async with blobs.open("cnt_1") as blob:
            for offset in (0, 69_999, len(WHOLE) - 7, len(WHOLE)):
                assert await blob.read_into(room, offset) == WHOLE[offset : offset + 100_000]

    async def test_a_write_that_breaks_off_leaves_nothing(self, blobs: Blobs) -> None:
        with pytest.raises(ConnectionError):
            await blobs.write("cnt_1", _broken())
        with pytest.raises(CorruptContentError):
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
        with pytest.raises(CorruptContentError):
            async with blobs.open("cnt_1"):
                pass

    async def test_what_was_deleted_is_gone_and_who_reads_it_gets_no_other_bytes(self, blobs: Blobs) -> None:
        await blobs.write("cnt_1", _all())
        async with blobs.open("cnt_1") as blob:
            await blobs.delete("cnt_1")
            with suppress(CorruptContentError):
                assert await blob.read(0, len(WHOLE)) == WHOLE
        with pytest.raises(CorruptContentError):
            async with blobs.open("cnt_1"):
                pass

    async def test_deleting_twice_is_no_error(self, blobs: Blobs) -> None:
        await blobs.write("cnt_1", _all())
        await blobs.delete("cnt_1")
        await blobs.delete("cnt_1")

    async def test_an_empty_blob_is_there(self, blobs: Blobs) -> None:
        await blobs.write("cnt_1", _none())
        async with blobs.open("cnt_1") as blob:
            assert await blob.read(0, 10) == b""

    async def test_a_blob_is_not_there_before_it_is_whole(self, blobs: Blobs) -> None:
        seen = []

        async def looked_at() -> AsyncIterator[bytes]:
            yield PIECES[3]
            with pytest.raises(CorruptContentError):
                async with blobs.open("cnt_1"):
                    pass
            seen.append(True)
            yield PIECES[3]

        await blobs.write("cnt_1", looked_at())
        assert seen

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

    async def test_a_write_that_is_cancelled_is_over_before_its_file_is_closed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        done: list[str] = []
        begun, write, close = threading.Event(), os.write, os.close

        def slow(file: int, data: bytes) -> int:
            begun.set()
            time.sleep(0.1)
            done.append("written")
            return write(file, data)

        def noted(file: int) -> None:
            done.append("closed")
            close(file)

        monkeypatch.setattr("services.sync.ports.folder.os.write", slow)
        writing = asyncio.create_task(FolderBlobs(tmp_path).write("cnt_1", _all()))
        await asyncio.to_thread(begun.wait)
        monkeypatch.setattr("services.sync.ports.folder.os.close", noted)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        assert done[:2] == ["written", "closed"]
        assert _files(tmp_path) == []

    async def test_what_a_crash_left_is_deleted_with_its_id(self, tmp_path: Path) -> None:
        unfinished = tmp_path / "unfinished" / "cnt_1"
        unfinished.parent.mkdir()
        unfinished.write_bytes(b"half")
        await FolderBlobs(tmp_path).delete("cnt_1")
        assert not unfinished.exists()

    async def test_who_has_a_deleted_file_open_reads_on(self, tmp_path: Path) -> None:
        blobs = FolderBlobs(tmp_path)
        await blobs.write("cnt_1", _all())
        async with blobs.open("cnt_1") as blob:
            await blobs.delete("cnt_1")
            assert await blob.read(0, len(WHOLE)) == WHOLE


def _files_in(db: Database, *, chunk_bytes: int = SEALED_FRAME_SIZE) -> GridFs:
    return GridFs(db, BlobDocument, BlobChunkDocument, chunk_size=chunk_bytes, clock=utc_now)


class TestGridFsBlobs(BlobsContract):
    @pytest.fixture(params=["motor", "pymongo"])
    async def database(
        self, request: pytest.FixtureRequest, mongo_url: str, planter: RawWriter
    ) -> AsyncIterator[Database]:
        name = new_id("test")
        async with open_database(mongo_url, name, driver=request.param) as opened:
            await opened.ensure_collections((BlobDocument, BlobChunkDocument))
            yield opened
        await planter.drop_database(name)

    @pytest.fixture
    def blobs(self, database: Database) -> Blobs:
        return GridFsBlobs(_files_in(database))

    async def test_nothing_unfinished_stays_in_the_database(self, blobs: Blobs, database: Database) -> None:
        async def broken() -> AsyncIterator[bytes]:
            yield b"x" * (3 * SEALED_FRAME_SIZE)
            raise ConnectionError

        with pytest.raises(ConnectionError):
            await blobs.write("cnt_1", broken())
        assert await database.get_collection(BlobChunkDocument).count_documents({}) == 0

    async def test_what_a_crash_left_is_deleted_with_its_id(self, blobs: Blobs, database: Database) -> None:
        chunks = database.get_collection(BlobChunkDocument)
        await chunks.insert_one(BlobChunkDocument(id="cnt_1:0", files_id="cnt_1", n=0, data=b"half"))
        await blobs.delete("cnt_1")
        assert await chunks.count_documents({}) == 0

    async def test_a_lost_chunk_is_told_and_not_passed_over(self, blobs: Blobs, database: Database) -> None:
        small = GridFsBlobs(_files_in(database, chunk_bytes=1000))
        await small.write("cnt_1", _all())
        await database.get_collection(BlobChunkDocument).delete_many({"n": 5})
        async with blobs.open("cnt_1") as blob:
            assert await blob.read(4_000, 1_000) == WHOLE[4_000:5_000]
            for offset, size in ((4_999, 2), (5_000, 1), (4_000, 3_000)):
                with pytest.raises(CorruptContentError):
                    await blob.read(offset, size)

    async def test_the_tools_of_gridfs_read_it(self, blobs: Blobs, database: Database, mongo_url: str) -> None:
        await blobs.write("cnt_1", _all())
        with MongoClient[dict[str, Any]](mongo_url) as client:
            bucket = GridFSBucket(client[database.name], "blobs")
            assert await asyncio.to_thread(lambda: bucket.open_download_stream("cnt_1").read()) == WHOLE

    async def test_the_ids_are_listed_in_order(self, database: Database) -> None:
        files = _files_in(database)
        for key in ("b", "a", "c"):
            await files.write(key, _all())
        assert await files.list_ids(after="", limit=2) == ["a", "b"]
        assert await files.list_ids(after="b", limit=2) == ["c"]
