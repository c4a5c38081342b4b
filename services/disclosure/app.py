"""The composition root of disclosure: opens nothing itself, wires everything, reads from top to bottom."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from services.disclosure.api import AgreementsApi, BoardApi, CasesApi, LedgerApi, TransparencyApi
from services.disclosure.events import ErasureEvents, ExportAnswer, LedgerEvents, PromiseEvents, RegisterAnswer
from services.disclosure.promises import DisclosureProbes
from services.disclosure.service import NOTICE, Board, Disclosure, Notifier, Register, Seen, Transparency
from services.disclosure.settings import Settings
from services.disclosure.store import DOCUMENTS, PROOF_KEPT, Agreements, Cases, Ledger, Notices, Results, Totals
from shared.bus import Asker
from shared.chassis import Chassis, Parts
from shared.contracts import identity_v1
from shared.mail import Address, State
from shared.policy import Purpose
from shared.web import Pages

LEASE = timedelta(seconds=5)
LOOK = 1.0
"""Seconds between looks for notices to send; nobody waits for them in front of a screen."""
DATES_EVERY = 15.0
HOUSE = frozenset({"identity", "newsletter", "sync", "payments", "telemetry", "disclosure", "portal"})


def compose(chassis: Chassis, settings: Settings) -> Parts:
    """Wire disclosure."""
    db, outbox, transact, new_id = chassis.db, chassis.outbox, chassis.db.transact, chassis.new_id
    cases, notices, results = Cases(db), Notices(db), Results(db)
    ledger, agreements = Ledger(db, chassis.vault.blind), Agreements(db)
    disclosure = Disclosure(cases=cases, notices=notices, outbox=outbox, transact=transact, new_id=new_id)
    register = Register(agreements=agreements, outbox=outbox, transact=transact, new_id=new_id)
    seen = Seen(ledger=ledger, notices=notices)
    board = Board(results=results, silence=settings.probe_silence)
    notifier = Notifier(
        cases=cases,
        notices=notices,
        ledger=ledger,
        resolve=_resolver(chassis.asker),
        post=chassis.post,
        outbox=outbox,
        transact=transact,
        new_id=new_id,
        public_url=settings.platform.public_url,
    )
    _watch_letters(chassis, notifier)
    erasure = ErasureEvents(seen=seen, forget=chassis.forget, outbox=outbox, clock=chassis.clock, proof_kept=PROOF_KEPT)
    probes = DisclosureProbes(
        cases=cases,
        notices=notices,
        ledger=ledger,
        agreements=agreements,
        clock=chassis.clock,
        deadline=settings.notice_deadline,
        services=HOUSE,
    )
    pages = Pages(chassis.links)
    leases = chassis.leases
    return Parts(
        routes=(
            *CasesApi(disclosure=disclosure, pages=pages).routes(),
            *LedgerApi(seen=seen, pages=pages).routes(),
            *AgreementsApi(register=register, pages=pages).routes(),
            *BoardApi(board=board).routes(),
            *TransparencyApi(transparency=Transparency(totals=Totals(db))).routes(),
        ),
        documents=DOCUMENTS,
        subscriptions=(
            *LedgerEvents(seen=seen).subscriptions(),
            *PromiseEvents(board=board).subscriptions(),
            *erasure.subscriptions(),
        ),
        answers=(
            *RegisterAnswer(register=register, clock=chassis.clock).answers(),
            *ExportAnswer(seen=seen).answers(),
        ),
        workers={
            "notices": lambda: leases.alone("notices", lambda: _notify(chassis, notifier), ttl=LEASE),
            "agreements": lambda: leases.alone("agreements", lambda: _end_by_date(chassis, register), ttl=LEASE),
        },
        probes=probes.all(),
        sends_mail=True,
    )


def _resolver(asker: Asker) -> Callable[[str, str], Awaitable[Address | None]]:
    async def resolve(account_id: str, basis: str) -> Address | None:
        """Ask identity, which checks the purpose and enters the reading in the ledger (C06)."""
        reply = await asker.ask(
            "identity.contact.resolve",
            identity_v1.ContactResolveRequest(account_id=account_id, basis=basis),
            identity_v1.ContactResolveReply,
            purpose=Purpose.LEGAL_DISCLOSURE,
        )
        return Address(reply.email) if reply.found else None

    return resolve


def _watch_letters(chassis: Chassis, notifier: Notifier) -> None:
    async def settled(mail_id: str, became: State) -> None:
        await notifier.on_settled(mail_id, became, at=chassis.clock())

    chassis.post.watch(NOTICE, on_settled=settled)


async def _notify(chassis: Chassis, notifier: Notifier) -> None:
    after = ""
    while True:
        sent = await notifier.send_due(at=chassis.clock())
        after = await notifier.close_told(after=after, at=chassis.clock())
        if not sent:
            await asyncio.sleep(LOOK)


async def _end_by_date(chassis: Chassis, register: Register) -> None:
    while True:
        if not await register.end_by_date(at=chassis.clock()):
            await asyncio.sleep(DATES_EVERY)
