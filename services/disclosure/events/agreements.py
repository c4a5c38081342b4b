"""RPC: partner agreements (C13)."""

from dataclasses import dataclass

from services.disclosure.service import AgreementService
from shared.bus import RpcContext, RpcHandler
from shared.clock import Clock
from shared.contracts import disclosure_v1


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementRpc:
    """Answers ``disclosure.agreement.get``."""

    agreements: AgreementService
    clock: Clock

    def build_rpc_handlers(self) -> tuple[RpcHandler, ...]:
        """Return the RPC handlers."""
        return (RpcHandler("disclosure.agreement.get", disclosure_v1.AgreementGetRequest, self.get_agreement),)

    async def get_agreement(
        self, request: disclosure_v1.AgreementGetRequest, _context: RpcContext
    ) -> disclosure_v1.AgreementGetReply:
        """Return purposes, scopes, fields and end date of an agreement, and whether it is active."""
        agreement = await self.agreements.get(request.agreement_id)
        reply = disclosure_v1.AgreementGetReply(
            active=agreement.is_active(self.clock()),
            purposes=agreement.purposes,
            scopes=agreement.scopes,
            fields=agreement.fields,
        )
        reply.ends_at.FromDatetime(min(agreement.ended_at or agreement.ends_at, agreement.ends_at))
        return reply
