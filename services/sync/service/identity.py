"""What identity says about an app password."""

from dataclasses import dataclass
from datetime import UTC

from services.sync.domain.visitors import Visitor
from shared.bus import Asker
from shared.contracts import identity_v1
from shared.policy import Purpose
from shared.settings import Secret


@dataclass(frozen=True, slots=True)
class AskIdentity:
    """Asks identity, over the broker."""

    asker: Asker

    async def __call__(self, username: str, password: Secret) -> Visitor | None:
        """Return who comes in with this user name and app password, or None."""
        question = identity_v1.CredentialVerifyRequest(username=username, app_password=password.reveal())
        reply = await self.asker.ask(
            "identity.credential.verify", question, identity_v1.CredentialVerifyReply, purpose=Purpose.SYNC
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
