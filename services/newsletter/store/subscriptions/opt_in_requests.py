"""Opt-in requests that wait for their confirmation."""

from datetime import datetime

from services.newsletter.domain.subscriptions.opt_in import OptInRequest
from services.newsletter.store.personal_data import address_index
from services.newsletter.store.subscriptions.documents import OptInRequestDocument
from shared.crypto import Vault, build_associated_data
from shared.mongo import Collection, Database
from shared.policy import Purpose

_MAX_RESULTS = 500


class OptInRequests:
    """The pending opt-in requests. A caller that deletes one also destroys its key."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._rows: Collection[OptInRequestDocument] = db.get_collection(OptInRequestDocument)
        self._vault = vault

    async def add(self, request: OptInRequest, email: str) -> None:
        """Insert a request; raises DuplicateError when there is one of this address for this list."""
        sealed = await self._vault.seal(
            request.request_id, build_associated_data(OptInRequestDocument, "email"), email.encode()
        )
        await self._rows.insert_one(
            OptInRequestDocument(
                id=request.request_id,
                list_id=request.list_id,
                account_id=request.account_id,
                address_index=address_index(self._vault, email),
                email=sealed,
                consent_version=request.consent_version,
                source=request.source,
                created_at=request.requested_at,
                expires_at=request.expires_at,
            )
        )

    async def list_by_email(self, email: str) -> list[OptInRequest]:
        """Return the requests for an address, for all lists."""
        where = {"address_index": address_index(self._vault, email)}
        return [_opt_in_request(row) for row in await self._rows.list(where, limit=_MAX_RESULTS)]

    async def list_by_account(self, account_id: str) -> list[OptInRequest]:
        """Return the requests of an account."""
        return [_opt_in_request(row) for row in await self._rows.list({"account_id": account_id}, limit=_MAX_RESULTS)]

    async def get_with_email(self, request_id: str, purpose: Purpose) -> tuple[OptInRequest, str] | None:
        """Return a request with its address; None when it does not exist."""
        row = await self._rows.get(request_id)
        return (_opt_in_request(row), await self._vault.open_field(row, "email", purpose)) if row else None

    async def delete(self, request_id: str) -> bool:
        """Delete a request; False when it does not exist."""
        return await self._rows.delete_one({"_id": request_id}) == 1

    async def list_expired(self, at: datetime) -> list[str]:
        """Return the ids of expired requests."""
        rows = await self._rows.list({"expires_at": {"$lte": at}}, sort=["expires_at"], limit=_MAX_RESULTS)
        return [row.id for row in rows]


def _opt_in_request(row: OptInRequestDocument) -> OptInRequest:
    return OptInRequest(
        request_id=row.id,
        list_id=row.list_id,
        account_id=row.account_id,
        consent_version=row.consent_version,
        source=row.source,
        requested_at=row.created_at,
        expires_at=row.expires_at,
    )
