"""The terms of partner agreements, fetched from disclosure (C13)."""

from datetime import UTC, datetime

from cachetools import TLRUCache

from services.identity.domain.oauth.agreements import AgreementTerms
from services.identity.domain.sessions.access import AGREEMENT_CACHE_TTL
from services.identity.store import KnownAgreementDocument, KnownAgreements
from shared.bus import RpcClient
from shared.clock import Clock
from shared.contracts import disclosure_v1
from shared.policy import Purpose

_MAX_CACHED = 1_000


def _expires_at(_agreement_id: str, cached: tuple[float, AgreementTerms], _now: float) -> float:
    return cached[0] + AGREEMENT_CACHE_TTL.total_seconds()


class AgreementClient:
    """Fetches agreements and caches them for a minute; ``invalidate`` drops one at once."""

    def __init__(self, *, rpc_client: RpcClient, known_agreements: KnownAgreements, clock: Clock) -> None:
        self._rpc_client = rpc_client
        self._known_agreements = known_agreements
        self._clock = clock
        # Counted from the time of the call, not of the reply: the terms may have ended while it was on its way.
        self._cache: TLRUCache[str, tuple[float, AgreementTerms]] = TLRUCache(
            _MAX_CACHED, ttu=_expires_at, timer=lambda: clock().timestamp()
        )
        self._invalidations = 0

    async def get(self, agreement_id: str) -> AgreementTerms:
        """Return the agreement; RpcTimeoutError (503) if disclosure does not reply."""
        cached = self._cache.get(agreement_id)
        return cached[1] if cached else await self._fetch(agreement_id)

    def invalidate(self, agreement_id: str) -> None:
        """Drop the cached agreement: it has changed."""
        self._cache.pop(agreement_id, None)
        self._invalidations += 1

    async def record_end(self, agreement_id: str, *, at: datetime) -> None:
        """Record the end, in the ambient transaction: later accesses are outside the agreement."""
        await self._known_agreements.mark_ended(agreement_id, at=at)

    async def _fetch(self, agreement_id: str) -> AgreementTerms:
        fetched_at, invalidations = self._clock().timestamp(), self._invalidations
        reply = await self._rpc_client.call(
            "disclosure.agreement.get",
            disclosure_v1.AgreementGetRequest(agreement_id=agreement_id),
            disclosure_v1.AgreementGetReply,
            purpose=Purpose.PARTNER_SERVICE,
        )
        if invalidations != self._invalidations:
            # It may have ended while the reply was on its way: a reply from before must not be cached.
            return await self._fetch(agreement_id)
        terms = AgreementTerms(
            id=agreement_id,
            in_force=reply.active,
            purposes=frozenset(reply.purposes),
            scopes=frozenset(reply.scopes),
            fields=frozenset(reply.fields),
            ends_at=reply.ends_at.ToDatetime(UTC),
        )
        await self._known_agreements.put(_build_document(terms))
        if invalidations == self._invalidations:
            self._cache[agreement_id] = (fetched_at, terms)
        return terms


def _build_document(agreement: AgreementTerms) -> KnownAgreementDocument:
    return KnownAgreementDocument(
        id=agreement.id,
        purposes=sorted(agreement.purposes),
        scopes=sorted(agreement.scopes),
        fields=sorted(agreement.fields),
        ends_at=agreement.ends_at,
    )
