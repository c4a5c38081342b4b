"""The composition root of identity: opens nothing itself, wires everything, reads from top to bottom."""

from services.identity.api import AccountsApi, AppPasswordsApi, OAuthApi, PartnersApi, RequestsApi, SessionsApi
from services.identity.domain.access import Role
from services.identity.domain.passwords import weakness
from services.identity.events import IdentityEvents
from services.identity.promises import IdentityProbes
from services.identity.service.accounts import AgeScreen, Profiles, SignUpDesk
from services.identity.service.agreements import Agreements
from services.identity.service.app_passwords import Devices
from services.identity.service.archive import Archives
from services.identity.service.chores import Chores
from services.identity.service.contacts import Contacts
from services.identity.service.erasures import ErasureSaga, Holdings
from services.identity.service.exports import ExportSaga
from services.identity.service.log_ins import LogIns
from services.identity.service.oauth import TokenDesk
from services.identity.service.own_part import OwnPart
from services.identity.service.partners import PartnerClients
from services.identity.service.passwords import Cost, Passwords
from services.identity.service.sessions import Ending, LiveSessions
from services.identity.service.staff import Member, StaffRoster
from services.identity.service.tokens import OwnTrust, RefreshTokens, SigningKeys
from services.identity.settings import STAFF, Settings, StaffMember
from services.identity.store import (
    DOCUMENTS,
    Accounts,
    AppPasswords,
    Credentials,
    EndedSessions,
    Erasures,
    Exports,
    Guesses,
    MailGaps,
    Partners,
    Reads,
    Sessions,
    SignUps,
)
from services.identity.store.letters import Letters
from shared.chassis import Chassis, Parts
from shared.mail import Address, InvalidAddressError
from shared.settings import SettingError
from shared.web import Pages, Verifier


def compose(chassis: Chassis, settings: Settings) -> Parts:
    """Wire identity."""
    db, vault, outbox, links = chassis.db, chassis.vault, chassis.outbox, chassis.links
    clock, new_id, transact = chassis.clock, chassis.new_id, chassis.db.transact
    platform, a_minute = settings.platform, settings.requests_a_minute

    # What is stored.
    accounts, credentials, sign_ups = Accounts(db, vault), Credentials(db), SignUps(db, vault)
    gaps, guesses = MailGaps(db, settings.mail_gap), Guesses(db)
    sessions, ended, app_passwords = Sessions(db), EndedSessions(db), AppPasswords(db)
    partners, reads = Partners(db), Reads(db, outbox, new_id)
    exports, erasures = Exports(db, vault), Erasures(db)
    letters = Letters(chassis.post, platform.public_url)

    # What is done.
    cost = Cost(memory_kib=settings.argon2_memory_kib, rounds=settings.argon2_rounds)
    passwords = Passwords(threads=settings.argon2_threads, waiting=settings.argon2_waiting, cost=cost)
    keys = SigningKeys(chassis.keyring, issuer=platform.public_url)
    trust = OwnTrust(keys=keys, sessions=ended)
    ending = Ending(ended=ended, outbox=outbox)
    live = LiveSessions(
        sessions=sessions,
        accounts=accounts,
        ending=ending,
        keys=keys,
        refresh_tokens=RefreshTokens(links),
        transact=transact,
        new_id=new_id,
    )
    log_ins = LogIns(accounts=accounts, credentials=credentials, guesses=guesses, passwords=passwords, live=live)
    screen = AgeScreen(links)
    desk = SignUpDesk(
        screen=screen,
        passwords=passwords,
        accounts=accounts,
        credentials=credentials,
        sign_ups=sign_ups,
        gaps=gaps,
        letters=letters,
        outbox=outbox,
        transact=transact,
        new_id=new_id,
    )
    devices = Devices(accounts=accounts, app_passwords=app_passwords, outbox=outbox, transact=transact)
    contacts = Contacts(accounts=accounts, reads=reads, transact=transact)
    agreements = Agreements(asker=chassis.asker, clock=clock)
    clients = PartnerClients(
        partners=partners, agreements=agreements, ending=ending, keys=keys, transact=transact, new_id=new_id
    )
    export_saga = ExportSaga(
        accounts=accounts,
        exports=exports,
        own=OwnPart(accounts=accounts, sessions=sessions, app_passwords=app_passwords, exports=exports),
        letters=letters,
        asker=chassis.asker,
        transact=transact,
        new_id=new_id,
    )
    erasure_saga = ErasureSaga(
        log_ins=log_ins,
        accounts=accounts,
        erasures=erasures,
        holdings=Holdings(
            accounts=accounts,
            credentials=credentials,
            exports=exports,
            gaps=gaps,
            guesses=guesses,
            live=live,
            devices=devices,
            forget=chassis.forget,
        ),
        letters=letters,
        outbox=outbox,
        transact=transact,
        new_id=new_id,
    )
    roster = StaffRoster(
        accounts=accounts,
        credentials=credentials,
        passwords=passwords,
        live=live,
        forget=chassis.forget,
        transact=transact,
        new_id=new_id,
    )
    members = None if settings.staff is None else [_member(entry) for entry in settings.staff]

    # How it is reached.
    token_desk = TokenDesk(
        live=live, clients=clients, ending=ending, verifier=Verifier(trust=trust, issuer=platform.public_url)
    )
    routes = (
        *AccountsApi(
            screen=screen, desk=desk, profiles=Profiles(accounts), contacts=contacts, requests_a_minute=a_minute
        ).routes(),
        *SessionsApi(log_ins=log_ins, live=live, devices=devices, requests_a_minute=a_minute).routes(),
        *AppPasswordsApi(devices=devices).routes(),
        *OAuthApi(live=live, clients=clients, desk=token_desk, keys=keys, requests_a_minute=a_minute).routes(),
        *PartnersApi(clients=clients, pages=Pages(links)).routes(),
        *RequestsApi(
            exports=export_saga, archives=Archives(exports), erasures=erasure_saga, requests_a_minute=a_minute
        ).routes(),
    )
    events = IdentityEvents(
        trust=trust,
        contacts=contacts,
        devices=devices,
        clients=clients,
        agreements=agreements,
        erasures=erasure_saga,
        clock=clock,
    )
    probes = IdentityProbes(
        accounts=accounts,
        credentials=credentials,
        sign_ups=sign_ups,
        sessions=sessions,
        ended=ended,
        reads=reads,
        exports=exports,
        erasures=erasures,
        clock=clock,
    )

    chores = Chores(
        trust=trust,
        desk=desk,
        exports=export_saga,
        erasures=erasure_saga,
        leases=chassis.leases,
        clock=clock,
    )

    async def prepare() -> None:
        await trust.refresh(at=clock())
        if members is not None:
            await roster.make_sure(members, at=clock())

    return Parts(
        routes=routes,
        documents=DOCUMENTS,
        subscriptions=events.subscriptions(),
        answers=events.answers(),
        workers=chores.all(),
        probes=probes.all(),
        prepare=prepare,
        trust=trust,
        sends_mail=True,
        close=passwords.close,
    )


def _member(entry: StaffMember) -> Member:
    try:
        address = Address(entry.email)
        roles = tuple(Role(role) for role in entry.roles)
    except (InvalidAddressError, ValueError) as fault:
        known = ", ".join(Role)
        raise SettingError(f"{STAFF}: each entry has a mail address and roles of {known}") from fault
    found = weakness(entry.password.reveal(), address=address.email)
    if found is not None:
        raise SettingError(f"{STAFF}: a password of the staff is refused: {found.message}")
    return Member(address=address, password=entry.password.reveal(), roles=roles)
