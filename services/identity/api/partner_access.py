"""What partners' programs may read (C13)."""

from dataclasses import dataclass
from datetime import timedelta

from services.identity.domain.agreements import CONTACT_READ
from services.identity.errors import AccountNotFoundError, AgreementOverError, NothingToShowError
from services.identity.service.partner_access import PartnerAccess
from shared.web import Call, RateLimit, Route, View, get, partner


class ProjectionView(View):
    """An account as the partner's agreement shows it: the fields that it names, and no others."""

    account_id: str
    agreement_id: str
    fields: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerAccessApi:
    """The handlers."""

    access: PartnerAccess
    requests_a_minute: int

    def routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        return (
            get(
                "/v1/partners/accounts/{account_id}",
                self.read_account,
                access=partner(CONTACT_READ),
                limit=RateLimit(self.requests_a_minute, timedelta(minutes=1)),
                errors=(AgreementOverError, NothingToShowError, AccountNotFoundError),
            ),
        )

    async def read_account(self, call: Call) -> ProjectionView:
        """Read of a customer what the own agreement names; the customer sees it under "Who has seen my data"."""
        found = await self.access.account(call.path["account_id"], client_id=call.who.id, at=call.now)
        return ProjectionView(account_id=found.account_id, agreement_id=found.agreement_id, fields=found.fields)
