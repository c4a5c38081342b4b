"""Imports, their unprocessed contacts, and the invitations that they led to."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.newsletter.domain.imports.columns import Contact, ContactState
from services.newsletter.domain.imports.imports import (
    ContactImport,
    ContactOutcome,
    ImportCounts,
    ImportDecision,
    ImportState,
    RefusedRow,
)
from services.newsletter.domain.subscriptions.addresses import fold_address
from services.newsletter.store.imports.documents import (
    ImportBatchDocument,
    ImportDocument,
    InvitationDocument,
    RefusedRowValue,
)
from shared.crypto import Vault, build_associated_data
from shared.mongo import Collection, Database
from shared.policy import Purpose

_MAX_STALE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactBatch:
    """Some contacts of an import, to be processed together."""

    batch_id: str
    contacts: list[Contact]


class ContactImports:
    """The imports of all lists. A caller that deletes the contacts also destroys their key."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._rows: Collection[ImportDocument] = db.get_collection(ImportDocument)
        self._batches: Collection[ImportBatchDocument] = db.get_collection(ImportBatchDocument)
        self._vault = vault

    async def add(self, import_id: str, list_id: str, *, staff_id: str, at: datetime) -> None:
        """Insert an import whose file is being read."""
        await self._rows.insert_one(
            ImportDocument(
                id=import_id, list_id=list_id, state=ImportState.READING, uploaded_by_id=staff_id, created_at=at
            )
        )

    async def add_batch(self, import_id: str, number: int, contacts: Sequence[Contact], *, at: datetime) -> None:
        """Insert contacts, sealed. Those who left come first, whatever their *number*: leaving wins over being there.

        All *contacts* have left, or none has.
        """
        order = int(contacts[0].state is ContactState.ACTIVE)
        text = json.dumps([_to_json(contact) for contact in contacts]).encode()
        await self._batches.insert_one(
            ImportBatchDocument(
                id=f"{import_id}.{order}.{number:07}",
                import_id=import_id,
                contacts=await self._vault.seal(
                    import_id, build_associated_data(ImportBatchDocument, "contacts"), text
                ),
                created_at=at,
            )
        )

    async def mark_ready(
        self,
        import_id: str,
        *,
        contact_count: int,
        suppressed_count: int,
        refused: Sequence[RefusedRow],
        refused_count: int,
    ) -> None:
        """Record that the whole file was read."""
        rows = [RefusedRowValue(file=row.file, line=row.line, code=row.code).model_dump() for row in refused]
        change = {
            "state": ImportState.READY,
            "contact_count": contact_count,
            "suppressed_count": suppressed_count,
            "refused_rows": rows,
            "refused_count": refused_count,
        }
        await self._rows.update_one({"_id": import_id, "state": ImportState.READING}, {"$set": change})

    async def get(self, import_id: str) -> ContactImport | None:
        """Return an import; None when it does not exist."""
        row = await self._rows.get(import_id)
        return _import(row) if row else None

    async def list_page(self, *, after: str | None, limit: int) -> list[ContactImport]:
        """Return up to *limit* imports after the id *after*, ordered by id."""
        where = {"_id": {"$gt": after}} if after else {}
        return [_import(row) for row in await self._rows.list(where, sort=["_id"], limit=limit)]

    async def start(self, import_id: str, decision: ImportDecision) -> bool:
        """Record what staff decided; False when the import is not ready."""
        change = {
            "state": ImportState.RUNNING,
            "action": decision.action,
            "reason": decision.reason,
            "origin": decision.origin,
            "decided_by_id": decision.staff_id,
            "decided_at": decision.decided_at,
        }
        return await self._rows.update_one({"_id": import_id, "state": ImportState.READY}, {"$set": change}) == 1

    async def cancel(self, import_id: str, at: datetime) -> bool:
        """End an import that is not finished; False when it is."""
        open_states = [ImportState.READING, ImportState.READY, ImportState.RUNNING]
        change = {"state": ImportState.CANCELLED, "finished_at": at}
        return await self._rows.update_one({"_id": import_id, "state": {"$in": open_states}}, {"$set": change}) == 1

    async def get_running(self) -> ContactImport | None:
        """Return the running import that was uploaded first; None when none is running."""
        row = await self._rows.find_one({"state": ImportState.RUNNING}, sort=["created_at"])
        return _import(row) if row else None

    async def list_stale(self, state: ImportState, before: datetime) -> list[str]:
        """Return the ids of imports that are in *state* and were uploaded before that time."""
        where = {"state": state, "created_at": {"$lt": before}}
        return [row.id for row in await self._rows.list(where, sort=["created_at"], limit=_MAX_STALE)]

    async def next_batch(self, import_id: str) -> ContactBatch | None:
        """Return the next contacts to process; None when all are processed."""
        row = await self._batches.find_one({"import_id": import_id}, sort=["_id"])
        if row is None:
            return None
        opened = await self._vault.open_field(row, "contacts", Purpose.NEWSLETTER)
        return ContactBatch(batch_id=row.id, contacts=[_from_json(item) for item in json.loads(opened)])

    async def delete_batch(self, batch_id: str) -> bool:
        """Delete a batch, in one transaction with its effects; False when another process has."""
        return await self._batches.delete_one({"_id": batch_id}) == 1

    async def add_counts(self, import_id: str, counts: ImportCounts) -> None:
        """Add to the counts of an import."""
        change = {f"counts.{outcome.value}": count for outcome, count in counts.items()}
        await self._rows.update_one({"_id": import_id}, {"$inc": change})

    async def mark_finished(self, import_id: str, at: datetime) -> bool:
        """Mark a running import as finished."""
        change = {"state": ImportState.FINISHED, "finished_at": at}
        return await self._rows.update_one({"_id": import_id, "state": ImportState.RUNNING}, {"$set": change}) == 1

    async def delete_contacts(self, import_id: str) -> int:
        """Delete the unprocessed contacts of an import; return how many batches."""
        return await self._batches.delete_many({"import_id": import_id})

    async def delete(self, import_id: str) -> None:
        """Delete an import whose file was refused."""
        await self._rows.delete_one({"_id": import_id})


