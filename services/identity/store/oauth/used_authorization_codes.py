"""Authorization codes that were used; one that was not is stored nowhere: it says itself what it is for."""

from datetime import datetime
from typing import ClassVar

from services.identity.domain.oauth.clients import USED_CODE_RETENTION
from services.identity.errors import InvalidGrantError
from shared.mongo import Database, Document, DuplicateError, Index


class UsedAuthorizationCodeDocument(Document):
    """A used code; nobody's data: whose it was stands in the session, while that lives."""

    collection: ClassVar[str] = "used_authorization_codes"
    indexes: ClassVar[tuple[Index, ...]] = (Index("used_at", expire_after=USED_CODE_RETENTION),)

    session_id: str | None
    """What it gave; None when it was shown wrongly and gave nothing."""
    used_at: datetime


class UsedAuthorizationCodes:
    """The used codes."""

    def __init__(self, db: Database) -> None:
        self._rows = db.get_collection(UsedAuthorizationCodeDocument)

    async def get(self, code_id: str) -> UsedAuthorizationCodeDocument | None:
        """Return what became of the code, if it was used."""
        return await self._rows.get(code_id)

    async def consume(self, code_id: str, *, session_id: str | None, at: datetime) -> None:
        """Use the code up; InvalidGrantError when it was used before."""
        try:
            await self._rows.insert_one(UsedAuthorizationCodeDocument(id=code_id, session_id=session_id, used_at=at))
        except DuplicateError as fault:
            raise InvalidGrantError from fault
