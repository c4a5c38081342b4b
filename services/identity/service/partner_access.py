"""Shows partners what their agreement names, field by field, on record, as long as it is in force (C13)."""

from dataclasses import dataclass
from datetime import datetime

from services.identity.domain.agreements import CONTACT_READ, Agreement
from services.identity.errors import AccountNotFoundError, AgreementOverError, NothingToShowError
from services.identity.service.agreements import Agreements
from services.identity.service.transact import Transact
from services.identity.store import Account, Accounts, Partners, Reads
from services.identity.store.reads import Reader
from shared.policy import Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """What a partner is shown of an account: each field by its name in the agreement."""

    account_id: str
    agreement_id: str
    fields: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerAccess:
    """Answers partners."""

    accounts: Accounts
    partners: Partners
    agreements: Agreements
    reads: Reads
    transact: Transact

    async def account(self, account_id: str, *, client_id: str, at: datetime) -> Projection:
        """Return exactly those fields of a customer's account that the agreement names and their declaration allows."""
        agreement = await self._agreement(client_id, at=at)
        reader = Reader(kind="partner", id=client_id, purpose=Purpose.PARTNER_SERVICE, basis=agreement.id)
        account = await self._customer(account_id)
        shown = await self.accounts.projected(account, agreement.fields, reader.purpose)
        refused = sorted(field for field in agreement.fields & self.accounts.field_names() if field not in shown)

        async def record() -> None:
            if refused:
                await self.reads.refused(account.id, refused, reader, at=at)
            if shown:
                await self.reads.shown(account.id, sorted(shown), reader, at=at)

        # On record first: what is not in the ledger is not shown.
        await self.transact(record)
        if not shown:
            raise NothingToShowError
        return Projection(account_id=account.id, agreement_id=agreement.id, fields=shown)

    async def _agreement(self, client_id: str, *, at: datetime) -> Agreement:
        client = await self.partners.get(client_id)
        if client is None or client.ended_at is not None:
            raise AgreementOverError
        agreement = await self.agreements.read(client.agreement_id)
        # The token says so too; it was given out minutes ago.
        if not agreement.allows(at) or CONTACT_READ not in agreement.scopes & frozenset(client.scopes):
            raise AgreementOverError
        return agreement

    async def _customer(self, account_id: str) -> Account:
        account = await self.accounts.active(account_id)
        if account is None or account.roles:
            raise AccountNotFoundError
        return account
