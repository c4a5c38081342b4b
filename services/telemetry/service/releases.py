"""Returns the published statistics."""

from dataclasses import dataclass

from services.telemetry.domain.releases import Release
from services.telemetry.store import Releases


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseService:
    """Reads the releases."""

    releases: Releases

    async def list_releases(self) -> list[Release]:
        """Return the published releases, the newest week first."""
        return await self.releases.list_newest()
