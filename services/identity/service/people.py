"""Puts together what has to do with who somebody is: log-ins, second factors, step-up, changes of password and address.

A part of the composition root: each service is made once, out of the stores and means that are named here.
"""

from dataclasses import dataclass
from functools import cached_property

from services.identity.service.address_changes import AddressDesk
from services.identity.service.app_passwords import Devices
from services.identity.service.erasures import ErasureSaga
from services.identity.service.farewells import FarewellDesk
from services.identity.service.known_devices import KnownDevices
from services.identity.service.log_ins import LogIns
from services.identity.service.one_time_codes import OneTimeCodes
from services.identity.service.own_security import OwnSecurity
from services.identity.service.passkeys import PasskeyDesk, Site
from services.identity.service.password_changes import NewPasswords, PasswordChanges, ResetDesk
from services.identity.service.passwords import Passwords
from services.identity.service.second_factors import SecondFactors
from services.identity.service.sessions import LiveSessions
from services.identity.service.step_up import StepUps
from services.identity.service.transact import Transact
from services.identity.store import (
    Accounts,
    AddressChanges,
    AppPasswords,
    Challenges,
    Credentials,
    Farewells,
    Guesses,
    MailGaps,
    Passkeys,
    RecoveryCodes,
    Resets,
    SecurityEvents,
    Totps,
)
from services.identity.store.notices import Notices
from shared.bus import Outbox
from shared.crypto import Links, Vault
from shared.ids import NewId
from shared.mongo import Database


@dataclass(frozen=True, kw_only=True)
class People:
    """The services by name."""

    db: Database
    vault: Vault
    links: Links
    outbox: Outbox
    site: Site
    accounts: Accounts
    credentials: Credentials
    app_passwords: AppPasswords
    changes: AddressChanges
    gaps: MailGaps
    guesses: Guesses
    events: SecurityEvents
    notices: Notices
    passwords: Passwords
    live: LiveSessions
    devices: Devices
    transact: Transact
    new_id: NewId

    @cached_property
    def challenges(self) -> Challenges:
        """The challenges."""
        return Challenges(self.db, self.new_id)

    @cached_property
    def totps(self) -> Totps:
        """The apps that make one-time codes."""
        return Totps(self.db, self.vault)

    @cached_property
    def recovery(self) -> RecoveryCodes:
        """The recovery codes."""
        return RecoveryCodes(self.db)

    @cached_property
    def passkeys(self) -> Passkeys:
        """The passkeys."""
        return Passkeys(self.db)

    @cached_property
    def resets(self) -> Resets:
        """The forgotten passwords."""
        return Resets(self.db)

    @cached_property
    def farewells(self) -> Farewells:
        """The erasures that are put off."""
        return Farewells(self.db)

    @cached_property
    def codes(self) -> OneTimeCodes:
        """Makes and checks codes."""
        return OneTimeCodes(
            totps=self.totps, recovery=self.recovery, events=self.events, transact=self.transact, new_id=self.new_id
        )

    @cached_property
    def passkey_desk(self) -> PasskeyDesk:
        """Asks for passkeys."""
        return PasskeyDesk(site=self.site, passkeys=self.passkeys, challenges=self.challenges, new_id=self.new_id)

    @cached_property
    def factors(self) -> SecondFactors:
        """Adds and removes second factors."""
        return SecondFactors(
            accounts=self.accounts,
            credentials=self.credentials,
            codes=self.codes,
            desk=self.passkey_desk,
            totps=self.totps,
            passkeys=self.passkeys,
            recovery=self.recovery,
            events=self.events,
            notices=self.notices,
            transact=self.transact,
        )

    @cached_property
    def log_ins(self) -> LogIns:
        """Checks who somebody is."""
        return LogIns(
            accounts=self.accounts,
            credentials=self.credentials,
            guesses=self.guesses,
            passwords=self.passwords,
            live=self.live,
            factors=self.factors,
            codes=self.codes,
            desk=self.passkey_desk,
            challenges=self.challenges,
            events=self.events,
            known=KnownDevices(self.links, self.new_id),
            links=self.links,
        )

    @cached_property
    def step_ups(self) -> StepUps:
        """Confirms sessions once more."""
        return StepUps(
            log_ins=self.log_ins, factors=self.factors, desk=self.passkey_desk, live=self.live, events=self.events
        )

    @cached_property
    def new_passwords(self) -> NewPasswords:
        """Sets passwords."""
        return NewPasswords(
            accounts=self.accounts,
            credentials=self.credentials,
            passwords=self.passwords,
            factors=self.factors,
            guesses=self.guesses,
            resets=self.resets,
            live=self.live,
            events=self.events,
            notices=self.notices,
            new_id=self.new_id,
        )

    @cached_property
    def password_changes(self) -> PasswordChanges:
        """Changes passwords that are known."""
        return PasswordChanges(
            log_ins=self.log_ins, new=self.new_passwords, app_passwords=self.app_passwords, transact=self.transact
        )

    @cached_property
    def reset_desk(self) -> ResetDesk:
        """Changes passwords that are forgotten."""
        return ResetDesk(
            accounts=self.accounts,
            resets=self.resets,
            gaps=self.gaps,
            new=self.new_passwords,
            events=self.events,
            notices=self.notices,
            transact=self.transact,
            new_id=self.new_id,
        )

    @cached_property
    def address_desk(self) -> AddressDesk:
        """Changes addresses."""
        return AddressDesk(
            accounts=self.accounts,
            changes=self.changes,
            farewells=self.farewells,
            gaps=self.gaps,
            resets=self.resets,
            live=self.live,
            devices=self.devices,
            events=self.events,
            notices=self.notices,
            outbox=self.outbox,
            transact=self.transact,
            new_id=self.new_id,
        )

    @cached_property
    def security(self) -> OwnSecurity:
        """Hands over and deletes what is held for an account's security."""
        return OwnSecurity(
            totps=self.totps,
            recovery=self.recovery,
            passkeys=self.passkeys,
            challenges=self.challenges,
            events=self.events,
            resets=self.resets,
            changes=self.changes,
            farewells=self.farewells,
        )

    def farewell_desk(self, saga: ErasureSaga) -> FarewellDesk:
        """Plans the erasures that *saga* then does."""
        return FarewellDesk(
            log_ins=self.log_ins,
            accounts=self.accounts,
            farewells=self.farewells,
            live=self.live,
            devices=self.devices,
            saga=saga,
            events=self.events,
            notices=self.notices,
            transact=self.transact,
            new_id=self.new_id,
        )
