"""Puts together what staff does and what is watched over: acts, reports, holds, the erasure ledger, the watchdog.

A part of the composition root: each service is made once, out of the stores and means that are named here.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from services.identity.service.acts import ActDesk
from services.identity.service.deeds import Deeds
from services.identity.service.duties import Duties
from services.identity.service.erasures import ErasureSaga
from services.identity.service.freezing import Freezing
from services.identity.service.holding_back import HoldingBack
from services.identity.service.own_oversight import OwnOversight
from services.identity.service.people import People
from services.identity.service.replay import Replay
from services.identity.service.reports import ReportDesk
from services.identity.service.watchdog import Watchdog
from services.identity.store import DOCUMENTS as OWN_DOCUMENTS
from services.identity.store import (
    NOT_OF_AN_ACCOUNT,
    Acts,
    ErasureLedger,
    Erasures,
    Exports,
    Holds,
    Reads,
    Remains,
    Reports,
    SignUps,
)
from services.identity.store.staff_letters import StaffLetters
from shared.clock import Clock
from shared.mongo import Document, Leases


@dataclass(frozen=True, kw_only=True)
class Oversight:
    """The services by name."""

    people: People
    reads: Reads
    sign_ups: SignUps
    exports: Exports
    erasures: Erasures
    letters: StaffLetters
    documents: tuple[type[Document], ...]
    """What the chassis stores besides."""

    @cached_property
    def acts(self) -> Acts:
        """The acts."""
        return Acts(self.people.db, self.people.vault)

    @cached_property
    def holds(self) -> Holds:
        """The holds."""
        return Holds(self.people.db)

    @cached_property
    def reports(self) -> Reports:
        """The reports."""
        return Reports(self.people.db, self.people.vault)

    @cached_property
    def ledger(self) -> ErasureLedger:
        """What must not come back."""
        return ErasureLedger(self.people.db, self.people.vault)

    @cached_property
    def remains(self) -> Remains:
        """Whatever is held of an account."""
        own: tuple[type[Document], ...] = OWN_DOCUMENTS
        held = [one for one in (*own, *self.documents) if one not in NOT_OF_AN_ACCOUNT]
        return Remains(self.people.db, held)

    @cached_property
    def holding_back(self) -> HoldingBack:
        """Keeps what must be kept."""
        return HoldingBack(holds=self.holds, erasures=self.erasures)

    @cached_property
    def own(self) -> OwnOversight:
        """Hands over what staff did, and what was reported."""
        return OwnOversight(acts=self.acts, reports=self.reports)

    @cached_property
    def freezing(self) -> Freezing:
        """Freezes accounts."""
        return Freezing(
            accounts=self.people.accounts,
            live=self.people.live,
            devices=self.people.devices,
            resets=self.people.resets,
            events=self.people.events,
            letters=self.letters,
        )

    @cached_property
    def report_desk(self) -> ReportDesk:
        """Takes reports."""
        return ReportDesk(
            reports=self.reports,
            accounts=self.people.accounts,
            gaps=self.people.gaps,
            reads=self.reads,
            freezing=self.freezing,
            letters=self.letters,
            links=self.people.links,
            transact=self.people.transact,
            new_id=self.people.new_id,
        )

    @cached_property
    def watchdog(self) -> Watchdog:
        """Watches the requests of people."""
        return Watchdog(exports=self.exports, erasures=self.erasures)

    def duties(
        self, saga: ErasureSaga, acts: ActDesk, *, leases: Leases, clock: Clock
    ) -> Mapping[str, Callable[[], Awaitable[None]]]:
        """Return the tasks by name."""
        return Duties(
            acts=acts,
            reports=self.report_desk,
            erasures=saga,
            replay=Replay(ledger=self.ledger, remains=self.remains, saga=saga),
            watchdog=self.watchdog,
            leases=leases,
            clock=clock,
        ).all()

    def act_desk(self, saga: ErasureSaga) -> ActDesk:
        """Does what two people want."""
        people = self.people
        deeds = Deeds(
            accounts=people.accounts,
            credentials=people.credentials,
            sign_ups=self.sign_ups,
            acts=self.acts,
            holds=self.holds,
            ledger=self.ledger,
            resets=people.resets,
            live=people.live,
            devices=people.devices,
            events=people.events,
            addresses=people.address_desk,
            freezing=self.freezing,
            saga=saga,
            letters=self.letters,
        )
        return ActDesk(
            acts=self.acts,
            accounts=people.accounts,
            reads=self.reads,
            deeds=deeds,
            transact=people.transact,
            new_id=people.new_id,
        )
