"""Answers what a partner may do (C13)."""

from dataclasses import dataclass

from services.disclosure.service import Register
from shared.bus import Answer, Asked
from shared.clock import Clock
from shared.contracts import disclosure_v1


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterAnswer:
    """Answers ``disclosure.agreement.read``."""

    register: Register
    clock: Clock

    def answers(self) -> tuple[Answer, ...]:
        """Return what is answered."""
        return (Answer("disclosure.agreement.read", disclosure_v1.AgreementReadRequest, self.read),)

    async def read(
        self, request: disclosure_v1.AgreementReadRequest, _asked: Asked
    ) -> disclosure_v1.AgreementReadReply:
        """Return purposes, scopes, fields and end of an agreement, and whether it is in force now."""
        agreement = await self.register.read(request.agreement_id)
        reply = disclosure_v1.AgreementReadReply(
            in_force=agreement.in_force(self.clock()),
            purposes=agreement.purposes,
            scopes=agreement.scopes,
            fields=agreement.fields,
        )
        reply.ends_at.FromDatetime(min(agreement.ended_at or agreement.ends_at, agreement.ends_at))
        return reply
