"""Privacy requests: exports and erasures over all services, legal holds, and the monitor of their deadlines."""

from dataclasses import dataclass

from services.identity.service.privacy_requests.account_export import AccountExport
from services.identity.service.privacy_requests.admin_action_export import AdminActionExport
from services.identity.service.privacy_requests.archive import ExportArchiver
from services.identity.service.privacy_requests.erasure_replay import ErasureReplayer
from services.identity.service.privacy_requests.erasures import AccountEraser, ErasureSaga
from services.identity.service.privacy_requests.exports import ExportSaga
from services.identity.service.privacy_requests.legal_holds import LegalHoldService
from services.identity.service.privacy_requests.monitor import PrivacyRequestMonitor
from services.identity.service.privacy_requests.scheduled_erasures import ScheduledErasureService
from services.identity.wiring.auth import AuthModule
from services.identity.wiring.sessions import SessionModule
from services.identity.wiring.stores import Stores
from shared.chassis import Chassis


@dataclass(frozen=True, kw_only=True)
class PrivacyModule:
    """The services of privacy requests."""

    export_saga: ExportSaga
    archiver: ExportArchiver
    erasure_saga: ErasureSaga
    erasure_replayer: ErasureReplayer
    scheduled_erasure_service: ScheduledErasureService
    legal_hold_service: LegalHoldService
    monitor: PrivacyRequestMonitor


def build_privacy_module(chassis: Chassis, stores: Stores, sessions: SessionModule, auth: AuthModule) -> PrivacyModule:
    """Return the services of privacy requests."""
    legal_hold_service = LegalHoldService(legal_holds=stores.legal_holds, erasure_requests=stores.erasure_requests)
    erasure_saga = ErasureSaga(
        login_service=auth.login_service,
        accounts=stores.accounts,
        erasure_requests=stores.erasure_requests,
        account_eraser=build_account_eraser(chassis, stores, sessions, auth),
        legal_hold_service=legal_hold_service,
        account_emails=stores.account_emails,
        staff_emails=stores.staff_emails,
        outbox=chassis.outbox,
        transact=chassis.db.with_transaction,
        new_id=chassis.new_id,
    )
    return PrivacyModule(
        export_saga=build_export_saga(chassis, stores, auth),
        archiver=ExportArchiver(stores.exports),
        erasure_saga=erasure_saga,
        erasure_replayer=ErasureReplayer(
            ledger=stores.erasure_ledger, residual_data=stores.residual_data, erasure_saga=erasure_saga
        ),
        scheduled_erasure_service=_build_scheduled_erasure_service(
            chassis, stores, sessions, auth, erasure_saga=erasure_saga
        ),
        legal_hold_service=legal_hold_service,
        monitor=PrivacyRequestMonitor(exports=stores.exports, erasure_requests=stores.erasure_requests),
    )


def build_account_eraser(chassis: Chassis, stores: Stores, sessions: SessionModule, auth: AuthModule) -> AccountEraser:
    """Return what erases identity's own data of an account."""
    return AccountEraser(
        accounts=stores.accounts,
        credentials=stores.credentials,
        exports=stores.exports,
        mail_cooldowns=stores.mail_cooldowns,
        login_throttle=stores.login_throttle,
        session_service=sessions.session_service,
        app_password_service=sessions.app_password_service,
        security_export=auth.security_export,
        password_resets=stores.password_resets,
        admin_actions=stores.admin_actions,
        ledger=stores.erasure_ledger,
        residual_data=stores.residual_data,
        erase_subject=chassis.erase_subject,
    )


def build_export_saga(chassis: Chassis, stores: Stores, auth: AuthModule) -> ExportSaga:
    """Return the saga that collects an export from every service."""
    account_export = AccountExport(
        accounts=stores.accounts,
        sessions=stores.sessions,
        app_passwords=stores.app_passwords,
        exports=stores.exports,
        security_export=auth.security_export,
        admin_action_export=AdminActionExport(
            admin_actions=stores.admin_actions, abuse_reports=stores.abuse_reports, questions=stores.questions
        ),
    )
    return ExportSaga(
        accounts=stores.accounts,
        exports=stores.exports,
        account_export=account_export,
        account_emails=stores.account_emails,
        rpc_client=chassis.rpc_client,
        transact=chassis.db.with_transaction,
        new_id=chassis.new_id,
    )


def _build_scheduled_erasure_service(
    chassis: Chassis, stores: Stores, sessions: SessionModule, auth: AuthModule, *, erasure_saga: ErasureSaga
) -> ScheduledErasureService:
    return ScheduledErasureService(
        login_service=auth.login_service,
        accounts=stores.accounts,
        scheduled_erasures=stores.scheduled_erasures,
        session_service=sessions.session_service,
        app_password_service=sessions.app_password_service,
        erasure_saga=erasure_saga,
        security_events=stores.security_events,
        security_emails=stores.security_emails,
        transact=chassis.db.with_transaction,
        new_id=chassis.new_id,
    )
