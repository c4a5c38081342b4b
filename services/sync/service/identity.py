"""What identity says about an app password."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC
from functools import partial

from services.sync.domain.visitors import Visitor
from shared.bus import Asker, QuestionTimeoutError
from shared.contracts import identity_v1
from shared.policy import Purpose
from shared.settings import Secret

_MORE_TRIES = 2
"""Of five seconds each: clients wait longer than that for a file, and take a 503 for the end of their round."""


@dataclass(frozen=True, slots=True)
class AskIdentity:
    """Asks identity, over the broker."""

    asker: Asker

    async def __call__(self, username: str, password: Secret) -> Visitor | None:
        """Return who comes in with this user name and app password, or None."""
        reply = await self._verified(
            identity_v1.CredentialVerifyRequest(username=username, app_password=password.reveal())
        )
        if not reply.accepted:
            return None
        return Visitor(
            account=reply.account_id,
            username=username,
            device=reply.app_password_id,
            may_write=reply.scope == "read_write",
            until=reply.expires_at.ToDatetime(UTC),
        )

    async def _verified(self, question: identity_v1.CredentialVerifyRequest) -> identity_v1.CredentialVerifyReply:
        """Ask again when there was no answer: it may have died with the replica of identity that had the question."""
        ask = partial(
            self.asker.ask,
            "identity.credential.verify",
            question,
            identity_v1.CredentialVerifyReply,
            purpose=Purpose.SYNC,
        )
        for _ in range(_MORE_TRIES):
            with suppress(QuestionTimeoutError):
                return await ask()
        return await ask()
