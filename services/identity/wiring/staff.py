"""Puts together what staff does and what is watched over: acts, reports, holds, the erasure ledger, the watchdog.

A part of the composition root: each service is made once, out of the stores and means that are named here.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from services.identity.emails.staff import StaffEmails
from services.identity.service.privacy_requests.admin_action_export import AdminActionExport
from services.identity.service.privacy_requests.erasure_replay import ErasureReplayer
from services.identity.service.privacy_requests.erasures import ErasureSaga
from services.identity.service.privacy_requests.legal_holds import LegalHoldService
from services.identity.service.privacy_requests.monitor import PrivacyRequestMonitor
from services.identity.service.staff.abuse_reports import AbuseReportService
from services.identity.service.staff.account_freeze import AccountFreezer
from services.identity.service.staff.admin_action_executor import AdminActionExecutor
from services.identity.service.staff.admin_actions import AdminActionService
from services.identity.store import DOCUMENTS as OWN_DOCUMENTS
from services.identity.store import (
    NON_ACCOUNT_DOCUMENTS,
    AbuseReports,
    AdminActions,
    DataAccessLog,
    ErasureLedger,
    ErasureRequests,
    Exports,
    LegalHolds,
    ResidualData,
    SignUps,
)
from services.identity.wiring.auth import AuthModule
from services.identity.wiring.staff_workers import StaffWorkers
from shared.clock import Clock
from shared.mongo import Document, Leases


@dataclass(frozen=True, kw_only=True)
class StaffModule:
    """The services by name."""

    auth: AuthModule
    data_access_log: DataAccessLog
    sign_ups: SignUps
    exports: Exports
    erasure_requests: ErasureRequests
    staff_emails: StaffEmails
    chassis_documents: tuple[type[Document], ...]
    """What the chassis stores besides."""

    @cached_property
    def admin_actions(self) -> AdminActions:
        """The acts."""
        return AdminActions(self.auth.db, self.auth.vault)

    @cached_property
    def legal_holds(self) -> LegalHolds:
        """The holds."""
        return LegalHolds(self.auth.db)

    @cached_property
    def abuse_reports(self) -> AbuseReports:
        """The reports."""
        return AbuseReports(self.auth.db, self.auth.vault)

    @cached_property
    def ledger(self) -> ErasureLedger:
        """What must not come back."""
        return ErasureLedger(self.auth.db, self.auth.vault)

    @cached_property
    def residual_data(self) -> ResidualData:
        """Whatever is held of an account."""
        identity_documents: tuple[type[Document], ...] = OWN_DOCUMENTS
        documents = [
            document
            for document in (*identity_documents, *self.chassis_documents)
            if document not in NON_ACCOUNT_DOCUMENTS
        ]
        return ResidualData(self.auth.db, documents)

    @cached_property
    def legal_hold_service(self) -> LegalHoldService:
        """Keeps what must be kept."""
        return LegalHoldService(legal_holds=self.legal_holds, erasure_requests=self.erasure_requests)

    @cached_property
    def admin_action_export(self) -> AdminActionExport:
        """Hands over what staff did, and what was reported."""
        return AdminActionExport(admin_actions=self.admin_actions, abuse_reports=self.abuse_reports)

    @cached_property
    def account_freezer(self) -> AccountFreezer:
        """Freezes accounts."""
        return AccountFreezer(
            accounts=self.auth.accounts,
            session_service=self.auth.session_service,
            app_password_service=self.auth.app_password_service,
            password_resets=self.auth.password_resets,
            security_events=self.auth.security_events,
            staff_emails=self.staff_emails,
        )

    @cached_property
    def abuse_report_service(self) -> AbuseReportService:
        """Takes reports."""
        return AbuseReportService(
            abuse_reports=self.abuse_reports,
            accounts=self.auth.accounts,
            mail_cooldowns=self.auth.mail_cooldowns,
            data_access_log=self.data_access_log,
            account_freezer=self.account_freezer,
            staff_emails=self.staff_emails,
            token_sealer=self.auth.token_sealer,
            transact=self.auth.transact,
            new_id=self.auth.new_id,
        )

    @cached_property
    def request_monitor(self) -> PrivacyRequestMonitor:
        """Watches the requests of people."""
        return PrivacyRequestMonitor(exports=self.exports, erasure_requests=self.erasure_requests)

    def build_workers(
        self, erasure_saga: ErasureSaga, admin_action_service: AdminActionService, *, leases: Leases, clock: Clock
    ) -> Mapping[str, Callable[[], Awaitable[None]]]:
        """Return the tasks by name."""
        return StaffWorkers(
            admin_action_service=admin_action_service,
            abuse_report_service=self.abuse_report_service,
            erasure_saga=erasure_saga,
            erasure_replayer=ErasureReplayer(
                ledger=self.ledger, residual_data=self.residual_data, erasure_saga=erasure_saga
            ),
            request_monitor=self.request_monitor,
            leases=leases,
            clock=clock,
        ).build_workers()

    def build_admin_action_service(self, erasure_saga: ErasureSaga) -> AdminActionService:
        """Does what two people want."""
        auth = self.auth
        executor = AdminActionExecutor(
            accounts=auth.accounts,
            credentials=auth.credentials,
            sign_ups=self.sign_ups,
            admin_actions=self.admin_actions,
            legal_holds=self.legal_holds,
            ledger=self.ledger,
            password_resets=auth.password_resets,
            session_service=auth.session_service,
            app_password_service=auth.app_password_service,
            security_events=auth.security_events,
            email_change_service=auth.email_change_service,
            account_freezer=self.account_freezer,
            erasure_saga=erasure_saga,
            staff_emails=self.staff_emails,
        )
        return AdminActionService(
            admin_actions=self.admin_actions,
            accounts=auth.accounts,
            data_access_log=self.data_access_log,
            executor=executor,
            transact=auth.transact,
            new_id=auth.new_id,
        )
