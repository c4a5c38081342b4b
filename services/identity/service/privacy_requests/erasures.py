"""The erasure saga (C31): the account is closed at once, each service erases and sends a receipt, identity last."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from services.identity.domain.privacy_requests.lifecycle import (
    CHILD_DEADLINE,
    OWN_SERVICE,
    POST_HOLD_GRACE,
    RESEND_INTERVAL,
    ErasureState,
    RetainedItem,
    request_deadline,
)
from services.identity.emails.account import AccountEmails
from services.identity.emails.staff import StaffEmails
from services.identity.errors import AccountNotFoundError, ErasureNotFoundError
from services.identity.service.authentication.login import LoginService
from services.identity.service.privacy_requests.legal_holds import LegalHoldService
from services.identity.service.privacy_requests.security_export import SecurityDataExport
from services.identity.service.sessions.app_passwords import AppPasswordService
from services.identity.service.sessions.sessions import SessionService
from services.identity.store import (
    AccountDocument,
    Accounts,
    AdminActions,
    Credentials,
    ErasureLedger,
    ErasureReceiptDocument,
    ErasureRequestDocument,
    ErasureRequests,
    Exports,
    LoginThrottle,
    MailCooldowns,
    PasswordResets,
    ResidualData,
)
from shared import observe
from shared.bus import Outbox
from shared.contracts import identity_v1
from shared.ids import NewId
from shared.mongo import Transact
from shared.policy import Purpose

log = observe.get_logger(__name__)

SendNotice = Callable[[ErasureRequestDocument, str], Awaitable[None]]
"""Queues the email that an erasure has started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureStatus:
    """An erasure and its receipts."""

    erasure: ErasureRequestDocument
    receipts: list[ErasureReceiptDocument]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountEraser:
    """Erases identity's own data of an account: credentials at once, the rest at the end."""

    accounts: Accounts
    credentials: Credentials
    exports: Exports
    mail_cooldowns: MailCooldowns
    login_throttle: LoginThrottle
    session_service: SessionService
    app_password_service: AppPasswordService
    security_export: SecurityDataExport
    password_resets: PasswordResets
    admin_actions: AdminActions
    ledger: ErasureLedger
    residual_data: ResidualData
    """All other data of any collection, so that collections added later are covered."""
    erase_subject: Callable[[str], Awaitable[dict[str, int]]]
    """Erases the chassis's data of an account, its key last (``Chassis.erase_subject``)."""

    async def close(self, account: AccountDocument, *, at: datetime) -> Counter[str]:
        """Revoke all access and free the email address; AccountNotFoundError if the account is not active."""
        if not await self.accounts.start_erasure(account.id):
            raise AccountNotFoundError
        erased = {"mail_cooldowns": await self.mail_cooldowns.reset(account.email_index)}
        erased |= {"login_throttles": await self.login_throttle.reset(account.email_index)}
        erased |= {"password_reset_requests": await self.password_resets.delete_requests(account.email_index)}
        return Counter(erased) + await self._revoke_access(account.id, at=at)

    async def erase(self, account_id: str, *, at: datetime) -> Counter[str]:
        """Erase the account, and its key, which makes copies in backups unreadable; add it to the erasure ledger."""
        # Again: a request that was running when the account was closed may have stored something.
        erased = await self._revoke_access(account_id, at=at)
        erased += Counter({"accounts": await self.accounts.delete(account_id)})
        erased += Counter(await self.residual_data.erase(account_id))
        await self.admin_actions.anonymize(account_id)
        await self.ledger.add(account_id, at=at)
        return erased + Counter(await self.erase_subject(account_id))

    async def _revoke_access(self, account_id: str, *, at: datetime) -> Counter[str]:
        erased = {
            "sessions": await self.session_service.revoke_all(account_id, at=at),
            "app_passwords": await self.app_password_service.revoke_all(account_id, at=at),
            "credentials": await self.credentials.delete_by_account(account_id),
        }
        # The security log last: the steps before it are recorded there.
        return Counter(
            erased | await self.exports.delete_by_account(account_id) | await self.security_export.delete(account_id)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureSaga:
    """Erases an account in every service, once. Each step is a transaction that any process can take."""

    login_service: LoginService
    accounts: Accounts
    erasure_requests: ErasureRequests
    account_eraser: AccountEraser
    legal_hold_service: LegalHoldService
    account_emails: AccountEmails
    staff_emails: StaffEmails
    outbox: Outbox
    transact: Transact
    new_id: NewId

    async def request(self, account_id: str, password: str, *, session_id: str = "", at: datetime) -> ErasureStatus:
        """Start the erasure of the account, after its owner has entered the *password* again."""
        account = await self.login_service.reauthenticate_with_password(
            account_id, password, session_id=session_id, at=at
        )
        return await self.start(account, at=at)

    async def start(self, account: AccountDocument, *, erasure_id: str = "", at: datetime) -> ErasureStatus:
        """Start the erasure of *account*. A scheduled erasure passes its *erasure_id*, which the owner knows."""
        erasure = self._build_erasure(account.id, erasure_id, deadline=request_deadline(at), at=at)

        async def send_notice(started: ErasureRequestDocument, address: str) -> None:
            retained = await self.legal_hold_service.list_retained_items(started, at=at)
            await self.account_emails.send_erasure_started(
                started.id, address, deadline=started.deadline, retained_items=retained
            )

        await self.transact(lambda: self._start(account, erasure, send_notice, at=at))
        return await self.get_status(erasure.id)

    async def purge_child(self, account: AccountDocument, *, at: datetime) -> str:
        """Start the erasure of a child's account, in the ambient transaction; return its id (C23)."""
        erasure = self._build_erasure(account.id, deadline=at + CHILD_DEADLINE, at=at)
        await self._start(
            account, erasure, lambda started, to: self.staff_emails.send_child_purged(started.id, to), at=at
        )
        return erasure.id

    async def rerun_erasure(self, account_id: str, *, at: datetime) -> None:
        """Erase an account that a restore brought back: here at once, in the other services by event."""
        erasure = self._build_erasure(account_id, deadline=request_deadline(at), at=at)

        async def erase_and_publish() -> None:
            erased = await self.account_eraser.erase(account_id, at=at)
            await self.erasure_requests.add(erasure)
            await self.erasure_requests.record_progress(erasure.id, OWN_SERVICE, +erased)
            await self._publish_request(erasure)

        await self.transact(erase_and_publish)

    async def suspend(self, account_id: str, *, at: datetime) -> None:
        """Put a running erasure on hold, in the ambient transaction."""
        erasure = await self.erasure_requests.get_by_account(account_id)
        if erasure is not None:
            await self.legal_hold_service.retain_account_if_held(erasure, at=at)

    async def resume_one(self, account_id: str, *, at: datetime) -> None:
        """Resume the erasure of the account after its hold, in the ambient transaction."""
        erasure = await self.erasure_requests.get_by_account(account_id)
        if erasure is not None:
            await self._resume(erasure, at=at)

    async def resume(self, *, at: datetime) -> int:
        """Resume the erasures whose holds have ended; return how many were checked."""
        suspended = await self.erasure_requests.list_on_hold()
        for erasure in suspended:
            await self.transact(partial(self._resume, erasure, at=at))
        return len(suspended)

    async def get_status(self, erasure_id: str) -> ErasureStatus:
        """Return the state of an erasure. Its id works as a key: the account can no longer log in."""
        erasure = await self.erasure_requests.get(erasure_id)
        if erasure is None:
            raise ErasureNotFoundError
        return ErasureStatus(erasure=erasure, receipts=await self.erasure_requests.list_receipts(erasure_id))

    async def record_receipt(
        self,
        erasure_id: str,
        service: str,
        erased: Mapping[str, int],
        retained_items: Iterable[RetainedItem],
        *,
        at: datetime,
    ) -> None:
        """Record the receipt of a service. After the last one, identity erases its own data."""

        async def store_receipt() -> None:
            await self.erasure_requests.record_receipt(erasure_id, service, erased, retained_items, at=at)
            await self._complete_if_last(erasure_id, at=at)

        await self.transact(store_receipt)

    async def resend_pending(self, *, at: datetime) -> int:
        """Publish overdue requests again, for services without a receipt; return their number."""
        unanswered = await self.erasure_requests.unanswered_since(at - RESEND_INTERVAL)
        for erasure in unanswered:
            await self.transact(partial(self._resend, erasure, at=at))
        return len(unanswered)

    async def _resend(self, erasure: ErasureRequestDocument, *, at: datetime) -> None:
        if await self._complete_if_last(erasure.id, at=at):
            return
        missing = sorted(await self.erasure_requests.pending_services(erasure.id) - {OWN_SERVICE})
        if await self.erasure_requests.mark_resent(erasure, at=at) and missing:
            log.warning("erasure.resent", erasure_id=erasure.id, missing=missing)
            await self._publish_request(erasure)

    def _build_erasure(
        self, account_id: str, erasure_id: str = "", *, deadline: datetime, at: datetime
    ) -> ErasureRequestDocument:
        return ErasureRequestDocument(
            id=erasure_id or self.new_id("era"),
            account_id=account_id,
            state=ErasureState.RUNNING,
            created_at=at,
            deadline=deadline,
            requested_at=at,
        )

    async def _start(
        self, account: AccountDocument, erasure: ErasureRequestDocument, send_notice: SendNotice, *, at: datetime
    ) -> None:
        address = await self.accounts.open_email(account, Purpose.ACCOUNT)
        erased = await self.account_eraser.close(account, at=at)
        await self.erasure_requests.add(erasure)
        await self.erasure_requests.record_progress(erasure.id, OWN_SERVICE, +erased)
        await send_notice(erasure, address)
        if not await self.legal_hold_service.defer_if_held(erasure, at=at):
            await self._publish_request(erasure)

    async def _resume(self, erasure: ErasureRequestDocument, *, at: datetime) -> None:
        if not await self.legal_hold_service.is_released(erasure, at=at):
            return
        deadline = max(erasure.deadline, at + POST_HOLD_GRACE)
        if not await self.erasure_requests.resume(erasure, deadline=deadline, at=at):
            return
        log.info("erasure.resumed", erasure_id=erasure.id)
        if not await self._complete_if_last(erasure.id, at=at):
            await self._publish_request(erasure)

    async def _publish_request(self, erasure: ErasureRequestDocument) -> None:
        requested = identity_v1.ErasureRequested(erasure_id=erasure.id, account_id=erasure.account_id or "")
        requested.requested_at.FromDatetime(erasure.created_at)
        requested.deadline.FromDatetime(erasure.deadline)
        await self.outbox.put(requested, subject=erasure.account_id or "")

    async def _complete_if_last(self, erasure_id: str, *, at: datetime) -> bool:
        if await self.erasure_requests.pending_services(erasure_id) != {OWN_SERVICE}:
            return False
        erasure = await self.erasure_requests.get(erasure_id)
        if (
            erasure is None
            or erasure.account_id is None
            or await self.legal_hold_service.retain_account_if_held(erasure, at=at)
        ):
            return False
        erased_before = next(
            receipt.erased_counts
            for receipt in await self.erasure_requests.list_receipts(erasure_id)
            if receipt.service == OWN_SERVICE
        )
        erased = Counter(erased_before) + await self.account_eraser.erase(erasure.account_id, at=at)
        await self.erasure_requests.record_receipt(erasure_id, OWN_SERVICE, erased, (), at=at)
        await self.erasure_requests.complete(erasure_id, at=at)
        event = identity_v1.AccountErased(account_id=erasure.account_id, erasure_id=erasure_id)
        event.erased_at.FromDatetime(at)
        await self.outbox.put(event, subject=erasure.account_id)
        log.info("erasure.completed", erasure_id=erasure_id)
        return True