class Invitations:
    """The addresses that were invited, by keyed hash."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._rows: Collection[InvitationDocument] = db.get_collection(InvitationDocument)
        self._vault = vault

    async def add(self, list_id: str, email: str, *, import_id: str, at: datetime) -> bool:
        """Record an invitation; False when the address was invited to this list before, in any letter case."""
        key = self._vault.blind_index("newsletter.invitation", f"{list_id}:{fold_address(email)}")
        if await self._rows.get(key) is not None:
            return False
        await self._rows.insert_one(InvitationDocument(id=key, import_id=import_id, created_at=at))
        return True


def _to_json(contact: Contact) -> list[object]:
    left_at = contact.left_at.isoformat() if contact.left_at else None
    return [contact.line, contact.email, contact.state.value, left_at]


def _from_json(item: Sequence[object]) -> Contact:
    line, email, state, left_at = item
    return Contact(
        line=int(str(line)),
        email=str(email),
        state=ContactState(str(state)),
        left_at=datetime.fromisoformat(str(left_at)) if left_at else None,
    )


def _import(row: ImportDocument) -> ContactImport:
    return ContactImport(
        import_id=row.id,
        list_id=row.list_id,
        state=row.state,
        contact_count=row.contact_count,
        suppressed_count=row.suppressed_count,
        refused_count=row.refused_count,
        refused_rows=tuple(RefusedRow(file=each.file, line=each.line, code=each.code) for each in row.refused_rows),
        decision=_decision(row),
        counts={outcome: getattr(row.counts, outcome.value) for outcome in ContactOutcome},
        created_at=row.created_at,
        finished_at=row.finished_at,
    )


def _decision(row: ImportDocument) -> ImportDecision | None:
    if row.action is None or row.decided_at is None:
        return None
    return ImportDecision(
        action=row.action,
        reason=row.reason,
        origin=row.origin,
        staff_id=row.decided_by_id,
        decided_at=row.decided_at,
    )
