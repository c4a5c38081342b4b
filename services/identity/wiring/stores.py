"""The repositories and the senders of e-mails, each once."""

from dataclasses import dataclass

from services.identity.emails.account import AccountEmails
from services.identity.emails.payments import PaymentEmails
from services.identity.emails.security import SecurityEmails
from services.identity.emails.staff import StaffEmails
from services.identity.settings import Settings
from services.identity.store import DOCUMENTS as OWN_DOCUMENTS
from services.identity.store import (
    NON_ACCOUNT_DOCUMENTS,
    AbuseReports,
    Accounts,
    AdminActions,
    AppPasswords,
    Challenges,
    Credentials,
    DataAccessLog,
    EmailChanges,
    ErasureLedger,
    ErasureRequests,
    Exports,
    KnownAgreements,
    LegalHolds,
    LoginThrottle,
    MailCooldowns,
    PartnerClients,
    Passkeys,
    PasswordResets,
    Questions,
    RecoveryCodes,
    ResidualData,
    RevokedSessions,
    ScheduledErasures,
    SecurityEvents,
    Sessions,
    SignUps,
    Totps,
    UsedAuthorizationCodes,
)
from shared.chassis import Chassis
from shared.chassis.spec import DOCUMENTS as CHASSIS_DOCUMENTS
from shared.mongo import Database, Document


@dataclass(frozen=True, kw_only=True)
class Stores:
    """Everything that reads or writes the database, or queues an e-mail."""

    accounts: Accounts
    credentials: Credentials
    sign_ups: SignUps
    mail_cooldowns: MailCooldowns
    login_throttle: LoginThrottle
    sessions: Sessions
    revoked_sessions: RevokedSessions
    app_passwords: AppPasswords
    partner_clients: PartnerClients
    known_agreements: KnownAgreements
    used_authorization_codes: UsedAuthorizationCodes
    challenges: Challenges
    totps: Totps
    recovery_codes: RecoveryCodes
    passkeys: Passkeys
    password_resets: PasswordResets
    email_changes: EmailChanges
    security_events: SecurityEvents
    exports: Exports
    erasure_requests: ErasureRequests
    scheduled_erasures: ScheduledErasures
    erasure_ledger: ErasureLedger
    residual_data: ResidualData
    legal_holds: LegalHolds
    admin_actions: AdminActions
    abuse_reports: AbuseReports
    questions: Questions
    data_access_log: DataAccessLog
    account_emails: AccountEmails
    payment_emails: PaymentEmails
    security_emails: SecurityEmails
    staff_emails: StaffEmails


def build_stores(chassis: Chassis, settings: Settings) -> Stores:
    """Return the repositories; nothing is read yet."""
    db, vault, new_id = chassis.db, chassis.vault, chassis.new_id
    mail_queue, public_url = chassis.mail_queue, settings.common.public_url
    return Stores(
        accounts=Accounts(db, vault),
        credentials=Credentials(db),
        sign_ups=SignUps(db, vault),
        mail_cooldowns=MailCooldowns(db, settings.mail_cooldown),
        login_throttle=LoginThrottle(db),
        sessions=Sessions(db),
        revoked_sessions=RevokedSessions(db),
        app_passwords=AppPasswords(db),
        partner_clients=PartnerClients(db),
        known_agreements=KnownAgreements(db),
        used_authorization_codes=UsedAuthorizationCodes(db),
        challenges=Challenges(db, new_id),
        totps=Totps(db, vault),
        recovery_codes=RecoveryCodes(db),
        passkeys=Passkeys(db),
        password_resets=PasswordResets(db),
        email_changes=EmailChanges(db, vault),
        security_events=SecurityEvents(db, new_id),
        exports=Exports(db, vault),
        erasure_requests=ErasureRequests(db),
        scheduled_erasures=ScheduledErasures(db),
        erasure_ledger=ErasureLedger(db, vault),
        residual_data=_build_residual_data(db),
        legal_holds=LegalHolds(db),
        admin_actions=AdminActions(db, vault),
        abuse_reports=AbuseReports(db, vault),
        questions=Questions(db, vault),
        data_access_log=DataAccessLog(db, chassis.outbox, new_id),
        account_emails=AccountEmails(mail_queue, public_url),
        payment_emails=PaymentEmails(mail_queue, public_url),
        security_emails=SecurityEmails(mail_queue, public_url),
        staff_emails=StaffEmails(mail_queue, public_url),
    )


def _build_residual_data(db: Database) -> ResidualData:
    """Cover the chassis's collections too: an erasure must not miss what a later version stores there."""
    documents: tuple[type[Document], ...] = (*OWN_DOCUMENTS, *CHASSIS_DOCUMENTS)
    return ResidualData(db, [document for document in documents if document not in NON_ACCOUNT_DOCUMENTS])
