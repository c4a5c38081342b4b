"""Campaigns: write, look, schedule, send, stop."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from services.newsletter.api.campaigns.views import CampaignPreviewView, CampaignView, campaign_view
from services.newsletter.api.fields import EDITOR_ROLES, Email, ListId, PlainText, SingleLine
from services.newsletter.errors import (
    CampaignNotFoundError,
    CampaignStateError,
    EmptyCampaignError,
    ForeignImageError,
    InvalidScheduleError,
    ListNotFoundError,
    OwnAddressError,
    PersonalImageError,
    PersonalLinkError,
    UnknownPlaceholderError,
)
from services.newsletter.errors.segments import SegmentNotFoundError
from services.newsletter.service.campaigns.editor import CampaignContent, CampaignEditor
from services.newsletter.service.campaigns.preview import CampaignPreviews
from shared.mail import InvalidEmailAddressError
from shared.web import (
    CursorPage,
    JsonBody,
    OpaqueText,
    PageQuery,
    Paginator,
    RateLimit,
    RequestContext,
    Route,
    delete,
    get,
    post,
    put,
    staff,
)

_ROOT = "/v1/newsletter/campaigns"
_CAMPAIGN = f"{_ROOT}/{{campaign_id}}"
_CHANGES = (CampaignNotFoundError, CampaignStateError)
_TEXT_FAULTS = (
    EmptyCampaignError,
    UnknownPlaceholderError,
    ForeignImageError,
    PersonalImageError,
    PersonalLinkError,
)
_TEST_LIMIT = RateLimit(20, timedelta(hours=1), "test-emails")

Subject = Annotated[
    SingleLine,
    Field(
        min_length=1,
        max_length=200,
        description="{{email}}, {{list_name}} and {{subscribed_on}} are filled in",
    ),
]
Markdown = Annotated[
    PlainText,
    Field(
        min_length=1,
        max_length=100_000,
        description="Markdown; {{email}}, {{list_name}}, {{subscribed_on}} and {{unsubscribe_url}} are filled in",
    ),
]


class CampaignBody(JsonBody):
    """A new campaign: one email to all subscribers of a list, or to a segment of it."""

    list_id: ListId
    segment_id: Annotated[str, Field(pattern=r"^(seg_[0-9a-z]{26})?$"), OpaqueText("looked up")] = ""
    subject: Subject
    text: Markdown
    is_public: Annotated[bool, Field(description="whether the archive shows it once it is sent")] = True


class CampaignContentBody(JsonBody):
    """The contents of a campaign that has not been started."""

    subject: Subject
    text: Markdown
    is_public: bool = True


class ScheduleBody(JsonBody):
    """When a campaign is to be sent."""

    local_time: Annotated[
        str,
        Field(max_length=40, description="a local time such as 2027-03-01T09:30, with an offset if it occurs twice"),
        OpaqueText("parsed as a time"),
    ]
    time_zone: Annotated[
        str, Field(max_length=60, description="an IANA zone, such as Europe/Berlin"), OpaqueText("looked up")
    ]


class TestEmailBody(JsonBody):
    """Where a test email goes."""

    email: Email


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignsApi:
    """The handlers of campaigns."""

    campaign_editor: CampaignEditor
    campaign_previews: CampaignPreviews
    paginator: Paginator

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        editors = staff(*EDITOR_ROLES)
        actions = (
            ("send", self.send_campaign),
            ("pause", self.pause_campaign),
            ("resume", self.resume_campaign),
            ("cancel", self.cancel_campaign),
        )
        return (
            post(
                _ROOT,
                self.create_campaign,
                access=editors,
                status=201,
                idempotent=True,
                errors=(ListNotFoundError, SegmentNotFoundError, *_TEXT_FAULTS),
            ),
            get(_ROOT, self.list_campaigns, access=editors),
            get(_CAMPAIGN, self.get_campaign, access=editors, errors=(CampaignNotFoundError,)),
            put(_CAMPAIGN, self.update_campaign, access=editors, errors=(*_CHANGES, *_TEXT_FAULTS)),
            put(
                f"{_CAMPAIGN}/schedule",
                self.schedule_campaign,
                access=editors,
                errors=(*_CHANGES, InvalidScheduleError),
            ),
            delete(f"{_CAMPAIGN}/schedule", self.unschedule_campaign, access=editors, status=200, errors=_CHANGES),
            get(f"{_CAMPAIGN}/preview", self.preview_campaign, access=editors, errors=(CampaignNotFoundError,)),
            post(
                f"{_CAMPAIGN}/test-emails",
                self.send_test_email,
                access=editors,
                status=202,
                idempotent=True,
                limit=_TEST_LIMIT,
                errors=(CampaignNotFoundError, InvalidEmailAddressError, OwnAddressError),
            ),
            *(
                post(f"{_CAMPAIGN}/{name}", handler, access=editors, status=202, idempotent=True, errors=_CHANGES)
                for name, handler in actions
            ),
        )

    async def create_campaign(self, call: RequestContext, body: CampaignBody) -> CampaignView:
        """Create a campaign; a second call sends or schedules it."""
        content = CampaignContent(
            list_id=body.list_id,
            segment_id=body.segment_id,
            subject=body.subject,
            text=body.text,
            is_public=body.is_public,
        )
        return campaign_view(
            await self.campaign_editor.create(content, idempotency_key=call.idempotency_key, at=call.now)
        )

    async def list_campaigns(self, call: RequestContext, query: PageQuery) -> CursorPage[CampaignView]:
        """List campaigns. The counts of one that is being sent are in its own view."""
        after = self.paginator.decode_cursor(call, query)
        found = await self.campaign_editor.list_after(after=after, limit=query.limit + 1)
        return self.paginator.render(call, query, found, view=campaign_view, position=lambda each: each.campaign_id)

    async def get_campaign(self, call: RequestContext) -> CampaignView:
        """Get a campaign and its counts. It is *sent* when no email is waiting."""
        return campaign_view(await self.campaign_editor.get(call.path["campaign_id"]))

    async def update_campaign(self, call: RequestContext, body: CampaignContentBody) -> CampaignView:
        """Replace the contents of a campaign that has not been started."""
        changed = await self.campaign_editor.update_draft(
            call.path["campaign_id"], subject=body.subject, text=body.text, is_public=body.is_public
        )
        return campaign_view(changed)

    async def schedule_campaign(self, call: RequestContext, body: ScheduleBody) -> CampaignView:
        """Send a campaign at a local time of a time zone. A later call replaces the time.

        The time is kept as an instant: a later change of the zone's rules does not move it. A campaign whose time was
        missed by more than an hour is held until you decide.
        """
        scheduled = await self.campaign_editor.schedule(
            call.path["campaign_id"], body.local_time, body.time_zone, at=call.now
        )
        return campaign_view(scheduled)

    async def unschedule_campaign(self, call: RequestContext) -> CampaignView:
        """Make a scheduled or held campaign a draft again."""
        return campaign_view(await self.campaign_editor.clear_schedule(call.path["campaign_id"]))

    async def preview_campaign(self, call: RequestContext) -> CampaignPreviewView:
        """Show a campaign as a recipient would get it. Show the HTML in a sandboxed frame."""
        preview = await self.campaign_previews.render(call.path["campaign_id"], at=call.now)
        return CampaignPreviewView(subject=preview.campaign.subject, text=preview.text, html=preview.html)

    async def send_test_email(self, call: RequestContext, body: TestEmailBody) -> CampaignView:
        """Send a campaign to one address as a test, marked as such in its subject."""
        await self.campaign_previews.send_test(call.path["campaign_id"], body.email, at=call.now)
        return campaign_view(await self.campaign_editor.get(call.path["campaign_id"]))

    async def send_campaign(self, call: RequestContext) -> CampaignView:
        """Send a campaign to the current subscribers of its list. Repeating the call has no effect."""
        return campaign_view(await self.campaign_editor.start(call.path["campaign_id"], at=call.now))

    async def pause_campaign(self, call: RequestContext) -> CampaignView:
        """Pause a campaign: nothing more goes out until it is resumed."""
        return campaign_view(await self.campaign_editor.pause_campaign(call.path["campaign_id"]))

    async def resume_campaign(self, call: RequestContext) -> CampaignView:
        """Resume a paused campaign."""
        return campaign_view(await self.campaign_editor.resume(call.path["campaign_id"]))

    async def cancel_campaign(self, call: RequestContext) -> CampaignView:
        """Cancel a campaign for good. What has been sent cannot be called back."""
        return campaign_view(await self.campaign_editor.cancel(call.path["campaign_id"]))
