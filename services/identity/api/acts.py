"""What staff does to accounts, over HTTP: asked for, allowed by somebody else, read (C21, C27)."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from services.identity.api.fields import Email, Reason
from services.identity.domain.acts import ActKind, ActState, HoldScope, Verification
from services.identity.errors import AccountNotFoundError, ReasonRefusedError
from services.identity.errors.staff import (
    ActAskedAlreadyError,
    ActNotFoundError,
    ActNotOpenError,
    ActPointlessError,
    ActRefusedError,
    SamePersonError,
)
from services.identity.service.acts import ActDesk, ActRecord, ActWish, Colleague
from services.identity.service.holding_back import HoldingBack, HoldRecord
from services.identity.service.watchdog import OpenRequest, Watchdog
from shared.clock import rfc3339
from shared.mail import InvalidAddressError
from shared.web import Body, Call, Page, PageQuery, Pages, Route, View, get, post, staff

_Kind = Literal["cancel_password", "correct_address", "freeze", "unfreeze", "purge_child", "hold", "release_hold"]


class ActBody(Body):
    """What is to be done to whose account, and why; there is no field for a password (C27)."""

    kind: _Kind
    account_id: Annotated[str, Field(pattern=r"^acc_[0-9a-z]{1,40}$")]
    reason: Reason
    verification: Annotated[
        Literal["reply_from_address", "called_back", "in_person"] | None,
        Field(description="how it was made sure that the owner is asking"),
    ] = None
    new_email: Email | None = None
    hold_scope: Literal["account", "everything"] | None = None
    hold_until: Annotated[AwareDatetime | None, Field(description="two years ahead at most")] = None


class ActsQuery(PageQuery):
    """Which acts, and which part of the list."""

    state: Literal["asked", "done", "refused", "expired"] | None = None


class ActSummaryView(View):
    """An act in the list; to whose account stands in the act itself."""

    act_id: str
    kind: str
    state: str
    reason: str
    verification: str | None
    asked_by: str
    asked_at: str
    expires_at: str
    settled_by: str | None
    settled_at: str | None


class ActView(ActSummaryView):
    """An act."""

    account_id: str | None
    needs_second_person: bool
    new_email: Annotated[str | None, Field(description="while it waits, for who asked and who may allow it")]
    hold_scope: str | None
    hold_until: str | None
    erasure_id: str | None


class HoldView(View):
    """A hold that is in force; on which account stands in the act that began it."""

    act_id: str
    scope: str
    reason: str
    begun_at: str
    until: str


class OpenRequestView(View):
    """A request of a person that is not done; whose it is, is not said."""

    id: str
    saga: str
    state: str
    created_at: str
    deadline: str
    waiting_for: list[str]
    reminded_at: str | None


class OpenRequestsView(View):
    """The open requests, the one that is due first before the others."""

    items: list[OpenRequestView]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActsApi:
    """The handlers."""

    desk: ActDesk
    holding_back: HoldingBack
    watchdog: Watchdog
    pages: Pages

    def routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        root, colleagues = "/v1/identity/acts", staff("support", "disclosure", "security", "admin")
        settling = (ActNotFoundError, ActNotOpenError, ActRefusedError, SamePersonError, ActPointlessError)
        return (
            post(
                root,
                self.ask_act,
                access=colleagues,
                status=201,
                idempotent=True,
                errors=(
                    AccountNotFoundError,
                    ActRefusedError,
                    ActAskedAlreadyError,
                    ActPointlessError,
                    ReasonRefusedError,
                    InvalidAddressError,
                ),
            ),
            get(root, self.list_acts, access=colleagues, replies=Page[ActSummaryView]),
            get(f"{root}/{{act_id}}", self.read_act, access=colleagues, errors=(ActNotFoundError,)),
            post(
                f"{root}/{{act_id}}/approvals",
                self.approve_act,
                access=colleagues,
                idempotent=True,
                errors=(*settling, AccountNotFoundError),
            ),
            post(
                f"{root}/{{act_id}}/refusals",
                self.refuse_act,
                access=colleagues,
                idempotent=True,
                errors=settling,
            ),
            get("/v1/identity/holds", self.list_holds, access=colleagues, replies=Page[HoldView]),
            get("/v1/identity/open-requests", self.list_open_requests, access=colleagues),
        )

    async def ask_act(self, call: Call, body: ActBody) -> ActView:
        """Ask for an act on an account; all but a freeze wait for the yes of a second person, for 72 hours."""
        wish = ActWish(
            kind=ActKind(body.kind),
            account_id=body.account_id,
            reason=body.reason,
            verification=Verification(body.verification) if body.verification else None,
            new_email=body.new_email,
            hold_scope=HoldScope(body.hold_scope) if body.hold_scope else None,
            hold_until=body.hold_until,
        )
        return _full(await self.desk.ask(wish, by=_by(call), operation=call.operation, at=call.now))

    async def list_acts(self, call: Call, query: ActsQuery) -> Page[ActSummaryView]:
        """List acts, by state when one is named."""
        state = ActState(query.state) if query.state else None
        found = await self.desk.page(state, after=self.pages.after(call, query), most=query.limit + 1)
        return self.pages.page(call, query, found, view=_summary, position=lambda record: record.act.id)

    async def read_act(self, call: Call) -> ActView:
        """Read an act; the owner of the account sees who looked."""
        return _full(await self.desk.read(call.path["act_id"], by=_by(call), at=call.now))

    async def approve_act(self, call: Call) -> ActView:
        """Allow an act that a colleague has asked for; it is done at once, and once."""
        return _full(await self.desk.allow(call.path["act_id"], by=_by(call), at=call.now))

    async def refuse_act(self, call: Call) -> ActView:
        """Refuse an act, or take the own wish back."""
        return _full(await self.desk.refuse(call.path["act_id"], by=_by(call), at=call.now))

    async def list_holds(self, call: Call, query: PageQuery) -> Page[HoldView]:
        """List the holds that are in force: why something is kept, and until when; the account is not named."""
        found = await self.holding_back.in_force(at=call.now, after=self.pages.after(call, query), most=query.limit + 1)
        return self.pages.page(call, query, found, view=_hold, position=lambda record: record.hold.id)

    async def list_open_requests(self, _call: Call) -> OpenRequestsView:
        """List the exports and erasures that are not done, and who is waited for."""
        return OpenRequestsView(items=[_request(one) for one in await self.watchdog.open_requests()])


def _by(call: Call) -> Colleague:
    return Colleague(id=call.who.id, roles=call.who.roles)


def _summary(record: ActRecord) -> ActSummaryView:
    act = record.act
    return ActSummaryView(
        act_id=act.id,
        kind=act.kind,
        state=act.state,
        reason=act.reason,
        verification=act.verification,
        asked_by=act.asked_by,
        asked_at=rfc3339(act.asked_at),
        expires_at=rfc3339(act.expires_at),
        settled_by=act.settled_by,
        settled_at=rfc3339(act.settled_at) if act.settled_at else None,
    )


def _full(record: ActRecord) -> ActView:
    act = record.act
    return ActView(
        **_summary(record).model_dump(),
        account_id=act.account_id,
        needs_second_person=record.needs_second_person,
        new_email=record.new_email,
        hold_scope=act.hold_scope,
        hold_until=rfc3339(act.hold_until) if act.hold_until else None,
        erasure_id=act.erasure_id,
    )


def _hold(record: HoldRecord) -> HoldView:
    hold = record.hold
    return HoldView(
        act_id=hold.id,
        scope=hold.scope,
        reason=hold.reason,
        begun_at=rfc3339(hold.begun_at),
        until=rfc3339(hold.until),
    )


def _request(one: OpenRequest) -> OpenRequestView:
    return OpenRequestView(
        id=one.id,
        saga=one.saga,
        state=one.state,
        created_at=rfc3339(one.created_at),
        deadline=rfc3339(one.deadline),
        waiting_for=one.waiting_for,
        reminded_at=rfc3339(one.reminded_at) if one.reminded_at else None,
    )
