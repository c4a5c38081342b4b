"""Staff: admin actions, abuse reports, contact lookups, and the staff's own accounts."""

from dataclasses import dataclass

from services.identity.domain.authentication.passwords import validate_password
from services.identity.domain.sessions.access import Role
from services.identity.service.staff.abuse_reports import AbuseReportService
from services.identity.service.staff.account_freeze import AccountFreezer
from services.identity.service.staff.admin_action_executor import AdminActionExecutor
from services.identity.service.staff.admin_actions import AdminActionService
from services.identity.service.staff.announced_actions import AnnouncedActions
from services.identity.service.staff.contacts import ContactResolver
from services.identity.service.staff.inspection_notice import InspectionNotifier
from services.identity.service.staff.provisioning import StaffAccountSpec, StaffProvisioner
from services.identity.service.staff.questions import QuestionService
from services.identity.settings import STAFF_SETTING, Settings, StaffEntry
from services.identity.wiring.auth import AuthModule
from services.identity.wiring.privacy_requests import PrivacyModule
from services.identity.wiring.sessions import SessionModule
from services.identity.wiring.stores import Stores
from shared.chassis import Chassis
from shared.mail import EmailAddress, InvalidEmailAddressError
from shared.settings import SettingError


@dataclass(frozen=True, kw_only=True)
class StaffModule:
    """The services of staff."""

    admin_action_service: AdminActionService
    announced_actions: AnnouncedActions
    abuse_report_service: AbuseReportService
    question_service: QuestionService
    contact_resolver: ContactResolver
    inspection_notifier: InspectionNotifier
    provisioner: StaffProvisioner


def build_staff_module(
    chassis: Chassis, stores: Stores, sessions: SessionModule, auth: AuthModule, *, privacy: PrivacyModule
) -> StaffModule:
    """Return the services of staff."""
    account_freezer = AccountFreezer(
        accounts=stores.accounts,
        session_service=sessions.session_service,
        app_password_service=sessions.app_password_service,
        password_resets=stores.password_resets,
        security_events=stores.security_events,
        staff_emails=stores.staff_emails,
    )
    executor = _build_executor(stores, sessions, auth, privacy, account_freezer=account_freezer)
    announced_actions = AnnouncedActions(
        admin_actions=stores.admin_actions,
        accounts=stores.accounts,
        email_changes=stores.email_changes,
        security_events=stores.security_events,
        staff_emails=stores.staff_emails,
        executor=executor,
        transact=chassis.db.with_transaction,
    )
    return StaffModule(
        admin_action_service=AdminActionService(
            admin_actions=stores.admin_actions,
            accounts=stores.accounts,
            data_access_log=stores.data_access_log,
            executor=executor,
            announced_actions=announced_actions,
            transact=chassis.db.with_transaction,
            new_id=chassis.new_id,
        ),
        announced_actions=announced_actions,
        abuse_report_service=AbuseReportService(
            abuse_reports=stores.abuse_reports,
            accounts=stores.accounts,
            mail_cooldowns=stores.mail_cooldowns,
            data_access_log=stores.data_access_log,
            account_freezer=account_freezer,
            staff_emails=stores.staff_emails,
            token_sealer=chassis.token_sealer,
            transact=chassis.db.with_transaction,
            new_id=chassis.new_id,
        ),
        question_service=QuestionService(
            questions=stores.questions,
            accounts=stores.accounts,
            data_access_log=stores.data_access_log,
            staff_emails=stores.staff_emails,
            transact=chassis.db.with_transaction,
            new_id=chassis.new_id,
        ),
        contact_resolver=ContactResolver(
            accounts=stores.accounts, data_access_log=stores.data_access_log, transact=chassis.db.with_transaction
        ),
        inspection_notifier=InspectionNotifier(accounts=stores.accounts, staff_emails=stores.staff_emails),
        provisioner=_build_provisioner(chassis, stores, sessions, auth),
    )


def build_staff_specs(settings: Settings) -> list[StaffAccountSpec] | None:
    """Return the staff that the operator lists, None when there is no list; SettingError for a wrong entry."""
    return None if settings.staff is None else [_build_staff_spec(entry) for entry in settings.staff]


def _build_staff_spec(entry: StaffEntry) -> StaffAccountSpec:
    try:
        address = EmailAddress(entry.email)
        roles = tuple(Role(role) for role in entry.roles)
    except (InvalidEmailAddressError, ValueError) as fault:
        role_names = ", ".join(Role)
        raise SettingError(
            f"{STAFF_SETTING}: each entry needs a valid email address and roles among {role_names}"
        ) from fault
    issue = validate_password(entry.password.get_secret_value(), address=address.email)
    if issue is not None:
        raise SettingError(f"{STAFF_SETTING}: a password is not acceptable: {issue.message}")
    return StaffAccountSpec(email_address=address, password=entry.password.get_secret_value(), roles=roles)


def _build_executor(
    stores: Stores,
    sessions: SessionModule,
    auth: AuthModule,
    privacy: PrivacyModule,
    *,
    account_freezer: AccountFreezer,
) -> AdminActionExecutor:
    return AdminActionExecutor(
        accounts=stores.accounts,
        credentials=stores.credentials,
        sign_ups=stores.sign_ups,
        admin_actions=stores.admin_actions,
        legal_holds=stores.legal_holds,
        ledger=stores.erasure_ledger,
        password_resets=stores.password_resets,
        session_service=sessions.session_service,
        app_password_service=sessions.app_password_service,
        security_events=stores.security_events,
        email_change_service=auth.email_change_service,
        account_freezer=account_freezer,
        erasure_saga=privacy.erasure_saga,
        export_saga=privacy.export_saga,
        second_factor_service=auth.second_factor_service,
        staff_emails=stores.staff_emails,
    )


def _build_provisioner(chassis: Chassis, stores: Stores, sessions: SessionModule, auth: AuthModule) -> StaffProvisioner:
    return StaffProvisioner(
        accounts=stores.accounts,
        credentials=stores.credentials,
        password_hasher=auth.password_hasher,
        session_service=sessions.session_service,
        security_export=auth.security_export,
        erase_subject=chassis.erase_subject,
        transact=chassis.db.with_transaction,
        new_id=chassis.new_id,
    )
