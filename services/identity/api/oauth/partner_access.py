"""Account data for partners (C13)."""

from dataclasses import dataclass
from datetime import timedelta

from services.identity.domain.oauth.agreements import CONTACT_READ
from services.identity.errors import AccountNotFoundError, AgreementEndedError, NoDisclosableFieldsError
from services.identity.service.oauth.partner_access import PartnerAccessService
from shared.web import RateLimit, RequestContext, Route, View, get, partner


class AccountProjectionView(View):
    """The account fields that the partner's agreement names."""

    account_id: str
    agreement_id: str
    fields: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerAccessApi:
    """HTTP handlers of partners."""

    partner_access: PartnerAccessService
    rate_limit_per_minute: int

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        return (
            get(
                "/v1/partners/accounts/{account_id}",
                self.get_account_projection,
                access=partner(CONTACT_READ),
                limit=RateLimit(self.rate_limit_per_minute, timedelta(minutes=1)),
                errors=(AgreementEndedError, NoDisclosableFieldsError, AccountNotFoundError),
            ),
        )

    async def get_account_projection(self, call: RequestContext) -> AccountProjectionView:
        """Get the account fields that your agreement names. The customer sees the access in the access ledger."""
        found = await self.partner_access.get_account(call.path["account_id"], client_id=call.principal.id, at=call.now)
        return AccountProjectionView(account_id=found.account_id, agreement_id=found.agreement_id, fields=found.fields)
