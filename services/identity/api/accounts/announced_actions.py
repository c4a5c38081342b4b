"""Actions of customer service that wait for an objection: list them, and object."""

from dataclasses import dataclass
from datetime import timedelta

from services.identity.api.fields import EmailToken
from services.identity.errors import InvalidObjectionTokenError, NothingToObjectError
from services.identity.service.staff.announced_actions import AnnouncedActions
from shared.clock import rfc3339
from shared.web import PUBLIC, JsonBody, RateLimit, RequestContext, Route, Timestamp, View, customer, get, post


class ObjectionBody(JsonBody):
    """The token of the link in the email."""

    token: EmailToken


class AnnouncedActionView(View):
    """What customer service will do at your request. *kind* is remove_second_factors, export or erase."""

    admin_action_id: str
    kind: str
    takes_effect_at: Timestamp


class AnnouncedActionsView(View):
    """The actions that you can object to."""

    items: list[AnnouncedActionView]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncedActionsApi:
    """HTTP handlers of announced actions."""

    announced_actions: AnnouncedActions
    rate_limit_per_minute: int

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        root = "/v1/identity/announced-actions"
        return (
            get(root, self.list_announced_actions, access=customer()),
            post(
                f"{root}/objections",
                self.object_to_actions,
                access=customer(),
                status=204,
                errors=(NothingToObjectError,),
            ),
            post(
                f"{root}/objections/by-link",
                self.object_by_link,
                access=PUBLIC,
                status=204,
                limit=RateLimit(self.rate_limit_per_minute, timedelta(minutes=1)),
                errors=(InvalidObjectionTokenError,),
            ),
        )

    async def list_announced_actions(self, call: RequestContext) -> AnnouncedActionsView:
        """List what customer service was asked to do to your account, while you can still object."""
        waiting = await self.announced_actions.list_by_account(call.principal.id)
        return AnnouncedActionsView(
            items=[
                AnnouncedActionView(
                    admin_action_id=action.id,
                    kind=action.kind,
                    takes_effect_at=rfc3339(action.takes_effect_at or action.expires_at),
                )
                for action in waiting
            ]
        )

    async def object_to_actions(self, call: RequestContext) -> None:
        """Object to everything that is announced for your account. None of it is done."""
        await self.announced_actions.object_by_owner(call.principal.id, at=call.now)

    async def object_by_link(self, call: RequestContext, body: ObjectionBody) -> None:
        """Object with the token of the link. No login is needed."""
        await self.announced_actions.object_by_token(body.token, at=call.now)
