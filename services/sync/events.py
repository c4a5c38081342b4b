"""What sync hears and answers."""

from dataclasses import dataclass

from services.sync.service.erasing import Erasing
from services.sync.service.exporting import Exporting
from services.sync.service.visitors import Visitors
from shared.bus import Answer, Asked, Delivery, Subscription, on
from shared.clock import Clock
from shared.contracts import common_v1, identity_v1


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncEvents:
    """Erases, hands over, and forgets what was revoked."""

    erasing: Erasing
    exporting: Exporting
    visitors: Visitors
    clock: Clock

    def subscriptions(self) -> tuple[Subscription, ...]:
        """Return what sync consumes; every process hears of what it must no longer remember."""
        erasure = on(identity_v1.ErasureRequested, "identity", self.on_erasure_requested)
        revoked = on(identity_v1.AppPasswordRevoked, "identity", self.on_app_password_revoked, transactional=False)
        erased = on(identity_v1.ErasureRequested, "identity", self.on_erasure_heard, transactional=False)
        return (
            Subscription(queue="sync.erasure", handles=(erasure,)),
            Subscription(queue="sync.revocations", handles=(revoked, erased), broadcast=True),
        )

    def answers(self) -> tuple[Answer, ...]:
        """Return the questions that sync answers."""
        return (Answer("sync.export.page", common_v1.ExportPageRequest, self.export_page),)

    async def on_erasure_requested(self, fact: identity_v1.ErasureRequested, _delivery: Delivery) -> None:
        """Destroy the account's keys; the rest follows, then the receipt (C31)."""
        await self.erasing.begin(fact.account_id, fact.erasure_id, at=self.clock())

    async def on_erasure_heard(self, fact: identity_v1.ErasureRequested, _delivery: Delivery) -> None:
        """Forget what is in memory of the account."""
        self.erasing.drop(fact.account_id)

    async def on_app_password_revoked(self, fact: identity_v1.AppPasswordRevoked, _delivery: Delivery) -> None:
        """Forget the device: its next request is asked about anew, and refused."""
        self.visitors.drop_device(fact.app_password_id)

    async def export_page(self, request: common_v1.ExportPageRequest, _asked: Asked) -> common_v1.ExportPageReply:
        """Hand over the next page of the account's files (C26)."""
        page = await self.exporting.page(request.account_id, request.cursor)
        items = [common_v1.ExportItem(path=path, content=content) for path, content in page.items]
        return common_v1.ExportPageReply(items=items, next_cursor=page.next)
