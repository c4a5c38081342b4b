"""The composition root of disclosure."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.disclosure.api import (
    LOG_PATH,
    AgreementsApi,
    CasesApi,
    LedgerApi,
    LedgerLogApi,
    PromisesApi,
    TransparencyApi,
)
from services.disclosure.emails import NOTICE_KIND
from services.disclosure.events import AgreementRpc, LedgerEvents, PromiseEvents
from services.disclosure.promises import DisclosureProbes
from services.disclosure.service import (
    AccessLedger,
    AccountEraser,
    AccountExport,
    AgreementService,
    CaseService,
    LedgerLog,
    LedgerLogWriter,
    Notifier,
    PromiseBoard,
    TransparencyService,
)
from services.disclosure.settings import Settings
from services.disclosure.store import (
    DOCUMENTS,
    NOTICE_RETENTION,
    AccessEntries,
    CaseNotices,
    Cases,
    CaseStatistics,
    LedgerLogStore,
    PartnerAgreements,
    ProbeResults,
)
from shared import observe
from shared.bus import RpcClient
from shared.chassis import Chassis, ServiceSpec
from shared.contracts import identity_v1
from shared.crypto import KeyUse
from shared.mail import DeliveryStatus, EmailAddress, EmailReports
from shared.policy import Purpose
from shared.privacy import ErasureConsumer, ExportServer
from shared.registry import get_registry
from shared.tlog.notes import SignerKey
from shared.tlog.writer import HeadMovedError, LogConflictError
from shared.web import Paginator

LEASE_TTL = timedelta(seconds=5)
NOTICE_POLL_INTERVAL = 1.0
"""Poll interval in seconds; notices are not urgent to the second."""
AGREEMENT_POLL_INTERVAL = 15.0
LOG_POLL_INTERVAL = 1.0
LOG_CONFLICT_DELAY = 60.0
"""Seconds after which a log that contradicts itself is looked at again: a person has to act, and the alert says so."""
log = observe.get_logger(__name__)
log_is_down = observe.gauge("candor_ledger_log_down", "1 while the log contradicts itself and takes no entries.")


def compose(chassis: Chassis, settings: Settings) -> ServiceSpec:
    """Wire disclosure."""
    db, outbox, transact, new_id = chassis.db, chassis.outbox, chassis.db.with_transaction, chassis.new_id
    cases, notices, results = Cases(db), CaseNotices(db), ProbeResults(db)
    entries, agreements = AccessEntries(db, chassis.vault.blind_index), PartnerAgreements(db)
    case_service = CaseService(cases=cases, notices=notices, outbox=outbox, transact=transact, new_id=new_id)
    agreement_service = AgreementService(agreements=agreements, outbox=outbox, transact=transact, new_id=new_id)
    access_ledger = AccessLedger(entries=entries)
    log_store, log_key = LedgerLogStore(db), build_log_key(chassis, settings)
    board = PromiseBoard(results=results, stale_after=settings.probe_stale_after)
    notifier = _build_notifier(chassis, settings, cases=cases, notices=notices, entries=entries)
    _register_mail_callback(chassis, notifier)
    erasure = _build_erasure_consumer(chassis, entries=entries, notices=notices)
    export = ExportServer(service="disclosure", account_export=AccountExport(entries=entries, notices=notices))
    probes = DisclosureProbes(
        cases=cases,
        notices=notices,
        ledger=entries,
        log=log_store,
        agreements=agreements,
        clock=chassis.clock,
        deadline=settings.notice_deadline,
        services=frozenset(get_registry().names),
    )
    pages = Paginator(chassis.token_sealer)
    return ServiceSpec(
        routes=(
            *CasesApi(cases=case_service, paginator=pages).build_routes(),
            *LedgerApi(ledger=access_ledger, paginator=pages).build_routes(),
            *LedgerLogApi(
                log=LedgerLog(store=log_store, key=log_key.verifier_key), public_url=settings.common.public_url
            ).build_routes(),
            *AgreementsApi(agreements=agreement_service, paginator=pages).build_routes(),
            *PromisesApi(board=board).build_routes(),
            *TransparencyApi(transparency=TransparencyService(statistics=CaseStatistics(db))).build_routes(),
        ),
        documents=DOCUMENTS,
        subscriptions=(
            *LedgerEvents(ledger=access_ledger).build_subscriptions(),
            *PromiseEvents(board=board).build_subscriptions(),
            erasure.build_subscription(),
            EmailReports(db, "disclosure").build_subscription(),
        ),
        rpc_handlers=(
            *AgreementRpc(agreements=agreement_service, clock=chassis.clock).build_rpc_handlers(),
            export.build_rpc_handler(),
        ),
        workers=_build_workers(
            chassis,
            notifier,
            agreement_service,
            LedgerLogWriter(store=log_store, key=log_key, checkpoint_interval=settings.checkpoint_interval),
        ),
        probes=probes.build_probes(),
        sends_mail=True,
    )


def _build_notifier(
    chassis: Chassis, settings: Settings, *, cases: Cases, notices: CaseNotices, entries: AccessEntries
) -> Notifier:
    return Notifier(
        cases=cases,
        notices=notices,
        entries=entries,
        resolve=_build_resolver(chassis.rpc_client),
        mail_queue=chassis.mail_queue,
        outbox=chassis.outbox,
        transact=chassis.db.with_transaction,
        new_id=chassis.new_id,
        public_url=settings.common.public_url,
    )


def _build_erasure_consumer(chassis: Chassis, *, entries: AccessEntries, notices: CaseNotices) -> ErasureConsumer:
    return ErasureConsumer(
        service="disclosure",
        account_eraser=AccountEraser(
            entries=entries,
            notices=notices,
            erase_subject=chassis.erase_subject,
            notice_retention=NOTICE_RETENTION,
        ),
        outbox=chassis.outbox,
        clock=chassis.clock,
    )


def build_log_key(chassis: Chassis, settings: Settings) -> SignerKey:
    """Return the key that signs the log; its name is the address of the log without a scheme."""
    origin = settings.common.public_url.partition("://")[2] + LOG_PATH
    seed = chassis.keyring.get_active(KeyUse.LEDGER).secret
    return SignerKey(origin, Ed25519PrivateKey.from_private_bytes(seed))


def _build_workers(
    chassis: Chassis, notifier: Notifier, agreements: AgreementService, log_writer: LedgerLogWriter
) -> dict[str, Callable[[], Awaitable[None]]]:
    """Return the workers by name; a lease has the name of its worker."""
    leases = chassis.leases
    return {
        "send-notices": lambda: leases.run_exclusive(
            "send-notices", lambda: _run_notifier(chassis, notifier), ttl=LEASE_TTL
        ),
        "expire-agreements": lambda: leases.run_exclusive(
            "expire-agreements", lambda: _run_agreement_expiry(chassis, agreements), ttl=LEASE_TTL
        ),
        "append-ledger": lambda: leases.run_exclusive(
            "append-ledger", lambda: _run_log_writer(chassis, log_writer), ttl=LEASE_TTL
        ),
    }


def _build_resolver(rpc_client: RpcClient) -> Callable[[str, str], Awaitable[EmailAddress | None]]:
    async def resolve(account_id: str, basis: str) -> EmailAddress | None:
        """Ask identity, which checks the purpose and records the access (C06)."""
        reply = await rpc_client.call(
            "identity.contact.resolve",
            identity_v1.ContactResolveRequest(account_id=account_id, basis=basis),
            identity_v1.ContactResolveReply,
            purpose=Purpose.LEGAL_DISCLOSURE,
        )
        return EmailAddress(reply.email) if reply.found else None

    return resolve


def _register_mail_callback(chassis: Chassis, notifier: Notifier) -> None:
    async def on_completed(mail_id: str, status: DeliveryStatus) -> None:
        await notifier.on_mail_completed(mail_id, status, at=chassis.clock())

    chassis.mail_queue.on(NOTICE_KIND, on_completed=on_completed)


async def _run_notifier(chassis: Chassis, notifier: Notifier) -> None:
    after = ""
    while True:
        sent = await notifier.send_due(at=chassis.clock())
        after = await notifier.close_notified(after=after, at=chassis.clock())
        if not sent:
            await asyncio.sleep(NOTICE_POLL_INTERVAL)


async def _run_agreement_expiry(chassis: Chassis, agreements: AgreementService) -> None:
    while True:
        if not await agreements.end_expired(at=chassis.clock()):
            await asyncio.sleep(AGREEMENT_POLL_INTERVAL)


async def _run_log_writer(chassis: Chassis, writer: LedgerLogWriter) -> None:
    while True:
        try:
            appended = await writer.append_pending()
            await writer.publish_due_checkpoint(at=chassis.clock())
        except HeadMovedError:
            continue  # the lease has changed hands in between
        except LogConflictError:
            log_is_down.set(1)
            log.exception("ledger_log_conflict")
            await asyncio.sleep(LOG_CONFLICT_DELAY)
            continue
        log_is_down.set(0)
        if not appended:
            await asyncio.sleep(LOG_POLL_INTERVAL)
