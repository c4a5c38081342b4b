"""What partners' agreements say, asked from disclosure, which holds them (C13)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from services.identity.domain.access import AGREEMENT_CACHED_FOR
from shared.bus import Asker
from shared.contracts import disclosure_v1
from shared.policy import Purpose

_MOST = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What one agreement allows, and until when."""

    in_force: bool
    scopes: frozenset[str]
    ends_at: datetime

    def allows(self, at: datetime) -> bool:
        """Tell whether it is in force *at* that time."""
        return self.in_force and at < self.ends_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreements:
    """Asks, and remembers the answers for at most a minute; ``drop`` forgets one at once."""

    asker: Asker
    clock: Callable[[], datetime]
    _known: dict[str, tuple[datetime, Agreement]] = field(default_factory=dict)

    async def read(self, agreement_id: str) -> Agreement:
        """Return the agreement; QuestionTimeoutError (503) when disclosure does not answer."""
        asked_at, known = self._known.get(agreement_id, (None, None))
        if asked_at is not None and known is not None and self.clock() - asked_at < AGREEMENT_CACHED_FOR:
            return known
        return await self._ask(agreement_id)

    def drop(self, agreement_id: str) -> None:
        """Forget what was answered: the agreement has changed."""
        self._known.pop(agreement_id, None)

    async def _ask(self, agreement_id: str) -> Agreement:
        asked_at = self.clock()
        reply = await self.asker.ask(
            "disclosure.agreement.read",
            disclosure_v1.AgreementReadRequest(agreement_id=agreement_id),
            disclosure_v1.AgreementReadReply,
            purpose=Purpose.PARTNER_SERVICE,
        )
        found = Agreement(
            in_force=reply.in_force, scopes=frozenset(reply.scopes), ends_at=reply.ends_at.ToDatetime(UTC)
        )
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[agreement_id] = (asked_at, found)
        return found
