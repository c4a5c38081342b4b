"""Return addresses on the wire, and reports about an email in the log of the service that sent it."""

from shared.bus import EventDelivery
from shared.clock import utc_now
from shared.contracts import newsletter_v1
from shared.ids import new_id
from shared.mail import (
    DeliveryStatus,
    EmailReports,
    ReturnPathSigner,
    ReturnPathVerifier,
    derive_return_path_key,
)
from shared.policy import Purpose
from shared.settings import Secret
from tests.integration.mail.smtp_server import MailHarness, build_email

MASTER = "m" * 40
SIGNER = ReturnPathSigner(domain="in.candor.example", key=Secret(derive_return_path_key(MASTER, "identity")))
DELIVERY = EventDelivery(
    message_id="evt_1", type="newsletter.email.reported.v1", subject="", time=utc_now(), redelivered=False
)


def reported(mail_id: str, *, service: str = "identity") -> newsletter_v1.EmailReported:
    event = newsletter_v1.EmailReported(
        report_id=new_id("inb"), service=service, mail_id=mail_id, verdict="hard", reason="unknown_user", counts=True
    )
    event.received_at.FromDatetime(utc_now())
    return event


async def test_an_email_has_a_return_address_that_names_it_also_when_it_is_sent_again(office: MailHarness) -> None:
    office.relay.at_data = ["451 later"]
    mail_id = await office.post.enqueue(build_email(), purpose=Purpose.ACCOUNT)
    async with office.run_senders(office.build_sender(return_path=SIGNER)):
        await office.empty()
    first, second = office.relay.senders
    assert first == second
    found = ReturnPathVerifier.from_masters(Secret(MASTER), ["identity"]).verify(first or "")
    assert found is not None
    assert (found.service, found.mail_id) == ("identity", mail_id)


async def test_a_report_is_recorded_by_the_service_that_sent_the_email(office: MailHarness) -> None:
    mail_id = await office.post.enqueue(build_email(), purpose=Purpose.ACCOUNT)
    async with office.run_senders():
        await office.empty()
    event = reported(mail_id)
    await EmailReports(office.db, "disclosure").on_email_reported(event, DELIVERY)
    await EmailReports(office.db, "identity").on_email_reported(event, DELIVERY)
    relayed, entry = await office.logged()
    assert (entry.status, entry.verdict, entry.reason) == (DeliveryStatus.REPORTED, "hard", "unknown_user")
    assert (entry.mail_id, entry.kind) == (mail_id, relayed.kind)


async def test_a_report_about_an_email_that_the_log_does_not_know_is_not_recorded(office: MailHarness) -> None:
    event = reported(new_id("mail"))
    await EmailReports(office.db, "identity").on_email_reported(event, DELIVERY)
    assert await office.logged() == []
