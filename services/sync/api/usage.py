"""The JSON API of storage usage, for the owner of the files."""

from dataclasses import dataclass

from services.sync.service.tree.reader import TreeReader
from shared.web import RequestContext, Route, View, customer, get


class UsageView(View):
    """How much the account stores and may store."""

    files: int
    used_bytes: int
    quota_bytes: int
    available_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageApi:
    """The handler of ``/v1/sync/usage``."""

    reader: TreeReader

    def build_routes(self) -> tuple[Route, ...]:
        """Return the route of usage."""
        return (get("/v1/sync/usage", self.get_usage, access=customer(), summary="Read how much is stored"),)

    async def get_usage(self, call: RequestContext) -> UsageView:
        """Return the counters of the account."""
        usage = await self.reader.get_usage(call.principal.id)
        return UsageView(
            files=usage.files,
            used_bytes=usage.used_bytes,
            quota_bytes=usage.quota_bytes,
            available_bytes=usage.available_bytes,
        )
