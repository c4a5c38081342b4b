"""The promise probes of identity. They examine stored data, not what the code intends to store."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import chain

from services.identity.domain.oauth.agreements import PARTNER_SERVICE
from services.identity.domain.privacy_requests.lifecycle import POST_HOLD_GRACE
from services.identity.domain.sessions.access import ACCESS_TOKEN_LIFETIME, TOKEN_LEEWAY
from services.identity.domain.staff.admin_actions import ADMIN_ACTION_RULES, AdminActionKind, AdminActionState
from services.identity.store import (
    DOCUMENTS,
    AbuseReports,
    Accounts,
    AdminActionDocument,
    AdminActions,
    AppPasswords,
    Credentials,
    DataAccessDocument,
    DataAccessLog,
    ErasureLedger,
    ErasureRequests,
    Exports,
    KnownAgreementDocument,
    KnownAgreements,
    Questions,
    RevokedSessions,
    Sessions,
    SignUps,
)
from shared.clock import Clock
from shared.personal import Personal, personal_fields
from shared.policy import Purpose
from shared.promises import Finding, Probe, broken_finding, kept_finding

MAX_SAMPLE_SIZE = 1_000
"""The cost of a check must not grow with the number of documents."""
LEDGER_WINDOW = timedelta(days=85)
"""Shorter than the 90 days for which identity keeps its own record of accesses."""
CANCELLED_PASSWORD_WINDOW = timedelta(days=365)
MAX_REVOCATION_DELAY = timedelta(seconds=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityProbes:
    """Checks identity's own data."""

    accounts: Accounts
    credentials: Credentials
    sign_ups: SignUps
    sessions: Sessions
    revoked_sessions: RevokedSessions
    data_access_log: DataAccessLog
    known_agreements: KnownAgreements
    exports: Exports
    erasures: ErasureRequests
    app_passwords: AppPasswords
    admin_actions: AdminActions
    abuse_reports: AbuseReports
    questions: Questions
    erasure_ledger: ErasureLedger
    clock: Clock

    def build_probes(self) -> tuple[Probe, ...]:
        """Return the probes."""
        return (
            Probe("C06", self.check_purposes),
            Probe("C13", self.check_partner_access),
            Probe("C21", self.check_staff_on_record),
            Probe("C22", self.check_revoked_sessions),
            Probe("C23", self.check_age_screens),
            Probe("C24", self.check_emails_and_passwords),
            Probe("C26", self.check_export_deadlines),
            Probe("C27", self.check_cancelled_passwords),
            Probe("C28", self.check_abuse_reports),
            Probe("C30", self.check_questions),
            Probe("C31", self.check_erasure_deadlines),
        )

    async def check_purposes(self) -> Finding:
        """C06: no field was disclosed for a purpose that it does not allow."""
        accesses = await self.data_access_log.latest_entries(MAX_SAMPLE_SIZE)
        wrong = [
            access.id for access in accesses if not all(_is_allowed(field, access.purpose) for field in access.fields)
        ]
        return _build_finding(len(accesses), wrong, "accesses for a purpose that the field does not allow")

    async def check_partner_access(self) -> Finding:
        """C13: no field was disclosed to a partner outside the fields, dates and purpose of its agreement."""
        accesses = await self.data_access_log.latest_by_partners(MAX_SAMPLE_SIZE)
        known = await self.known_agreements.get_many(
            sorted({access.agreement_id for access in accesses if access.agreement_id})
        )
        wrong = [
            access.id for access in accesses if not _is_within_agreement(access, known.get(access.agreement_id or ""))
        ]
        return _build_finding(len(accesses), wrong, "accesses of partners outside their agreement")

    async def check_revoked_sessions(self) -> Finding:
        """C22: revoked sessions are rejected here, and no inactive account has a live session."""
        # A revocation of the last seconds may still be on its way to this replica.
        certain = self.clock() + ACCESS_TOKEN_LIFETIME + TOKEN_LEEWAY - MAX_REVOCATION_DELAY
        ended = await self.revoked_sessions.list_stored(tokens_expire_after=self.clock(), limit=MAX_SAMPLE_SIZE)
        live = await self.sessions.list_latest(MAX_SAMPLE_SIZE)
        inactive = await self.accounts.list_inactive_ids(sorted({session.account_id for session in live}))
        wrong = chain(
            (
                row.id
                for row in ended
                if row.tokens_expire_at <= certain and not self.revoked_sessions.is_revoked(row.id)
            ),
            (
                session.id
                for session in live
                if session.account_id in inactive or self.revoked_sessions.is_revoked(session.id)
            ),
        )
        return _build_finding(len(ended) + len(live), sorted(wrong), "revoked sessions that are still accepted")

    async def check_age_screens(self) -> Finding:
        """C23: every customer and every sign-up has passed the age screen."""
        without = await self.accounts.count_unscreened() + await self.sign_ups.count_unscreened()
        for child in await self.erasure_ledger.list_purged_children():
            without += await self.accounts.count_screened_before(child.id, child.erased_at)
        sample_size = await self.accounts.count()
        evidence = f"{without} of {sample_size} accounts without a passed age screen"
        return (broken_finding if without else kept_finding)(sample_size, evidence)

    async def check_emails_and_passwords(self) -> Finding:
        """C24: every active customer has a verified email address, and every password is an Argon2id hash."""
        unproven, accounts = await self.accounts.count_unverified(), await self.accounts.count()
        passwords, otherwise = await self.credentials.count_not_argon2id()
        evidence = (
            f"{unproven} of {accounts} accounts active without a verified email address, "
            f"{otherwise} of {passwords} passwords not stored as Argon2id"
        )
        return (broken_finding if unproven or otherwise else kept_finding)(accounts + passwords, evidence)

    async def check_staff_on_record(self) -> Finding:
        """C21: every admin action is in the ledger under its people, and two people made those that need two."""
        actions = await self.admin_actions.list_requested_since(self.clock() - LEDGER_WINDOW, limit=MAX_SAMPLE_SIZE)
        entries = [
            entry for action in actions for entry in (action.requested_entry_id, action.completed_entry_id) if entry
        ]
        recipients = await self.data_access_log.staff_entries(entries)
        roles = await self.accounts.get_roles(sorted(set(recipients.values())))
        customers = {recipient for recipient, account_roles in roles.items() if not account_roles}
        wrong = [
            action.id
            for action in actions
            if not _is_on_record(action, recipients) or customers & {action.requested_by, action.completed_by}
        ]
        return _build_finding(len(actions), wrong, "admin actions without a ledger entry or a second person")

    async def check_cancelled_passwords(self) -> Finding:
        """C27: no credential from before a password cancellation gives access."""
        since = self.clock() - CANCELLED_PASSWORD_WINDOW
        actions = await self.admin_actions.list_done_since(
            since, limit=MAX_SAMPLE_SIZE, kind=AdminActionKind.CANCEL_PASSWORD
        )
        wrong = [action.id for action in actions if await self._still_opens(action)]
        return _build_finding(len(actions), wrong, "cancelled passwords with access left")

    async def check_abuse_reports(self) -> Finding:
        """C28: no report is unanswered after its deadline."""
        late, sample_size = await self.abuse_reports.count_unanswered(self.clock()), await self.abuse_reports.count()
        return (broken_finding if late else kept_finding)(
            sample_size, f"{late} of {sample_size} reports unanswered past their deadline"
        )

    async def check_questions(self) -> Finding:
        """C30: no question is unanswered after its deadline, and none is kept past its retention."""
        now = self.clock()
        late, old, count = (
            await self.questions.count_unanswered(now),
            await self.questions.count_expired(now),
            await self.questions.count(),
        )
        evidence = f"{late} of {count} questions unanswered past their deadline, {old} kept past their retention"
        return (broken_finding if late or old else kept_finding)(count, evidence)

    async def check_export_deadlines(self) -> Finding:
        """C26: no export is past its deadline."""
        late, sample_size = await self.exports.count_overdue(self.clock()), await self.exports.count()
        return (broken_finding if late else kept_finding)(
            sample_size, f"{late} of {sample_size} exports past their deadline"
        )

    async def check_erasure_deadlines(self) -> Finding:
        """C31: no erasure is past its deadline, and no completed one lacks a receipt."""
        late, sample_size = (
            await self.erasures.count_overdue(self.clock(), grace=POST_HOLD_GRACE),
            await self.erasures.count(),
        )
        missing = await self.erasures.count_without_receipts()
        evidence = f"{late} of {sample_size} erasures past their deadline, {missing} receipts missing"
        return (broken_finding if late or missing else kept_finding)(sample_size, evidence)

    async def _still_opens(self, action: AdminActionDocument) -> bool:
        if action.account_id is None or action.completed_at is None:
            return False
        repositories = (self.credentials, self.sessions, self.app_passwords)
        if any(
            [
                await repository.count_created_before(action.account_id, action.completed_at)
                for repository in repositories
            ]
        ):
            return True
        # Until the owner sets a new password, passkeys and codes must not log in either.
        is_closed = await self.credentials.get_password(action.account_id) is None
        return is_closed and bool(await self.sessions.list_by_account(action.account_id))


