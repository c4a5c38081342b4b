"""The data format mark of a database: one written in another format is refused rather than misread."""

from collections.abc import Iterable
from typing import ClassVar

from shared.mongo.collection import Collection
from shared.mongo.document import Document
from shared.mongo.errors import DuplicateError, IncompatibleDataError
from shared.release import DATA_FORMAT

_MARK_ID = "data_format"


class DataFormatDocument(Document):
    """The data format of a database, written once by the first process that starts on an empty database."""

    collection: ClassVar[str] = "data_format"

    version: int


async def ensure_data_format(database: str, names: Iterable[str], marks: Collection[DataFormatDocument]) -> None:
    """Mark an empty database; raise IncompatibleDataError for one of another format.

    *names* are its collections. They are listed before the mark is read: a replica that starts at the same time writes
    the mark first and creates its collections afterwards.
    """
    is_empty = all(name == DataFormatDocument.collection or name.startswith("system.") for name in names)
    mark = await marks.get(_MARK_ID)
    if mark is None and is_empty:
        mark = await _write_mark(marks)
    if mark is None or mark.version != DATA_FORMAT:
        raise IncompatibleDataError(database, found=mark.version if mark else None)


async def _write_mark(marks: Collection[DataFormatDocument]) -> DataFormatDocument | None:
    mark = DataFormatDocument(id=_MARK_ID, version=DATA_FORMAT)
    try:
        await marks.insert_one(mark)
    except DuplicateError:
        return await marks.get(_MARK_ID)
    return mark
