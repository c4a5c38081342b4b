"""The mail log of campaigns (C04): the delivery of each recipient is the entry, so an email costs no second write."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from services.newsletter.domain.campaigns.batches import CampaignBatch
from services.newsletter.domain.campaigns.campaigns import CAMPAIGN_EMAIL, ERASED_PREFIX, DeliveryState
from services.newsletter.store.campaigns.batches import CampaignBatches
from services.newsletter.store.campaigns.documents import CampaignDeliveryDocument
from services.newsletter.store.personal_data import folded_index
from services.newsletter.store.subscriptions.documents import SubscriptionDocument, SuppressionDocument
from shared.clock import Clock
from shared.crypto import Vault
from shared.mail import DeliveryStatus, MailDirection, MailLogDocument, MailLogFilter
from shared.mail.log import MAIL_LOG_RETENTION
from shared.mongo import Collection, Database, decode_position

_STATUSES = {
    DeliveryState.ACCEPTED: DeliveryStatus.RELAYED,
    DeliveryState.SUPPRESSED: DeliveryStatus.SUPPRESSED,
    DeliveryState.FAILED: DeliveryStatus.FAILED,
    DeliveryState.EXPIRED: DeliveryStatus.EXPIRED,
}
_STATES = {status: state for state, status in _STATUSES.items()}
_MAX_OF_ADDRESS = 5_000
_END = datetime.max.replace(tzinfo=UTC)


class CampaignMailLog:
    """The final status of each campaign email, of the last 90 days; temporary refusals are rows of the mail log.

    A delivery names its subscription only. So an address is found while the subscription or the proof of its end
    exists, and not any more after an erasure.
    """

    def __init__(self, db: Database, vault: Vault, batches: CampaignBatches, clock: Clock) -> None:
        self._rows: Collection[CampaignDeliveryDocument] = db.get_collection(CampaignDeliveryDocument)
        self._subscriptions: Collection[SubscriptionDocument] = db.get_collection(SubscriptionDocument)
        self._suppressions: Collection[SuppressionDocument] = db.get_collection(SuppressionDocument)
        self._batches = batches
        self._vault = vault
        self._clock = clock

    async def search_entries(self, wanted: MailLogFilter, *, after: str | None, limit: int) -> list[MailLogDocument]:
        """Return up to *limit* emails that match, the newest first, after the position *after*."""
        is_other = wanted.kind not in ("", CAMPAIGN_EMAIL) or wanted.direction is MailDirection.RECEIVED
        if is_other or (wanted.status is not None and wanted.status not in _STATES):
            return []
        if wanted.address:
            rows = self._select(await self._list_of_address(wanted.address), wanted, after)
        elif wanted.mail_id:
            rows = self._select(await self._rows.list({"_id": wanted.mail_id}), wanted, after)
        else:
            rows = await self._list_newest(wanted, after, limit)
        return await self._to_entries(rows[:limit])

    async def count_without_entry(self, batch: CampaignBatch) -> int:
        """Count the recipients of a batch that was sent of whose email the log knows nothing."""
        rows = await self._rows.list({"_id": {"$in": list(batch.delivery_ids)}})
        return batch.size - sum(self._is_entry(row) for row in rows)

    async def _list_of_address(self, email: str) -> list[CampaignDeliveryDocument]:
        where = {"folded_index": folded_index(self._vault, email)}
        subscriptions = await self._subscriptions.list(where, limit=_MAX_OF_ADDRESS)
        ended = await self._suppressions.list(where, limit=_MAX_OF_ADDRESS)
        ids = {row.id for row in subscriptions} | {row.subscription_id for row in ended}
        return await self._rows.list({"subscription_id": {"$in": sorted(ids)}}, limit=_MAX_OF_ADDRESS) if ids else []

    async def _list_newest(
        self, wanted: MailLogFilter, after: str | None, limit: int
    ) -> list[CampaignDeliveryDocument]:
        """Return the newest emails that match: read batch by batch, since an index of the answers costs each email."""
        ends = [
            self._clock(),
            *([wanted.until] if wanted.until else []),
            *([decode_position(after)[0]] if after else []),
        ]
        batches = await self._batches.list_composed(until=min(ends))
        candidates = [each for each in batches if self._may_match(each, wanted)]
        candidates.sort(key=_find_latest, reverse=True)
        found: list[CampaignDeliveryDocument] = []
        for head in candidates:
            if len(found) >= limit and _answered_at(found[limit - 1]) > _find_latest(head):
                break
            batch = await self._batches.get(head.batch_id)
            rows = await self._rows.list({"_id": {"$in": list(batch.delivery_ids)}}) if batch else []
            found = self._select([*found, *rows], wanted, after)[:limit]
        return found

    def _may_match(self, batch: CampaignBatch, wanted: MailLogFilter) -> bool:
        """Return whether a batch may have emails that match; the counts of one that is held are not final."""
        state = _STATES.get(wanted.status) if wanted.status is not None else None
        is_settled = batch.settled_at is not None
        if state is not None and is_settled and not batch.counts.get(state, 0):
            return False
        return _find_latest(batch) >= self._find_start(wanted)

    def _find_start(self, wanted: MailLogFilter) -> datetime:
        oldest = self._clock() - MAIL_LOG_RETENTION
        return max(wanted.since, oldest) if wanted.since is not None else oldest

    def _select(
        self, rows: Iterable[CampaignDeliveryDocument], wanted: MailLogFilter, after: str | None
    ) -> list[CampaignDeliveryDocument]:
        found = [each for each in rows if self._matches(each, wanted, after)]
        return sorted(found, key=lambda each: (_answered_at(each), each.id), reverse=True)

    def _matches(self, row: CampaignDeliveryDocument, wanted: MailLogFilter, after: str | None) -> bool:
        at = _answered_at(row)
        return (
            self._is_entry(row)
            and at >= self._find_start(wanted)
            and (wanted.until is None or at < wanted.until)
            and (not wanted.mail_id or row.id == wanted.mail_id)
            and (wanted.status is None or row.state is _STATES[wanted.status])
            and (after is None or (at, row.id) < decode_position(after))
        )

    @staticmethod
    def _is_entry(row: CampaignDeliveryDocument) -> bool:
        return row.completed_at is not None and row.state in _STATUSES

    async def _to_entries(self, rows: Sequence[CampaignDeliveryDocument]) -> list[MailLogDocument]:
        owners = await self._map_owners({row.subscription_id for row in rows})
        return [
            MailLogDocument(
                id=row.id,
                at=_answered_at(row),
                kind=CAMPAIGN_EMAIL,
                mail_id=row.id,
                status=_STATUSES[row.state],
                code=row.code,
                enhanced_code=row.enhanced_code,
                owner=owners.get(row.subscription_id, ""),
            )
            for row in rows
        ]

    async def _map_owners(self, subscription_ids: set[str]) -> dict[str, str]:
        """Return the accounts of subscriptions: their owners are told of a search."""
        ids = sorted(each for each in subscription_ids if not each.startswith(ERASED_PREFIX))
        ended = await self._suppressions.list({"subscription_id": {"$in": ids}})
        active = await self._subscriptions.list({"_id": {"$in": ids}})
        return {row.subscription_id: row.account_id for row in ended} | {row.id: row.account_id for row in active}


def _answered_at(row: CampaignDeliveryDocument) -> datetime:
    return row.completed_at or row.queued_at


def _find_latest(batch: CampaignBatch) -> datetime:
    """Return a time after which no email of a batch was answered; the end of time while a worker holds it."""
    return batch.settled_at or _END
