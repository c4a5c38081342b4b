"""Whom this service believes: identity's keys, and the sessions that identity has ended."""

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from joserfc.jwk import OKPKey

from shared import observe
from shared.clock import Clock
from shared.contracts import identity_v1
from shared.errors import ServiceError, UnavailableError
from shared.policy.purposes import Purpose
from shared.web.tokens import LONGEST_LIFE

if TYPE_CHECKING:
    from shared.bus import Asker, Delivery

log = observe.logger(__name__)

EVERY = timedelta(seconds=5)
"""Broadcasts pass by a process whose queue is being made anew: so long may an ended session then be believed."""
_SOONEST = timedelta(seconds=5)


class TrustUnknownError(UnavailableError):
    """It is not known yet who may be believed."""

    code = "auth.trust_unknown"


class AskedTrust:
    """Asks identity at the start, every few seconds, and when a token names an unknown key; hears of ended sessions.

    A snapshot older than the life of a token says nothing about the tokens of today, so it is no longer used.
    """

    def __init__(self, asker: "Asker", clock: Clock) -> None:
        self._asker = asker
        self._clock = clock
        self._keys: Mapping[str, OKPKey] = {}
        self._ended: dict[str, datetime] = {}
        self._asked_at = self._known_at = datetime.min.replace(tzinfo=UTC)

    async def key(self, kid: str) -> OKPKey | None:
        """Return the public key *kid*; for an unknown one identity is asked, though not by every forged token."""
        if kid not in self._keys and self._clock() - self._asked_at > _SOONEST:
            await self._ask_again()
        if self._clock() - self._known_at > LONGEST_LIFE:
            raise TrustUnknownError
        return self._keys.get(kid)

    def ended(self, session: str) -> bool:
        """Tell whether *session* was ended."""
        return session in self._ended

    async def refresh(self) -> None:
        """Ask identity now; QuestionTimeoutError (503) when it does not answer."""
        # Noted before the answer is there: whoever else meets an unknown key meanwhile does not ask, too.
        self._asked_at = self._clock()
        reply = await self._asker.ask(
            "identity.trust.snapshot",
            identity_v1.TrustSnapshotRequest(),
            identity_v1.TrustSnapshotReply,
            purpose=Purpose.SECURITY,
        )
        self._keys = public_keys(reply.jwks)
        # What was heard since is newer than the snapshot: it is added to, and forgotten only when its tokens are dead.
        for session in reply.ended:
            self._ended[session.session_id] = session.tokens_end_at.ToDatetime(UTC)
        self._ended = {session: end for session, end in self._ended.items() if end > self._clock()}
        self._known_at = self._clock()

    async def run(self) -> None:
        """Keep asking; a silence of identity is logged and waited out."""
        while True:
            await self._ask_again()
            await asyncio.sleep(EVERY.total_seconds())

    async def on_session_ended(self, fact: identity_v1.SessionEnded, _delivery: "Delivery") -> None:
        """Refuse the tokens of the session from now on (C22)."""
        self._ended[fact.session_id] = fact.tokens_end_at.ToDatetime(UTC)

    async def _ask_again(self) -> None:
        try:
            await self.refresh()
        except ServiceError as fault:
            log.warning("trust.not_refreshed", code=fault.code)


def public_keys(jwks: str) -> dict[str, OKPKey]:
    """Return the Ed25519 keys of a JWK set by their ids."""
    told = [each for each in json.loads(jwks)["keys"] if (each.get("kty"), each.get("crv")) == ("OKP", "Ed25519")]
    return {each["kid"]: OKPKey.import_key(each) for each in told if each.get("kid")}
