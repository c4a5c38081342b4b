"""The mails that came in, with their verdicts."""

from datetime import datetime

from services.newsletter.domain.inbound.received import JudgedMail
from services.newsletter.domain.inbound.verdicts import Judgement
from services.newsletter.store.inbound.documents import ReceivedMailDocument
from shared.mongo import Collection, Database

_MAX_RESULTS = 500


class ReceivedMails:
    """The records of mails that came in."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[ReceivedMailDocument] = db.get_collection(ReceivedMailDocument)

    async def add(self, mail: JudgedMail, *, dedup_key: str) -> None:
        """Insert the record; DuplicateError when the same mail came before."""
        await self._rows.insert_one(
            ReceivedMailDocument(
                id=mail.received_id,
                received_at=mail.received_at,
                door=mail.door,
                token=mail.token,
                verdict=mail.judgement.verdict,
                reason=mail.judgement.reason,
                counts=mail.judgement.counts,
                needs_a_person=mail.needs_a_person,
                service=mail.service,
                mail_id=mail.mail_id,
                campaign_id=mail.campaign_id,
                subscription_id=mail.subscription_id,
                size=mail.size,
                dedup_key=dedup_key,
            )
        )

    async def has(self, dedup_key: str) -> bool:
        """Return whether the same mail came before."""
        return await self._rows.find_one({"dedup_key": dedup_key}) is not None

    async def get(self, received_id: str) -> JudgedMail | None:
        """Return a record; None when it does not exist."""
        row = await self._rows.get(received_id)
        return _received_mail(row) if row else None

    async def list_newest(self, *, before: str | None, needs_a_person: bool, limit: int) -> list[JudgedMail]:
        """Return up to *limit* records before the id *before*, the newest first: the ids are in the order of time."""
        where: dict[str, object] = {"needs_a_person": True} if needs_a_person else {}
        if before is not None:
            where["_id"] = {"$lt": before}
        rows = await self._rows.list(where, sort=[("_id", -1)], limit=limit)
        return [_received_mail(row) for row in rows]

    async def mark_reverted(self, received_id: str, *, staff_id: str, at: datetime) -> bool:
        """Record that staff undid the verdict, or settled what needed a person; False when that was done before."""
        change = {"reverted_at": at, "reverted_by": staff_id, "needs_a_person": False}
        return await self._rows.update_one({"_id": received_id, "reverted_at": None}, {"$set": change}) == 1

    async def delete_by_subscriptions(self, subscription_ids: list[str]) -> list[str]:
        """Delete the records about some subscriptions; return their ids."""
        where = {"subscription_id": {"$in": subscription_ids}}
        ids = [row.id for row in await self._rows.list(where, limit=_MAX_RESULTS)]
        await self._rows.delete_many({"_id": {"$in": ids}})
        return ids


def _received_mail(row: ReceivedMailDocument) -> JudgedMail:
    return JudgedMail(
        received_id=row.id,
        received_at=row.received_at,
        door=row.door,
        token=row.token,
        judgement=Judgement(row.verdict, row.reason),
        service=row.service,
        mail_id=row.mail_id,
        campaign_id=row.campaign_id,
        subscription_id=row.subscription_id,
        size=row.size,
        reverted_at=row.reverted_at,
    )
