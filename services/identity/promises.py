"""The probes of the promises that identity owns: they look at what is stored, not at what the code means to store."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import chain

from services.identity.domain.access import ACCESS_LIFETIME, TOKEN_LEEWAY
from services.identity.domain.acts import RULES, ActKind
from services.identity.domain.agreements import PARTNER_SERVICE
from services.identity.domain.requests import AFTER_A_HOLD
from services.identity.store import (
    DOCUMENTS,
    Accounts,
    Act,
    Acts,
    AppPasswords,
    Credentials,
    EndedSessions,
    ErasureLedger,
    Erasures,
    Exports,
    KnownAgreement,
    KnownAgreements,
    Read,
    Reads,
    Reports,
    Sessions,
    SignUps,
)
from shared.clock import Clock
from shared.personal import Personal, personal_fields
from shared.policy import Purpose
from shared.promises import Finding, Probe, broken, kept

SAMPLE = 1_000
"""How many rows a look reads at most: its cost does not grow with what is stored."""
LEDGER_LOOK_BACK = timedelta(days=85)
"""Identity's own record of what was shown is kept for 90 days."""
CANCELLED_LOOK_BACK = timedelta(days=365)
IN_FORCE_WITHIN = timedelta(seconds=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityProbes:
    """Looks at identity's own data."""

    accounts: Accounts
    credentials: Credentials
    sign_ups: SignUps
    sessions: Sessions
    ended: EndedSessions
    reads: Reads
    known: KnownAgreements
    exports: Exports
    erasures: Erasures
    app_passwords: AppPasswords
    acts: Acts
    reports: Reports
    ledger: ErasureLedger
    clock: Clock

    def all(self) -> tuple[Probe, ...]:
        """Return the probes."""
        return (
            Probe("C06", self.purposes),
            Probe("C13", self.partners_within_agreements),
            Probe("C21", self.staff_on_record),
            Probe("C22", self.ended_sessions),
            Probe("C23", self.age_screens),
            Probe("C24", self.addresses_and_passwords),
            Probe("C26", self.exports_in_time),
            Probe("C27", self.cancelled_passwords),
            Probe("C28", self.reports_answered),
            Probe("C31", self.erasures_in_time),
        )

    async def purposes(self) -> Finding:
        """C06: nothing was shown to others for a purpose that it is not held for."""
        reads = await self.reads.latest(SAMPLE)
        wrong = [read.id for read in reads if not all(_allowed(field, read.purpose) for field in read.fields)]
        return _found(len(reads), wrong, "readings for a purpose that the field does not carry")

    async def partners_within_agreements(self) -> Finding:
        """C13: no partner was shown a field outside its agreement, or outside its dates, or for anything else."""
        reads = await self.reads.latest_of_partners(SAMPLE)
        known = await self.known.of(sorted({read.agreement_id for read in reads if read.agreement_id}))
        wrong = [read.id for read in reads if not _within(read, known.get(read.agreement_id or ""))]
        return _found(len(reads), wrong, "readings of partners outside the fields or the dates of their agreement")

    async def ended_sessions(self) -> Finding:
        """C22: an ended session is refused here, and none is live of an account that may not be logged in."""
        # Those ended within the last seconds may still be on their way.
        certain = self.clock() + ACCESS_LIFETIME + TOKEN_LEEWAY - IN_FORCE_WITHIN
        ended = await self.ended.stored(tokens_end_after=self.clock(), most=SAMPLE)
        live = await self.sessions.some(SAMPLE)
        gone = await self.accounts.not_active(sorted({session.account_id for session in live}))
        wrong = chain(
            (row.id for row in ended if row.tokens_end_at <= certain and not self.ended.ended(row.id)),
            (session.id for session in live if session.account_id in gone or self.ended.ended(session.id)),
        )
        return _found(len(ended) + len(live), sorted(wrong), "sessions that are ended and would still be let in")

    async def age_screens(self) -> Finding:
        """C23: no customer, and nobody who wants to become one, without a passed age screen."""
        without = await self.accounts.unscreened() + await self.sign_ups.unscreened()
        for child in await self.ledger.purged():
            without += await self.accounts.screened_too_early(child.id, child.erased_at)
        looked_at = await self.accounts.count()
        evidence = f"{without} of {looked_at} accounts without a passed age screen"
        return (broken if without else kept)(looked_at, evidence)

    async def addresses_and_passwords(self) -> Finding:
        """C24: every active customer has proven an address; every password is stored by Argon2id and no other way."""
        unproven, accounts = await self.accounts.unproven(), await self.accounts.count()
        passwords, otherwise = await self.credentials.not_argon2id()
        evidence = (
            f"{unproven} of {accounts} accounts active without a proven address, "
            f"{otherwise} of {passwords} passwords not stored by Argon2id"
        )
        return (broken if unproven or otherwise else kept)(accounts + passwords, evidence)

    async def staff_on_record(self) -> Finding:
        """C21: each act of the staff is in the ledger as theirs, and what takes two people was done by two."""
        acts = await self.acts.asked_since(self.clock() - LEDGER_LOOK_BACK, most=SAMPLE)
        entries = [entry for act in acts for entry in (act.asked_entry, act.settled_entry) if entry]
        readers = await self.reads.by_staff(entries)
        roles = await self.accounts.roles_of(sorted(set(readers.values())))
        customers = {reader for reader, held in roles.items() if not held}
        wrong = [act.id for act in acts if not _on_record(act, readers) or customers & {act.asked_by, act.settled_by}]
        return _found(len(acts), wrong, "acts of staff without a ledger entry, or without a second person")

    async def cancelled_passwords(self) -> Finding:
        """C27: nothing that was there when a password was cancelled opens the account any more."""
        since = self.clock() - CANCELLED_LOOK_BACK
        acts = await self.acts.done_since(since, most=SAMPLE, kind=ActKind.CANCEL_PASSWORD)
        wrong = [act.id for act in acts if await self._still_opens(act)]
        return _found(len(acts), wrong, "cancelled passwords that still open something")

    async def reports_answered(self) -> Finding:
        """C28: no report is past its target without an answer."""
        late, looked_at = await self.reports.unanswered(self.clock()), await self.reports.count()
        return (broken if late else kept)(looked_at, f"{late} of {looked_at} reports without an answer past the target")

    async def exports_in_time(self) -> Finding:
        """C26: no export is past its deadline."""
        late, looked_at = await self.exports.overdue(self.clock()), await self.exports.count()
        return (broken if late else kept)(looked_at, f"{late} of {looked_at} exports past their deadline")

    async def erasures_in_time(self) -> Finding:
        """C31: no erasure is past its deadline, and none is called done without all receipts."""
        late, looked_at = await self.erasures.overdue(self.clock(), grace=AFTER_A_HOLD), await self.erasures.count()
        missing = await self.erasures.without_receipts()
        evidence = f"{late} of {looked_at} erasures past their deadline, {missing} missing a receipt"
        return (broken if late or missing else kept)(looked_at, evidence)

    async def _still_opens(self, act: Act) -> bool:
        if act.account_id is None or act.settled_at is None:
            return False
        looks = (self.credentials, self.sessions, self.app_passwords)
        if any([await look.older_than(act.account_id, act.settled_at) for look in looks]):
            return True
        # Until its owner has set another password, no passkey and no code opens the account.
        is_closed = await self.credentials.password_of(act.account_id) is None
        return is_closed and bool(await self.sessions.of(act.account_id))


def _on_record(act: Act, readers: dict[str, str]) -> bool:
    """Tell whether those who asked for *act*, and settled it, stand in the ledger, and are two where it takes two."""
    if readers.get(act.asked_entry) != act.asked_by:
        return False
    if act.settled_by is None:
        return act.state not in {"done", "refused"}
    is_theirs = readers.get(act.settled_entry or "") == act.settled_by
    return is_theirs and (act.state != "done" or not RULES[act.kind].two_people or act.settled_by != act.asked_by)


_DECLARED: dict[str, Personal] = {
    f"identity.{document.collection}.{field}": mark
    for document in DOCUMENTS
    for field, mark in personal_fields(document).items()
}


def _allowed(field: str, purpose: str) -> bool:
    mark = _DECLARED.get(field)
    return mark is not None and purpose in set(Purpose) and mark.allows(Purpose(purpose))


def _within(read: Read, agreement: KnownAgreement | None) -> bool:
    return (
        agreement is not None
        and read.purpose == PARTNER_SERVICE
        and read.purpose in agreement.purposes
        and set(read.fields) <= set(agreement.fields)
        and read.shown_at < agreement.ends_at
    )


def _found(looked_at: int, wrong: list[str], what: str) -> Finding:
    named = f": {', '.join(wrong[:3])}" if wrong else ""
    return (broken if wrong else kept)(looked_at, f"{len(wrong)} of {looked_at} {what}{named}")
