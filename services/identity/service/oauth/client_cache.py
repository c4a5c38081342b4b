"""Partner clients in memory, so that a token costs no query (C13)."""

from datetime import timedelta

from cachetools import TTLCache

from services.identity.store import PartnerClientDocument, PartnerClients, RevokedSessions
from shared.clock import Clock

CLIENT_CACHE_TTL = timedelta(seconds=60)
"""Shorter than a revoked grant is remembered: a client that was revoked is found in every replica."""
_MAX_CACHED = 10_000


class PartnerClientCache:
    """Caches active clients for a minute. What revokes a client or its tokens revokes its grant, which drops it."""

    def __init__(self, *, partner_clients: PartnerClients, revoked_sessions: RevokedSessions, clock: Clock) -> None:
        self._partner_clients = partner_clients
        self._revoked_sessions = revoked_sessions
        self._cached: TTLCache[str, PartnerClientDocument] = TTLCache(
            _MAX_CACHED, CLIENT_CACHE_TTL.total_seconds(), timer=lambda: clock().timestamp()
        )

    async def get(self, client_id: str) -> PartnerClientDocument | None:
        """Return the client, revoked or not, or None."""
        cached = self._cached.get(client_id)
        if cached is not None and not self._revoked_sessions.is_revoked(cached.grant_id):
            return cached
        return await self.reload_client(client_id)

    async def reload_client(self, client_id: str) -> PartnerClientDocument | None:
        """Return the client as it is stored."""
        found = await self._partner_clients.get(client_id)
        if found is None:
            self._cached.pop(client_id, None)
        else:
            self._cached[client_id] = found
        return found
