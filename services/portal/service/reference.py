"""The API reference of the whole platform, put together from what each service says of itself."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from services.portal.domain.addresses import at
from services.portal.ports import Ask, PublicApi
from services.portal.service.visitor import parts
from shared.web import merged

SERVICES = ("disclosure", "identity", "newsletter", "payments", "sync", "telemetry")
_FRESH = timedelta(seconds=60)
_INCOMPLETE = timedelta(seconds=5)


@dataclass(slots=True)
class _Kept:
    document: dict[str, Any]
    until: datetime


@dataclass(slots=True, kw_only=True)
class Reference:
    """Asks each service for its OpenAPI document; the answer is kept for a minute."""

    api: PublicApi
    public_url: str
    _kept: _Kept | None = None
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def document(self, *, now: datetime) -> dict[str, Any]:
        """Return the merged OpenAPI document; ``x-missing`` names the services that did not answer."""
        async with self._asking:
            if self._kept is None or now >= self._kept.until:
                self._kept = await self._read(now)
            return self._kept.document

    async def data_maps(self) -> dict[str, Any]:
        """Return what each service says it stores; None for a service that did not answer."""
        found = await parts(**{name: self._ask(name, "data-map") for name in SERVICES})
        return {name: part.answer for name, part in found.items()}

    async def _read(self, now: datetime) -> _Kept:
        found = await parts(**{name: self._ask(name, "openapi.json") for name in SERVICES})
        missing = [name for name, part in found.items() if part.fault is not None]
        document = merged(
            {name: part.answer for name, part in found.items() if part.fault is None},
            title="Candor",
            server=self.public_url,
        )
        return _Kept(document | {"x-missing": missing}, now + (_INCOMPLETE if missing else _FRESH))

    async def _ask(self, service: str, what: str) -> Any:
        return await self.api.ask(Ask(path=at("/v1/{}/", service) + what))
