"""The JSON API of sync."""

from dataclasses import dataclass

from services.sync.service.reading import Reading
from shared.web import Call, Route, View, customer, get


class UsageView(View):
    """How much the account stores and may store."""

    files: int
    used_bytes: int
    quota_bytes: int
    available_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncApi:
    """The handlers."""

    reading: Reading

    def routes(self) -> tuple[Route, ...]:
        """Return the routes of sync."""
        return (get("/v1/sync/usage", self.usage, access=customer(), summary="Read how much is stored"),)

    async def usage(self, call: Call) -> UsageView:
        """Return the counters of the account."""
        space = await self.reading.usage(call.who.id)
        return UsageView(
            files=space.files,
            used_bytes=space.used_bytes,
            quota_bytes=space.quota_bytes,
            available_bytes=space.available_bytes,
        )
