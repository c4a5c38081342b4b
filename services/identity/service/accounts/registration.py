"""The age screen, sign-up and verification of the email address."""

from dataclasses import dataclass
from datetime import datetime

from services.identity.domain.accounts import age_screen
from services.identity.domain.accounts.age_screen import BirthMonth
from services.identity.domain.sessions.access import VERIFICATION_LIFETIME
from services.identity.emails.account import AccountEmails
from services.identity.errors import (
    EmailTakenError,
    InvalidAgeTokenError,
    InvalidVerificationTokenError,
    SignUpClosedError,
)
from services.identity.service.authentication.password_hasher import Argon2PasswordHasher
from services.identity.store import (
    AccountDocument,
    Accounts,
    Credentials,
    EmailChanges,
    ErasureLedger,
    MailCooldowns,
    SignUpDocument,
    SignUps,
)
from shared.bus import Outbox
from shared.clock import rfc3339
from shared.contracts import identity_v1
from shared.crypto import InvalidTokenError, TokenSealer
from shared.errors import FieldProblem, InvalidInputError
from shared.ids import NewId, new_token, sha256_digest
from shared.mail import EmailAddress
from shared.mongo import Transact

_AGE_TOKEN_KIND = "identity.age.passed"  # noqa: S105 - the kind of a token, not a secret
_DENIAL_COOKIE_KIND = "identity.age.closed"


@dataclass(frozen=True, slots=True)
class AgeScreen:
    """Checks a month of birth and stores nothing: who passes gets a sealed token (C23)."""

    token_sealer: TokenSealer

    def issue_token(self, birth_month: BirthMonth, *, at: datetime) -> str | None:
        """Return the token that sign-up requires, or None below the age; InvalidInputError for an implausible month."""
        if not birth_month.is_plausible(at):
            wrong = FieldProblem(field="birth_year", code="implausible", message="Check the month and year.")
            raise InvalidInputError(fields=(wrong,))
        if not birth_month.is_of_age(at):
            return None
        return self.token_sealer.issue(
            _AGE_TOKEN_KIND, {"at": rfc3339(at)}, expires_at=at + age_screen.AGE_TOKEN_LIFETIME
        )

    def verify_token(self, token: str, *, at: datetime) -> datetime:
        """Return when the screen was passed; InvalidAgeTokenError if the token is invalid or expired."""
        try:
            return datetime.fromisoformat(self.token_sealer.open(_AGE_TOKEN_KIND, token, at=at)["at"])
        except InvalidTokenError as fault:
            raise InvalidAgeTokenError from fault

    def denial_cookie(self, *, at: datetime) -> str:
        """Return a sealed cookie that blocks sign-up in this browser for a while. It has no date of birth (I-22)."""
        return self.token_sealer.issue(_DENIAL_COOKIE_KIND, {}, expires_at=at + age_screen.DENIAL_COOKIE_TTL)

    def check_not_denied(self, cookie: str | None, *, at: datetime) -> None:
        """Raise SignUpClosedError if the browser has a valid denial cookie. Other cookies are ignored."""
        if cookie is None:
            return
        try:
            self.token_sealer.open(_DENIAL_COOKIE_KIND, cookie, at=at)
        except InvalidTokenError:
            return
        raise SignUpClosedError


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationService:
    """Signs up customers, without revealing which addresses have accounts."""

    age_screen: AgeScreen
    password_hasher: Argon2PasswordHasher
    accounts: Accounts
    credentials: Credentials
    sign_ups: SignUps
    email_changes: EmailChanges
    ledger: ErasureLedger
    mail_cooldowns: MailCooldowns
    account_emails: AccountEmails
    outbox: Outbox
    transact: Transact
    new_id: NewId

    async def sign_up(self, age_token: str, email: str, password: str, *, at: datetime) -> None:
        """Send a verification link to *email*, or tell its owner that an account exists.

        Both paths do the same work in the same order, so that their timing does not differ. Only an address that got an
        email a moment ago takes a shorter path, with or without an account (I-14, I-15, I-16).
        """
        screened_at = self.age_screen.verify_token(age_token, at=at)
        mailbox = EmailAddress(email)
        address = mailbox.email
        password_hash = await self.password_hasher.hash_new(password, address=address)
        index = self.accounts.blind_index(mailbox)
        # Outside the transaction below: of concurrent requests, exactly one must see that it is the first.
        if not await self.mail_cooldowns.hit(index, at=at):
            return
        token = new_token()
        account_id = self.new_id("acc")

        async def store_sign_up() -> None:
            existing_account = await self.accounts.get_by_email(index)
            reserved = await self.email_changes.get_reserving_account(index, at=at)
            await self.sign_ups.add(
                SignUpDocument(
                    id=account_id,
                    token_hash=sha256_digest(token),
                    email=await self.sign_ups.seal(account_id, address),
                    email_index=index,
                    password_hash=password_hash,
                    age_screened_at=screened_at,
                    created_at=at,
                    expires_at=at + VERIFICATION_LIFETIME,
                )
            )
            if existing_account is None and reserved is None:
                await self.account_emails.send_verification(account_id, address, token)
            else:
                # The row is stored with a token that was never sent: to omit it would make this path faster.
                await self.account_emails.send_already_registered(account_id, address)

        await self.transact(store_sign_up)

    async def verify(self, token: str, *, at: datetime) -> str:
        """Open the account of the sign-up with this token, once; return its id (C24)."""
        try:
            return await self.transact(lambda: self._open_account(token, at=at))
        except EmailTakenError as fault:
            raise InvalidVerificationTokenError from fault

    async def delete_expired(self, *, at: datetime) -> int:
        """Delete the sign-ups that were not verified in time."""
        return await self.transact(lambda: self.sign_ups.delete_expired(at))

    async def _open_account(self, token: str, *, at: datetime) -> str:
        sign_up = await self.sign_ups.get_by_token(sha256_digest(token))
        if sign_up is None or at >= sign_up.expires_at:
            raise InvalidVerificationTokenError
        if await self.email_changes.get_reserving_account(sign_up.email_index, at=at) is not None:
            raise EmailTakenError
        purged_at = await self.ledger.get_purged_at(sign_up.email_index)
        if purged_at is not None and sign_up.age_screened_at <= purged_at:
            raise InvalidVerificationTokenError
        address = await self.sign_ups.open_email(sign_up)
        account = AccountDocument(
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
        await self.credentials.add_password(self.new_id("crd"), account.id, sign_up.password_hash, at=at)
        await self.sign_ups.consume(sign_up)
        await self.mail_cooldowns.reset(sign_up.email_index)
        event = identity_v1.AccountVerified(account_id=account.id)
        event.verified_at.FromDatetime(at)
        await self.outbox.put(event, subject=account.id)
        return account.id
