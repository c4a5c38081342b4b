"""The archive: what was sent to a list, for everybody."""

from dataclasses import dataclass

from services.newsletter.domain.campaigns.campaigns import Campaign
from services.newsletter.errors import CampaignNotFoundError, ListNotFoundError
from services.newsletter.service.campaigns.preview import CampaignPreviews
from shared.clock import rfc3339
from shared.web import PUBLIC, RequestContext, Route, Timestamp, View, get


class ArchivedCampaignView(View):
    """A campaign in the archive of its list."""

    campaign_id: str
    list_id: str
    subject: str
    sent_at: Timestamp


class ArchiveView(View):
    """The newest campaigns of a list, at most 200."""

    items: list[ArchivedCampaignView]


class ArchivedTextView(View):
    """A campaign as everybody may read it; the HTML is sanitized."""

    campaign_id: str
    list_id: str
    subject: str
    sent_at: Timestamp
    text: str
    html: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignArchiveApi:
    """The handlers of the archive."""

    campaign_previews: CampaignPreviews

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        return (
            get(
                "/v1/newsletter/lists/{list_id}/archive",
                self.list_archive,
                access=PUBLIC,
                errors=(ListNotFoundError,),
            ),
            get(
                "/v1/newsletter/archive/{campaign_id}",
                self.get_archived_campaign,
                access=PUBLIC,
                errors=(CampaignNotFoundError,),
            ),
        )

    async def list_archive(self, call: RequestContext) -> ArchiveView:
        """List what was sent to a list, the newest first. Editors may keep a campaign out of it."""
        found = await self.campaign_previews.list_archived(call.path["list_id"])
        return ArchiveView(items=[_archived_view(each) for each in found])

    async def get_archived_campaign(self, call: RequestContext) -> ArchivedTextView:
        """Get a campaign of the archive, without what differed between its recipients."""
        preview = await self.campaign_previews.render_archived(call.path["campaign_id"])
        head = _archived_view(preview.campaign)
        return ArchivedTextView(**head.model_dump(), text=preview.text, html=preview.html)


def _archived_view(campaign: Campaign) -> ArchivedCampaignView:
    return ArchivedCampaignView(
        campaign_id=campaign.campaign_id,
        list_id=campaign.list_id,
        subject=campaign.subject,
        sent_at=rfc3339(campaign.sent_at or campaign.created_at),
    )
