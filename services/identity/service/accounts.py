"""From the age screen to a proven address, and what the owner sees of the account."""

from dataclasses import dataclass
from datetime import datetime

from services.identity.domain import age
from services.identity.domain.access import VERIFICATION_LIFETIME
from services.identity.domain.age import Birth
from services.identity.errors import (
    AccountNotFoundError,
    AddressTakenError,
    AgeTokenRefusedError,
    SignUpClosedError,
    VerificationRefusedError,
)
from services.identity.service.passwords import Passwords
from services.identity.service.transact import Transact
from services.identity.store import (
    Account,
    Accounts,
    AddressChanges,
    Credentials,
    ErasureLedger,
    MailGaps,
    SignUp,
    SignUps,
)
from services.identity.store.letters import Letters
from shared.bus import Outbox
from shared.clock import rfc3339
from shared.contracts import identity_v1
from shared.crypto import LinkRefusedError, Links
from shared.errors import FieldProblem, InvalidInputError
from shared.ids import NewId, digest, new_token
from shared.mail import Address
from shared.policy import Purpose

_PASSED = "identity.age.passed"
_CLOSED = "identity.age.closed"


@dataclass(frozen=True, slots=True)
class AgeScreen:
    """Asks for month and year of birth and keeps neither: who passes takes a sealed token along (C23)."""

    links: Links

    def answer(self, birth: Birth, *, at: datetime) -> str | None:
        """Return the token that opens the sign-up, or None: then nothing at all is remembered here."""
        if not birth.plausible(at):
            wrong = FieldProblem(field="birth_year", code="implausible", message="Check the month and the year.")
            raise InvalidInputError(fields=(wrong,))
        if not birth.passes(at):
            return None
        return self.links.make(_PASSED, {"at": rfc3339(at)}, expires_at=at + age.TOKEN_LIFETIME)

    def passed_at(self, token: str, *, at: datetime) -> datetime:
        """Return when the screen was passed; AgeTokenRefusedError when it was not, or too long ago."""
        try:
            return datetime.fromisoformat(self.links.read(_PASSED, token, at=at)["at"])
        except LinkRefusedError as fault:
            raise AgeTokenRefusedError from fault

    def closing(self, *, at: datetime) -> str:
        """Return the mark that keeps this browser's door closed for a while; it holds no date of birth (I-22)."""
        return self.links.make(_CLOSED, {}, expires_at=at + age.CLOSED_FOR)

    def check_open(self, mark: str | None, *, at: datetime) -> None:
        """Raise SignUpClosedError for a browser that carries a mark; one that is not ours closes nothing."""
        if mark is None:
            return
        try:
            self.links.read(_CLOSED, mark, at=at)
        except LinkRefusedError:
            return
        raise SignUpClosedError


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUpDesk:
    """Takes wishes for accounts and proofs of addresses; nobody learns here whether an address has an account."""

    screen: AgeScreen
    passwords: Passwords
    accounts: Accounts
    credentials: Credentials
    sign_ups: SignUps
    changes: AddressChanges
    ledger: ErasureLedger
    gaps: MailGaps
    letters: Letters
    outbox: Outbox
    transact: Transact
    new_id: NewId

    async def sign_up(self, age_token: str, email: str, password: str, *, at: datetime) -> None:
        """Write to *email*: a link that proves it, or, to the owner of an account, that there is one already.

        Both paths do the same work in the same order; the only one that is shorter is that of an address that was
        written to a moment ago, whoever it belongs to (I-14, I-15, I-16).
        """
        screened_at = self.screen.passed_at(age_token, at=at)
        address = Address(email).email
        secret = await self.passwords.new(password, address=address)
        index = self.accounts.index_of(address)
        # Not in the transaction below: of several requests at once exactly one must see that it is the first.
        if not await self.gaps.claim(index, at=at):
            return
        token = new_token()
        account_id = self.new_id("acc")

        async def sign_up() -> None:
            known = await self.accounts.at_address(index)
            reserved = await self.changes.reserved_for(index, at=at)
            await self.sign_ups.add(
                SignUp(
                    id=account_id,
                    token_hash=digest(token),
                    email=await self.sign_ups.seal(account_id, address),
                    email_index=index,
                    secret=secret,
                    age_screened_at=screened_at,
                    created_at=at,
                    expires_at=at + VERIFICATION_LIFETIME,
                )
            )
            if known is None and reserved is None:
                await self.letters.verification(account_id, address, token)
            else:
                # The row stays, with a token that nobody knows, until it expires: leaving it out would take less time.
                await self.letters.already_registered(account_id, address)

        await self.transact(sign_up)

    async def verify(self, token: str, *, at: datetime) -> str:
        """Open the account whose address the link proves, once; return its id (C24)."""
        try:
            return await self.transact(lambda: self._verify(token, at=at))
        except AddressTakenError as fault:
            raise VerificationRefusedError from fault

    async def drop_expired(self, *, at: datetime) -> int:
        """Forget the addresses that nobody proved in time."""
        return await self.transact(lambda: self.sign_ups.drop_expired(at))

    async def _verify(self, token: str, *, at: datetime) -> str:
        sign_up = await self.sign_ups.by_token(digest(token))
        if sign_up is None or at >= sign_up.expires_at:
            raise VerificationRefusedError
        if await self.changes.reserved_for(sign_up.email_index, at=at) is not None:
            raise AddressTakenError
        purged_at = await self.ledger.purged_at(sign_up.email_index)
        if purged_at is not None and sign_up.age_screened_at <= purged_at:
            raise VerificationRefusedError
        address = await self.sign_ups.address(sign_up)
        account = Account(
            id=sign_up.id,
            username=self.new_id("u"),
            email=await self.accounts.seal(sign_up.id, address),
            email_index=sign_up.email_index,
            state="active",
            roles=[],
            age_screened_at=sign_up.age_screened_at,
            verified_at=at,
            created_at=at,
        )
        await self.accounts.add(account)
        await self.credentials.add_password(self.new_id("crd"), account.id, sign_up.secret, at=at)
        await self.sign_ups.use_up(sign_up)
        await self.gaps.forget(sign_up.email_index)
        fact = identity_v1.AccountVerified(account_id=account.id)
        fact.verified_at.FromDatetime(at)
        await self.outbox.put(fact, subject=account.id)
        return account.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """An account as its owner sees it."""

    account: Account
    email: str


@dataclass(frozen=True, slots=True)
class Profiles:
    """Shows owners what is held about them (C26)."""

    accounts: Accounts

    async def of(self, account_id: str) -> Profile:
        """Return the account with its address opened."""
        account = await self.accounts.active(account_id)
        if account is None:
            raise AccountNotFoundError
        return Profile(account=account, email=await self.accounts.address(account, Purpose.ACCOUNT))
