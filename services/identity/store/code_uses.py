"""Authorization codes that were used; one that was not is stored nowhere: it says itself what it is for."""

from datetime import datetime
from typing import ClassVar

from services.identity.domain.apps import CODE_REMEMBERED_FOR
from services.identity.errors import InvalidGrantError
from shared.mongo import Database, Document, DuplicateError, Index


class CodeUse(Document):
    """A used code; nobody's data: whose it was stands in the session, while that lives."""

    collection: ClassVar[str] = "code_uses"
    indexes: ClassVar[tuple[Index, ...]] = (Index("used_at", expire_after=CODE_REMEMBERED_FOR),)

    session_id: str | None
    """What it gave; None when it was shown wrongly and gave nothing."""
    used_at: datetime


class CodeUses:
    """The used codes."""

    def __init__(self, db: Database) -> None:
        self._rows = db.collection(CodeUse)

    async def get(self, code_id: str) -> CodeUse | None:
        """Return what became of the code, if it was used."""
        return await self._rows.get(code_id)

    async def use(self, code_id: str, *, session_id: str | None, at: datetime) -> None:
        """Use the code up; InvalidGrantError when it was used before."""
        try:
            await self._rows.insert(CodeUse(id=code_id, session_id=session_id, used_at=at))
        except DuplicateError as fault:
            raise InvalidGrantError from fault