def _is_on_record(action: AdminActionDocument, recipients: dict[str, str]) -> bool:
    """Return whether requester and approver of *action* are in the ledger, and differ if it needs two people."""
    if recipients.get(action.requested_entry_id) != action.requested_by:
        return False
    if action.completed_by is None:
        return action.state in {AdminActionState.PENDING, AdminActionState.EXPIRED}
    is_theirs = recipients.get(action.completed_entry_id or "") == action.completed_by
    return is_theirs and (
        action.state not in {AdminActionState.COMPLETED, AdminActionState.WAITING}
        or not ADMIN_ACTION_RULES[action.kind].needs_approval
        or action.completed_by != action.requested_by
    )


_DECLARED_FIELDS: dict[str, Personal] = {
    f"identity.{document.collection}.{field}": mark
    for document in DOCUMENTS
    for field, mark in personal_fields(document).items()
}


def _is_allowed(field: str, purpose: str) -> bool:
    mark = _DECLARED_FIELDS.get(field)
    return mark is not None and purpose in set(Purpose) and mark.allows(Purpose(purpose))


def _is_within_agreement(access: DataAccessDocument, agreement: KnownAgreementDocument | None) -> bool:
    return (
        agreement is not None
        and access.purpose == PARTNER_SERVICE
        and access.purpose in agreement.purposes
        and set(access.fields) <= set(agreement.fields)
        and access.accessed_at < agreement.ends_at
    )


def _build_finding(sample_size: int, violations: list[str], description: str) -> Finding:
    named = f": {', '.join(violations[:3])}" if violations else ""
    return (broken_finding if violations else kept_finding)(
        sample_size, f"{len(violations)} of {sample_size} {description}{named}"
    )
