"""What partners' agreements say, asked from disclosure, which holds them (C13)."""

from datetime import UTC, datetime

from services.identity.domain.access import AGREEMENT_CACHED_FOR
from services.identity.domain.agreements import Agreement
from services.identity.store import KnownAgreement, KnownAgreements
from shared.bus import Asker
from shared.clock import Clock
from shared.contracts import disclosure_v1
from shared.policy import Purpose

_MOST = 1_000


class Agreements:
    """Asks, and remembers the answers for at most a minute; ``drop`` forgets one at once."""

    def __init__(self, *, asker: Asker, known: KnownAgreements, clock: Clock) -> None:
        self._asker = asker
        self._known = known
        self._clock = clock
        self._at_hand: dict[str, tuple[datetime, Agreement]] = {}
        self._drops = 0

    async def read(self, agreement_id: str) -> Agreement:
        """Return the agreement; QuestionTimeoutError (503) when disclosure does not answer."""
        asked_at, found = self._at_hand.get(agreement_id, (None, None))
        if asked_at is not None and found is not None and self._clock() - asked_at < AGREEMENT_CACHED_FOR:
            return found
        return await self._ask(agreement_id)

    def drop(self, agreement_id: str) -> None:
        """Forget what was answered: the agreement has changed."""
        self._at_hand.pop(agreement_id, None)
        self._drops += 1

    async def ended(self, agreement_id: str, *, at: datetime) -> None:
        """Note the end in the ambient transaction: whoever reads later than *at* is outside the agreement."""
        await self._known.ended(agreement_id, at=at)

    async def _ask(self, agreement_id: str) -> Agreement:
        asked_at, drops = self._clock(), self._drops
        reply = await self._asker.ask(
            "disclosure.agreement.read",
            disclosure_v1.AgreementReadRequest(agreement_id=agreement_id),
            disclosure_v1.AgreementReadReply,
            purpose=Purpose.PARTNER_SERVICE,
        )
        if drops != self._drops:
            # It may have ended while the answer was on its way: an answer from before must not outlive the end.
            return await self._ask(agreement_id)
        found = Agreement(
            id=agreement_id,
            in_force=reply.in_force,
            purposes=frozenset(reply.purposes),
            scopes=frozenset(reply.scopes),
            fields=frozenset(reply.fields),
            ends_at=reply.ends_at.ToDatetime(UTC),
        )
        await self._known.keep(_terms(found))
        if len(self._at_hand) >= _MOST:
            self._at_hand.clear()
        if drops == self._drops:
            self._at_hand[agreement_id] = (asked_at, found)
        return found


def _terms(agreement: Agreement) -> KnownAgreement:
    return KnownAgreement(
        id=agreement.id,
        purposes=sorted(agreement.purposes),
        scopes=sorted(agreement.scopes),
        fields=sorted(agreement.fields),
        ends_at=agreement.ends_at,
    )
