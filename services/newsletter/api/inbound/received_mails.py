"""The staff's view of mail that came in."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from services.newsletter.api.fields import EDITOR_ROLES
from services.newsletter.domain.inbound.received import JudgedMail
from services.newsletter.errors.inbound import ReceivedMailNotFoundError
from services.newsletter.service.inbound.review import MailReview
from shared.clock import rfc3339
from shared.web import CursorPage, PageQuery, Paginator, RequestContext, Route, Timestamp, View, get, post, staff


class ReceivedMailQuery(PageQuery):
    """The page of received mails to return."""

    waiting: Annotated[bool, Field(description="Only those that a person should look at.")] = False


class ReceivedMailView(View):
    """A mail that came in and the verdict on it; it has no address."""

    received_id: str
    received_at: Timestamp
    door: str
    token: str
    verdict: str
    reason: str
    counts: bool
    waiting: bool
    service: str
    mail_id: str
    campaign_id: str
    subscription_id: str
    size: int
    reverted_at: Timestamp | None


class KeptMailView(View):
    """A mail that came in with its source, which is kept for 30 days; null when it is not, or no longer."""

    mail: ReceivedMailView
    source: str | None


class RevertedView(View):
    """How many subscriptions get letters again."""

    resumed_count: int


class CampaignReportsView(View):
    """How many reports about a campaign came in. *refused* are refusals of us, which say nothing about an address."""

    hard: int
    soft: int
    complaint: int
    unsubscribe: int
    auto_reply: int
    unknown: int
    refused: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedMailsApi:
    """The handlers of received mail."""

    review: MailReview
    paginator: Paginator

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        root, one = "/v1/newsletter/received-mails", "/v1/newsletter/received-mails/{received_id}"
        access, errors = staff(*EDITOR_ROLES), (ReceivedMailNotFoundError,)
        return (
            get(root, self.list_received_mails, access=access),
            get(one, self.get_received_mail, access=access, errors=errors),
            post(f"{one}/revert", self.revert_verdict, access=access, errors=errors),
            get("/v1/newsletter/campaigns/{campaign_id}/reports", self.get_campaign_reports, access=access),
        )

    async def list_received_mails(self, call: RequestContext, query: ReceivedMailQuery) -> CursorPage[ReceivedMailView]:
        """List the mails that came in with their verdicts, the newest first."""
        found = await self.review.list_newest(
            before=self.paginator.decode_cursor(call, query), needs_a_person=query.waiting, limit=query.limit + 1
        )
        return self.paginator.render(call, query, found, view=_view, position=lambda mail: mail.received_id)

    async def get_received_mail(self, call: RequestContext) -> KeptMailView:
        """Get a mail that came in with its source. The access is recorded for the subscriber."""
        mail, source = await self.review.read(call.path["received_id"], staff_id=call.principal.id, at=call.now)
        return KeptMailView(mail=_view(mail), source=source)

    async def revert_verdict(self, call: RequestContext) -> RevertedView:
        """Undo a verdict: letters that it had stopped go on. A mail that waited for a person is settled by it.

        An unsubscription stays: its owner asked for it. Repeating the call has no effect.
        """
        count = await self.review.revert(call.path["received_id"], staff_id=call.principal.id, at=call.now)
        return RevertedView(resumed_count=count)

    async def get_campaign_reports(self, call: RequestContext) -> CampaignReportsView:
        """Get the number of reports about a campaign that came in later, by verdict."""
        return CampaignReportsView(**await self.review.get_campaign_reports(call.path["campaign_id"]))


def _view(mail: JudgedMail) -> ReceivedMailView:
    return ReceivedMailView(
        received_id=mail.received_id,
        received_at=rfc3339(mail.received_at),
        door=mail.door.value,
        token=mail.token.value,
        verdict=mail.judgement.verdict.value,
        reason=mail.judgement.reason.value,
        counts=mail.judgement.counts,
        waiting=mail.needs_a_person,
        service=mail.service,
        mail_id=mail.mail_id,
        campaign_id=mail.campaign_id,
        subscription_id=mail.subscription_id,
        size=mail.size,
        reverted_at=rfc3339(mail.reverted_at) if mail.reverted_at else None,
    )
