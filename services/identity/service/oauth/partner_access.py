"""Discloses to partners the fields of their agreement, while it is active (C13)."""

from dataclasses import dataclass
from datetime import datetime

from services.identity.domain.oauth.agreements import CONTACT_READ, AgreementTerms
from services.identity.errors import AccountNotFoundError, AgreementEndedError, NoDisclosableFieldsError
from services.identity.service.oauth.agreement_client import AgreementClient
from services.identity.store import AccountDocument, Accounts, DataAccessLog, PartnerClients
from services.identity.store.staff.data_access import Recipient
from shared.mongo import Transact
from shared.policy import Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountProjection:
    """The account fields that are disclosed to a partner, by their names in the agreement."""

    account_id: str
    agreement_id: str
    fields: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerAccessService:
    """Reads accounts for partners."""

    accounts: Accounts
    partner_clients: PartnerClients
    agreement_client: AgreementClient
    data_access_log: DataAccessLog
    transact: Transact

    async def get_account(self, account_id: str, *, client_id: str, at: datetime) -> AccountProjection:
        """Return the fields that the agreement names and that are declared for partners."""
        agreement = await self._get_agreement(client_id, at=at)
        recipient = Recipient(kind="partner", id=client_id, purpose=Purpose.PARTNER_SERVICE, basis=agreement.id)
        account = await self._get_customer(account_id)
        visible = await self.accounts.project_fields(account, agreement.fields, recipient.purpose)
        denied = sorted(field for field in agreement.fields & self.accounts.field_names() if field not in visible)

        async def record_access() -> None:
            if denied:
                await self.data_access_log.record_denied(account.id, denied, recipient, at=at)
            if visible:
                await self.data_access_log.record(account.id, sorted(visible), recipient, at=at)

        # Recorded first: nothing is disclosed that is not in the ledger.
        await self.transact(record_access)
        if not visible:
            raise NoDisclosableFieldsError
        return AccountProjection(account_id=account.id, agreement_id=agreement.id, fields=visible)

    async def _get_agreement(self, client_id: str, *, at: datetime) -> AgreementTerms:
        client = await self.partner_clients.get(client_id)
        if client is None or client.revoked_at is not None:
            raise AgreementEndedError
        agreement = await self.agreement_client.get(client.agreement_id)
        # The token has the scope, too, but it may be minutes old.
        if not agreement.allows(at) or CONTACT_READ not in agreement.scopes & frozenset(client.scopes):
            raise AgreementEndedError
        return agreement

    async def _get_customer(self, account_id: str) -> AccountDocument:
        account = await self.accounts.get_active(account_id)
        if account is None or account.roles:
            raise AccountNotFoundError
        return account
