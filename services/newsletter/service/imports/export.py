"""Exports the subscribers of a list as a stream; each access to the data of an account is recorded first."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from services.newsletter.domain.imports.csv_cells import render_rows
from services.newsletter.domain.subscriptions.subscriptions import NewsletterRecipient
from services.newsletter.errors import ListNotFoundError
from services.newsletter.store import MailingLists, Subscriptions
from shared.bus import Outbox
from shared.clock import rfc3339
from shared.ids import NewId
from shared.mongo import Transact
from shared.policy import Purpose
from shared.privacy import DataAccess, record_access

_BATCH_SIZE = 200
_HEADER = ("email", "subscribed_at", "consent_version", "consent_source", "requested_at", "confirmed_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriberExport:
    """Reads the subscribers of a list for staff."""

    lists: MailingLists
    subscriptions: Subscriptions
    outbox: Outbox
    transact: Transact
    new_id: NewId

    async def check_list(self, list_id: str) -> None:
        """Raise ListNotFoundError unless the list exists."""
        if await self.lists.get(list_id) is None:
            raise ListNotFoundError

    async def stream_csv(
        self, list_id: str, reason: str, *, staff_id: str, at: datetime
    ) -> AsyncGenerator[bytes, None]:
        """Yield the subscribers of a list that subscribed not later than *at*, as CSV in UTF-8."""
        basis, cursor = f"{self.new_id('exp')}: {reason}", ""
        yield render_rows([_HEADER]).encode()
        while True:
            batch = await self.subscriptions.next_batch(list_id, after=cursor, until=at, limit=_BATCH_SIZE)
            await self.transact(partial(self._record_accesses, batch.recipients, basis, staff_id, at))
            yield render_rows(map(_row, batch.recipients)).encode()
            if batch.is_last:
                return
            cursor = batch.last_id

    async def _record_accesses(
        self, recipients: list[NewsletterRecipient], basis: str, staff_id: str, at: datetime
    ) -> None:
        for account_id in sorted({each.subscription.account_id for each in recipients} - {""}):
            access = DataAccess(
                entry_id=self.new_id("led"),
                account_id=account_id,
                recipient_kind="staff",
                recipient_id=staff_id,
                fields=["newsletter.subscriptions.email", "newsletter.subscriptions.consent"],
                purpose=Purpose.NEWSLETTER,
                basis=basis,
                accessed_at=at,
            )
            await record_access(self.outbox, access)


def _row(recipient: NewsletterRecipient) -> tuple[str, ...]:
    found = recipient.subscription
    return (
        recipient.email,
        rfc3339(found.subscribed_at),
        found.consent.consent_version,
        found.consent.source.value,
        rfc3339(found.consent.requested_at),
        rfc3339(found.consent.confirmed_at),
    )
