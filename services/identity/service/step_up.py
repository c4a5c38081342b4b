"""Step-up: whoever is logged in proves it once more, and the session's tokens say so (RFC 9470)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.identity.domain.security import ChallengeKind, EventKind
from services.identity.errors import StepUpRefusedError
from services.identity.service.log_ins import From, LogIns
from services.identity.service.passkeys import Asked, PasskeyDesk
from services.identity.service.second_factors import SecondFactors
from services.identity.service.sessions import LiveSessions, Renewed
from services.identity.store import SecurityEvents


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What somebody shows: a password, a code, or a passkey with the challenge that it answers."""

    password: str | None = None
    code: str | None = None
    challenge_id: str = ""
    credential: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepUps:
    """Renews the time at which a session's owner was last confirmed."""

    log_ins: LogIns
    factors: SecondFactors
    desk: PasskeyDesk
    live: LiveSessions
    events: SecurityEvents

    async def ask(self, account_id: str, *, at: datetime) -> Asked:
        """Ask for a passkey of the account."""
        return await self.desk.ask(ChallengeKind.STEP_UP, account_id, at=at)

    async def renew(self, account_id: str, session_id: str, proof: Proof, *, by: From, at: datetime) -> Renewed:
        """Return a new access token for the session; an account with a second factor shows that one (I-12)."""
        if proof.code is None and proof.credential is None and await self.factors.of(account_id):
            raise StepUpRefusedError
        if proof.password is not None:
            await self.log_ins.confirm(account_id, proof.password, session_id=session_id, at=at)
        if proof.code is not None:
            bucket = self.log_ins.accounts.bucket("session_codes", session_id)
            await self.log_ins.check_code(account_id, proof.code, bucket=bucket, by=by, at=at)
        if proof.credential is not None:
            kind = ChallengeKind.STEP_UP
            await self.desk.answered(kind, proof.challenge_id, proof.credential, by=account_id, at=at)
        renewed = await self.live.confirm(session_id, at=at)
        await self.events.note(account_id, EventKind.CONFIRMED, user_agent=by.user_agent, at=at)
        return renewed
