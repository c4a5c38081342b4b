"""Mail that comes in: the listener, a process of its own, and the staff's view in the service."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from services.newsletter.api import ReceivedMailsApi
from services.newsletter.api.inbound.smtp import InboundHandler, ListenerConfig, listen
from services.newsletter.domain.inbound.received import ScorePolicy
from services.newsletter.service.inbound.doors import Doors
from services.newsletter.service.inbound.effects import VerdictEffects
from services.newsletter.service.inbound.receive import SERVICE, MailReceiver
from services.newsletter.service.inbound.replies import ReplyRecorder
from services.newsletter.service.inbound.review import MailReview
from services.newsletter.settings import Settings
from services.newsletter.store.inbound import BounceScores, CampaignReports, KeptMails, Letters, ReceivedMails
from services.newsletter.wiring.stores import Stores
from services.newsletter.wiring.subscriptions import SubscriptionModule
from shared import observe
from shared.chassis import Chassis
from shared.chassis.tls import ServerCertificate
from shared.ids import ulid_factory
from shared.mail import EmailReports, ReturnPathVerifier
from shared.settings import SettingError
from shared.web import Paginator, Route

PURGE_INTERVAL = 600.0


@dataclass(frozen=True, kw_only=True)
class InboundModule:
    """The services of mail that comes in, and the collections that the listener writes."""

    received_mails: ReceivedMails
    kept_mails: KeptMails
    bounce_scores: BounceScores
    letters: Letters

    effects: VerdictEffects
    reply_recorder: ReplyRecorder
    review: MailReview


def build_inbound_module(
    chassis: Chassis, stores: Stores, subscriptions: SubscriptionModule, settings: Settings
) -> InboundModule:
    """Return what the service does with verdicts; the listener is another process."""
    db = chassis.db
    received_mails, kept_mails = ReceivedMails(db), KeptMails(db, chassis.vault)
    bounce_scores, campaign_reports, letters = BounceScores(db), CampaignReports(db), Letters(db)
    effects = VerdictEffects(
        letters=letters,
        campaigns=stores.campaigns,
        bounce_scores=bounce_scores,
        campaign_reports=campaign_reports,
        unsubscribe_service=subscriptions.unsubscribe_service,
        suppression_service=subscriptions.suppression_service,
        links=stores.links,
        policy=ScorePolicy(letters=settings.inbound.soft_bounces, span=settings.inbound.soft_bounce_span),
    )
    return InboundModule(
        received_mails=received_mails,
        kept_mails=kept_mails,
        bounce_scores=bounce_scores,
        letters=letters,
        effects=effects,
        reply_recorder=ReplyRecorder(
            received_mails=received_mails,
            effects=effects,
            transact=db.with_transaction,
            new_id=ulid_factory(chassis.clock),
        ),
        review=MailReview(
            received_mails=received_mails,
            kept_mails=kept_mails,
            bounce_scores=bounce_scores,
            campaign_reports=campaign_reports,
            subscriptions=stores.subscriptions,
            suppressions=stores.suppressions,
            effects=effects,
            outbox=chassis.outbox,
            transact=chassis.db.with_transaction,
            new_id=chassis.new_id,
        ),
    )


def build_inbound_routes(module: InboundModule, paginator: Paginator) -> tuple[Route, ...]:
    """Return the routes of received mail."""
    return ReceivedMailsApi(review=module.review, paginator=paginator).build_routes()


def build_inbound_workers(chassis: Chassis, module: InboundModule) -> Mapping[str, Callable[[], Awaitable[None]]]:
    """Return the workers of the service, by name."""
    expected = observe.gauge("candor_newsletter_listener_expected", "1 when an inbound domain is set, else 0")
    expected.set(chassis.settings.inbound_domain is not None)

    async def purge_kept_mails() -> None:
        while True:
            while await module.review.delete_expired(at=chassis.clock()):
                pass
            await asyncio.sleep(PURGE_INTERVAL)

    return {"purge-kept-mails": purge_kept_mails}


def build_receiver(chassis: Chassis, stores: Stores, module: InboundModule, settings: Settings) -> MailReceiver:
    """Return the receiver of the listener; SettingError when a setting that it needs is missing."""
    domain, master = settings.common.inbound_domain, settings.inbound.return_path_master
    if domain is None or master is None:
        name = "CANDOR_INBOUND_DOMAIN" if domain is None else "NEWSLETTER_RETURN_PATH_MASTER"
        raise SettingError(f"{name} is missing: the process that receives mail needs it")
    senders = [service.name for service in chassis.registry if service.sends_mail]
    doors = Doors(
        domain=domain,
        roles=frozenset(part.strip().lower() for part in settings.inbound.roles.split(",") if part.strip()),
        verifier=ReturnPathVerifier.from_masters(master, senders),
        links=stores.links,
    )
    return MailReceiver(
        doors=doors,
        links=stores.links,
        received_mails=module.received_mails,
        kept_mails=module.kept_mails,
        letters=module.letters,
        effects=module.effects,
        email_reports=EmailReports(chassis.db, SERVICE),
        mail_log=chassis.mail_log,
        outbox=chassis.outbox,
        transact=chassis.db.with_transaction,
        # In the order of time: staff read the newest first.
        new_id=ulid_factory(chassis.clock),
    )


def build_listener_workers(
    chassis: Chassis, receiver: MailReceiver, settings: Settings
) -> Mapping[str, Callable[[], Awaitable[None]]]:
    """Return the workers of the process that receives mail, by name."""
    certificate = _find_certificate(settings)
    tls = certificate.create_ssl_context() if certificate else None
    config = ListenerConfig(
        host=settings.inbound.host,
        port=settings.inbound.port,
        hostname=receiver.doors.domain,
        max_bytes=settings.inbound.max_bytes,
        max_connections=settings.inbound.max_connections,
        max_connections_per_client=settings.inbound.max_connections_per_client,
        idle_timeout=settings.inbound.idle_timeout.total_seconds(),
        tls=tls,
    )

    async def receive_mail() -> None:
        handler = InboundHandler(doors=receiver.doors, receiver=receiver, clock=chassis.clock)
        async with listen(handler, config):
            await asyncio.Event().wait()

    workers: dict[str, Callable[[], Awaitable[None]]] = {"receive-mail": receive_mail}
    if certificate is not None and tls is not None:
        workers["reload-inbound-certificate"] = lambda: certificate.reload_on_change(tls)
    return workers


def _find_certificate(settings: Settings) -> ServerCertificate | None:
    own = settings.inbound
    if own.tls_cert is not None and own.tls_key is not None:
        return ServerCertificate(own.tls_cert, own.tls_key)
    return ServerCertificate.from_settings(settings.common)
