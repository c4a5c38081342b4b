"""Used authorization codes. An unused code is not stored: it is a sealed token."""

from datetime import datetime
from typing import ClassVar

from services.identity.domain.oauth.clients import USED_CODE_RETENTION
from services.identity.errors import InvalidGrantError
from shared.mongo import Database, Document, DuplicateError, Index


class UsedAuthorizationCodeDocument(Document):
    """A used code. It names no account, only the session it created."""

    collection: ClassVar[str] = "used_authorization_codes"
    indexes: ClassVar[tuple[Index, ...]] = (Index("used_at", expire_after=USED_CODE_RETENTION),)

    session_id: str | None
    """The session it created; None if it was presented wrongly."""
    used_at: datetime


class UsedAuthorizationCodes:
    """The used codes."""

    def __init__(self, db: Database) -> None:
        self._rows = db.get_collection(UsedAuthorizationCodeDocument)

    async def get(self, code_id: str) -> UsedAuthorizationCodeDocument | None:
        """Return the used code, or None."""
        return await self._rows.get(code_id)

    async def consume(self, code_id: str, *, session_id: str | None, at: datetime) -> None:
        """Mark the code as used; InvalidGrantError if it was used before."""
        try:
            await self._rows.insert_one(UsedAuthorizationCodeDocument(id=code_id, session_id=session_id, used_at=at))
        except DuplicateError as fault:
            raise InvalidGrantError from fault
