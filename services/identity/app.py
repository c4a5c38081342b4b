"""The composition root of identity: opens nothing itself, wires everything, reads from top to bottom."""

from services.identity.api import (
    AccountsApi,
    ActsApi,
    AppPasswordsApi,
    ChangesApi,
    FactorsApi,
    LogInsApi,
    OAuthApi,
    PartnerAccessApi,
    PartnersApi,
    ReportsApi,
    RequestsApi,
    SecurityApi,
    SessionsApi,
)
from services.identity.domain.access import Role
from services.identity.domain.apps import App
from services.identity.domain.breached import SHIPPED, Breached, BreachedFileError
from services.identity.domain.passwords import weakness
from services.identity.events import IdentityEvents
from services.identity.promises import IdentityProbes
from services.identity.service.accounts import AgeScreen, Profiles, SignUpDesk
from services.identity.service.agreements import Agreements
from services.identity.service.app_passwords import Devices
from services.identity.service.archive import Archives
from services.identity.service.authorizations import Apps, Authorizations
from services.identity.service.chores import Chores
from services.identity.service.contacts import Contacts
from services.identity.service.erasures import ErasureSaga, Holdings
from services.identity.service.exports import ExportSaga
from services.identity.service.inspected import Inspected
from services.identity.service.oauth import TokenDesk
from services.identity.service.oversight import Oversight
from services.identity.service.own_part import OwnPart
from services.identity.service.partner_access import PartnerAccess
from services.identity.service.partners import PartnerClients
from services.identity.service.passkeys import Site
from services.identity.service.passwords import Cost, Passwords
from services.identity.service.people import People
from services.identity.service.security_log import SecurityLog
from services.identity.service.sessions import Ending, LiveSessions
from services.identity.service.staff import Member, StaffRoster
from services.identity.service.tokens import OwnTrust, RefreshTokens, SigningKeys
from services.identity.settings import BREACHED, STAFF, Settings, StaffMember
from services.identity.store import (
    DOCUMENTS,
    Accounts,
    AddressChanges,
    AppPasswords,
    CodeUses,
    Credentials,
    EndedSessions,
    Erasures,
    Exports,
    Guesses,
    KnownAgreements,
    MailGaps,
    Partners,
    Reads,
    SecurityEvents,
    Sessions,
    SignUps,
)
from services.identity.store.letters import Letters
from services.identity.store.notices import Notices
from services.identity.store.staff_letters import StaffLetters
from shared.chassis import Chassis, Parts
from shared.chassis.parts import DOCUMENTS as CHASSIS_DOCUMENTS
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
    partners, reads, known = Partners(db), Reads(db, outbox, new_id), KnownAgreements(db)
    exports, erasures = Exports(db, vault), Erasures(db)
    letters, notices = Letters(chassis.post, platform.public_url), Notices(chassis.post, platform.public_url)
    events, changes = SecurityEvents(db, new_id), AddressChanges(db, vault)

    # What is done.
    cost = Cost(memory_kib=settings.argon2_memory_kib, rounds=settings.argon2_rounds)
    passwords = Passwords(
        threads=settings.argon2_threads, waiting=settings.argon2_waiting, cost=cost, breached=_breached(settings)
    )
    keys = SigningKeys(chassis.keyring, issuer=platform.public_url)
    trust = OwnTrust(keys=keys, sessions=ended)
    ending = Ending(ended=ended, outbox=outbox)
    live = LiveSessions(
        sessions=sessions,
        accounts=accounts,
        credentials=credentials,
        ending=ending,
        keys=keys,
        refresh_tokens=RefreshTokens(links),
        events=events,
        transact=transact,
        new_id=new_id,
    )
    devices = Devices(accounts=accounts, app_passwords=app_passwords, events=events, outbox=outbox, transact=transact)
    people = People(
        db=db,
        vault=vault,
        links=links,
        outbox=outbox,
        site=Site.of(platform.public_url),
        accounts=accounts,
        credentials=credentials,
        app_passwords=app_passwords,
        changes=changes,
        gaps=gaps,
        guesses=guesses,
        events=events,
        notices=notices,
        passwords=passwords,
        live=live,
        devices=devices,
        transact=transact,
        new_id=new_id,
    )
    oversight = Oversight(
        people=people,
        reads=reads,
        sign_ups=sign_ups,
        exports=exports,
        erasures=erasures,
        letters=StaffLetters(chassis.post, platform.public_url),
        documents=CHASSIS_DOCUMENTS,
    )
    screen = AgeScreen(links)
    desk = SignUpDesk(
        screen=screen,
        passwords=passwords,
        accounts=accounts,
        credentials=credentials,
        sign_ups=sign_ups,
        changes=changes,
        ledger=oversight.ledger,
        gaps=gaps,
        letters=letters,
        outbox=outbox,
        transact=transact,
        new_id=new_id,
    )
    contacts = Contacts(accounts=accounts, reads=reads, transact=transact)
    agreements = Agreements(asker=chassis.asker, known=known, clock=clock)
    clients = PartnerClients(
        partners=partners, agreements=agreements, ending=ending, keys=keys, transact=transact, new_id=new_id
    )
    partner_access = PartnerAccess(
        accounts=accounts, partners=partners, agreements=agreements, reads=reads, transact=transact
    )
    export_saga = ExportSaga(
        accounts=accounts,
        exports=exports,
        own=OwnPart(
            accounts=accounts,
            sessions=sessions,
            app_passwords=app_passwords,
            exports=exports,
            security=people.security,
            oversight=oversight.own,
        ),
        letters=letters,
        asker=chassis.asker,
        transact=transact,
        new_id=new_id,
    )
    erasure_saga = ErasureSaga(
        log_ins=people.log_ins,
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
            security=people.security,
            resets=people.resets,
            acts=oversight.acts,
            ledger=oversight.ledger,
            remains=oversight.remains,
            forget=chassis.forget,
        ),
        holding_back=oversight.holding_back,
        letters=letters,
        staff_letters=oversight.letters,
        outbox=outbox,
        transact=transact,
        new_id=new_id,
    )
    farewell_desk, act_desk = people.farewell_desk(erasure_saga), oversight.act_desk(erasure_saga)
    roster = StaffRoster(
        accounts=accounts,
        credentials=credentials,
        passwords=passwords,
        live=live,
        security=people.security,
        forget=chassis.forget,
        transact=transact,
        new_id=new_id,
    )
    members = None if settings.staff is None else [_member(entry) for entry in settings.staff]

    # How it is reached.
    routes = (
        *AccountsApi(
            screen=screen, desk=desk, profiles=Profiles(accounts), contacts=contacts, requests_a_minute=a_minute
        ).routes(),
        *LogInsApi(log_ins=people.log_ins, step_ups=people.step_ups, requests_a_minute=a_minute).routes(),
        *SessionsApi(live=live, devices=devices).routes(),
        *FactorsApi(factors=people.factors).routes(),
        *ChangesApi(
            passwords=people.password_changes,
            resets=people.reset_desk,
            addresses=people.address_desk,
            requests_a_minute=a_minute,
        ).routes(),
        *SecurityApi(log=SecurityLog(events), pages=Pages(links)).routes(),
        *AppPasswordsApi(devices=devices).routes(),
        *OAuthApi(
            live=live,
            clients=clients,
            desk=TokenDesk(
                live=live, clients=clients, ending=ending, verifier=Verifier(trust=trust, issuer=platform.public_url)
            ),
            authorizations=Authorizations(
                apps=Apps(
                    tuple(
                        App(id=app.client_id, name=app.name, redirect_uris=app.redirect_uris) for app in settings.apps
                    )
                ),
                issuer=platform.public_url,
                links=links,
                uses=CodeUses(db),
                live=live,
                transact=transact,
                new_id=new_id,
            ),
            keys=keys,
            requests_a_minute=a_minute,
        ).routes(),
        *PartnersApi(clients=clients, pages=Pages(links)).routes(),
        *PartnerAccessApi(access=partner_access, requests_a_minute=a_minute).routes(),
        *RequestsApi(
            exports=export_saga,
            archives=Archives(exports),
            erasures=erasure_saga,
            farewells=farewell_desk,
            requests_a_minute=a_minute,
        ).routes(),
        *ActsApi(
            desk=act_desk,
            holding_back=oversight.holding_back,
            watchdog=oversight.watchdog,
            pages=Pages(links),
        ).routes(),
        *ReportsApi(desk=oversight.report_desk, pages=Pages(links), requests_a_minute=a_minute).routes(),
    )
    heard = IdentityEvents(
        trust=trust,
        contacts=contacts,
        devices=devices,
        clients=clients,
        agreements=agreements,
        erasures=erasure_saga,
        inspected=Inspected(accounts=accounts, letters=oversight.letters),
        clock=clock,
    )

    chores = Chores(
        trust=trust,
        desk=desk,
        exports=export_saga,
        erasures=erasure_saga,
        farewells=farewell_desk,
        resets=people.reset_desk,
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
        subscriptions=heard.subscriptions(),
        answers=heard.answers(),
        workers={**chores.all(), **oversight.duties(erasure_saga, act_desk, leases=chassis.leases, clock=clock)},
        probes=IdentityProbes(
            accounts=accounts,
            credentials=credentials,
            sign_ups=sign_ups,
            sessions=sessions,
            ended=ended,
            reads=reads,
            known=known,
            exports=exports,
            erasures=erasures,
            app_passwords=app_passwords,
            acts=oversight.acts,
            reports=oversight.reports,
            ledger=oversight.ledger,
            clock=clock,
        ).all(),
        prepare=prepare,
        trust=trust,
        sends_mail=True,
        close=passwords.close,
    )


def _breached(settings: Settings) -> list[Breached]:
    try:
        return [Breached(path) for path in (SHIPPED, settings.breached_passwords) if path is not None]
    except (OSError, BreachedFileError) as fault:
        raise SettingError(f"{BREACHED}: {fault}") from fault


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
