"""Campaigns."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from services.newsletter.api.fields import EDITOR_ROLES, ListId, PlainText, SingleLine
from services.newsletter.domain.campaigns.campaigns import Campaign, DeliveryState
from services.newsletter.errors import CampaignNotFoundError, ListNotFoundError
from services.newsletter.service.campaigns.sender import CampaignSender
from shared.clock import rfc3339
from shared.web import JsonBody, RequestContext, Route, Timestamp, View, get, post, staff


class CampaignBody(JsonBody):
    """A new campaign: one email to all subscribers of a list."""

    list_id: ListId
    subject: Annotated[SingleLine, Field(min_length=1, max_length=200)]
    text: Annotated[PlainText, Field(min_length=1, max_length=100_000)]


class CampaignView(View):
    """A campaign and the number of its emails in each state."""

    campaign_id: str
    list_id: str
    subject: str
    state: str
    counts: dict[str, int]
    created_at: Timestamp
    sent_at: Timestamp | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignsApi:
    """The handlers of campaigns."""

    campaign_sender: CampaignSender

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        root, editors = "/v1/newsletter/campaigns", staff(*EDITOR_ROLES)
        return (
            post(root, self.create_campaign, access=editors, status=201, idempotent=True, errors=(ListNotFoundError,)),
            post(
                f"{root}/{{campaign_id}}/send",
                self.send_campaign,
                access=editors,
                status=202,
                idempotent=True,
                errors=(CampaignNotFoundError,),
            ),
            get(f"{root}/{{campaign_id}}", self.get_campaign, access=editors, errors=(CampaignNotFoundError,)),
        )

    async def create_campaign(self, call: RequestContext, body: CampaignBody) -> CampaignView:
        """Create a campaign; a second call sends it."""
        campaign = await self.campaign_sender.create(
            body.list_id, body.subject, body.text, idempotency_key=call.idempotency_key, at=call.now
        )
        return _campaign_view(campaign)

    async def send_campaign(self, call: RequestContext) -> CampaignView:
        """Send a campaign to the current subscribers of its list. Repeating the call has no effect."""
        return _campaign_view(await self.campaign_sender.start(call.path["campaign_id"], at=call.now))

    async def get_campaign(self, call: RequestContext) -> CampaignView:
        """Get a campaign and its counts. It is *sent* when no email is waiting."""
        return _campaign_view(await self.campaign_sender.get(call.path["campaign_id"]))


def _campaign_view(campaign: Campaign) -> CampaignView:
    return CampaignView(
        campaign_id=campaign.campaign_id,
        list_id=campaign.list_id,
        subject=campaign.subject,
        state=campaign.state.value,
        counts={state.value: campaign.counts.get(state, 0) for state in DeliveryState},
        created_at=rfc3339(campaign.created_at),
        sent_at=rfc3339(campaign.sent_at) if campaign.sent_at else None,
    )
