"""Merges the OpenAPI documents and data maps of all services."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from services.portal.domain.paths import build_path
from services.portal.ports.api_client import ApiClient, ApiRequest
from services.portal.service.user_session import gather_results
from shared.registry import get_registry
from shared.web import merge_openapi

SERVICES = tuple(sorted(get_registry().with_api))
_CACHE_TTL = timedelta(seconds=60)
_INCOMPLETE_CACHE_TTL = timedelta(seconds=5)


@dataclass(slots=True)
class _CachedDocument:
    document: dict[str, Any]
    expires_at: datetime


@dataclass(slots=True, kw_only=True)
class ApiReference:
    """Fetches and merges the OpenAPI documents; cached for a minute."""

    api: ApiClient
    public_url: str
    _cached: _CachedDocument | None = None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def get_document(self, *, now: datetime) -> dict[str, Any]:
        """Return the merged OpenAPI document; ``x-missing`` names unavailable services."""
        async with self._lock:
            if self._cached is None or now >= self._cached.expires_at:
                self._cached = await self._fetch_document(now)
            return self._cached.document

    async def get_data_maps(self) -> dict[str, Any]:
        """Return the data map of each service; None for an unavailable one."""
        found = await gather_results(**{name: self._fetch(name, "data-map") for name in SERVICES})
        return {name: part.answer for name, part in found.items()}

    async def _fetch_document(self, now: datetime) -> _CachedDocument:
        found = await gather_results(**{name: self._fetch(name, "openapi.json") for name in SERVICES})
        missing = [name for name, part in found.items() if part.fault is not None]
        document = merge_openapi(
            {name: part.answer for name, part in found.items() if part.fault is None},
            title="Candor",
            server=self.public_url,
        )
        return _CachedDocument(
            document | {"x-missing": missing}, now + (_INCOMPLETE_CACHE_TTL if missing else _CACHE_TTL)
        )

    async def _fetch(self, service: str, document: str) -> Any:
        return await self.api.request(ApiRequest(path=build_path("/v1/{}/", service) + document))
