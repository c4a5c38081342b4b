"""The events and the rpc that sync consumes."""

from dataclasses import dataclass

from services.sync.service.access.devices import DeviceAuthenticator
from services.sync.service.lifecycle.erasure import AccountEraser
from services.sync.service.lifecycle.export import AccountExport
from shared.bus import EventDelivery, EventSubscription, RpcHandler, on
from shared.clock import Clock
from shared.contracts import identity_v1
from shared.privacy import ExportServer


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncEvents:
    """Erases and exports accounts, and drops what is cached of revoked app passwords."""

    account_eraser: AccountEraser
    account_export: AccountExport
    devices: DeviceAuthenticator
    clock: Clock

    def build_subscriptions(self) -> tuple[EventSubscription, ...]:
        """Return what sync consumes; revocations go to every process, since each has a cache of its own."""
        erasure = on(identity_v1.ErasureRequested, "identity", self.on_erasure_requested)
        revoked = on(identity_v1.AppPasswordRevoked, "identity", self.on_app_password_revoked, transactional=False)
        erased = on(identity_v1.ErasureRequested, "identity", self.on_erasure_broadcast, transactional=False)
        return (
            EventSubscription(queue="sync.erasure", handlers=(erasure,)),
            EventSubscription(queue="sync.revocations", handlers=(revoked, erased), broadcast=True),
        )

    def build_rpc_handlers(self) -> tuple[RpcHandler, ...]:
        """Return the rpc handlers of sync."""
        return (ExportServer(service="sync", account_export=self.account_export).build_rpc_handler(),)

    async def on_erasure_requested(self, event: identity_v1.ErasureRequested, _delivery: EventDelivery) -> None:
        """Destroy the account's keys; documents, blobs and the receipt follow (C31)."""
        await self.account_eraser.start(event.account_id, event.erasure_id, at=self.clock())

    async def on_erasure_broadcast(self, event: identity_v1.ErasureRequested, _delivery: EventDelivery) -> None:
        """Drop what is cached of the account."""
        self.account_eraser.invalidate(event.account_id)

    async def on_app_password_revoked(self, event: identity_v1.AppPasswordRevoked, _delivery: EventDelivery) -> None:
        """Drop the cached answer for the device: its next request is verified again, and refused."""
        self.devices.invalidate_device(event.app_password_id)
