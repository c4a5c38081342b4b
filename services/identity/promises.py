"""The probes of the promises that identity owns: they look at what is stored, not at what the code means to store."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import chain

from services.identity.domain.access import ACCESS_LIFETIME, TOKEN_LEEWAY
from services.identity.domain.agreements import PARTNER_SERVICE
from services.identity.store import (
    DOCUMENTS,
    Accounts,
    Credentials,
    EndedSessions,
    Erasures,
    Exports,
    KnownAgreement,
    KnownAgreements,
    Read,
    Reads,
    Sessions,
    SignUps,
)
from shared.clock import Clock
from shared.personal import Personal, personal_fields
from shared.policy import Purpose
from shared.promises import Finding, Probe, broken, kept

SAMPLE = 1_000
"""How many rows a look reads at most: its cost does not grow with what is stored."""
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
    clock: Clock

    def all(self) -> tuple[Probe, ...]:
        """Return the probes."""
        return (
            Probe("C06", self.purposes),
            Probe("C13", self.partners_within_agreements),
            Probe("C22", self.ended_sessions),
            Probe("C23", self.age_screens),
            Probe("C24", self.addresses_and_passwords),
            Probe("C26", self.exports_in_time),
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

    async def exports_in_time(self) -> Finding:
        """C26: no export is past its deadline."""
        late, looked_at = await self.exports.overdue(self.clock()), await self.exports.count()
        return (broken if late else kept)(looked_at, f"{late} of {looked_at} exports past their deadline")

    async def erasures_in_time(self) -> Finding:
        """C31: no erasure is past its deadline, and none is called done without all receipts."""
        late, looked_at = await self.erasures.overdue(self.clock()), await self.erasures.count()
        missing = await self.erasures.without_receipts()
        evidence = f"{late} of {looked_at} erasures past their deadline, {missing} missing a receipt"
        return (broken if late or missing else kept)(looked_at, evidence)


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
