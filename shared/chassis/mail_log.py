"""The search of the mail log, the same in every service that sends mail (C04)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, Field

from shared.bus import Outbox
from shared.chassis.spec import Chassis, ServiceSpec
from shared.clock import rfc3339
from shared.ids import NewId
from shared.mail import (
    DeliveryStatus,
    EmailAddress,
    InvalidEmailAddressError,
    MailDirection,
    MailLogFilter,
    MailLogSource,
    MergedMailLog,
)
from shared.mail.log import MailLogDocument, log_position
from shared.mongo import Transact
from shared.policy import Purpose
from shared.privacy import DataAccess, record_access
from shared.web import CursorPage, JsonBody, PageQuery, Paginator, RequestContext, Route, Timestamp, View, post, staff

ROLES = ("engineer", "support", "admin")
_ACCOUNT_PREFIX = "acc_"


def _require_zone(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("give the time with Z or its offset")
    try:
        return at.astimezone(UTC)
    except OverflowError as fault:  # the first or the last day of the calendar, in another zone
        raise ValueError("give a time within the years 1 to 9999 of UTC") from fault


Time = Annotated[datetime, Field(strict=False), AfterValidator(_require_zone)]


class MailLogSearchBody(JsonBody):
    """What to look for; every field may be left out. In the body, so that no address is written to an access log."""

    address: Annotated[
        str | None, Field(max_length=320, description="the recipient, or the sender of a received email")
    ] = None
    mail_id: Annotated[str | None, Field(pattern=r"^mail_[0-9a-z]{26}$")] = None
    kind: Annotated[str | None, Field(max_length=80, pattern=r"^[a-z_.]+$")] = None
    direction: Annotated[MailDirection | None, Field(strict=False)] = None
    status: Annotated[DeliveryStatus | None, Field(strict=False)] = None
    since: Time | None = None
    until: Time | None = None


class MailLogEntryView(View):
    """An attempt to send an email, or an email received."""

    entry_id: str
    at: Timestamp
    direction: str
    kind: str
    mail_id: str
    status: str
    code: int
    enhanced_code: str
    verdict: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MailLogApi:
    """The handler of the search."""

    service: str
    mail_log: MailLogSource
    outbox: Outbox
    transact: Transact
    new_id: NewId
    paginator: Paginator

    def build_routes(self) -> tuple[Route, ...]:
        """Return the route."""
        path = f"/v1/{self.service}/mail-log/search"
        return (post(path, self.search_mail_log, access=staff(*ROLES), errors=(InvalidEmailAddressError,)),)

    async def search_mail_log(
        self, call: RequestContext, query: PageQuery, body: MailLogSearchBody
    ) -> CursorPage[MailLogEntryView]:
        """Search the mail log of this service, the newest entries first.

        It has no addresses. A search for an address finds its entries of the last 90 days; the owner of the account
        sees that in "Who has seen my data".
        """
        wanted = MailLogFilter(
            address=EmailAddress(body.address).email if body.address else "",
            mail_id=body.mail_id or "",
            kind=body.kind or "",
            direction=body.direction,
            status=body.status,
            since=body.since,
            until=body.until,
        )
        found = await self.mail_log.search_entries(
            wanted, after=self.paginator.decode_cursor(call, query), limit=query.limit + 1
        )
        if wanted.address:
            await self.transact(lambda: self._record_accesses(found, call))
        return self.paginator.render(call, query, found, view=_entry_view, position=log_position)

    async def _record_accesses(self, found: list[MailLogDocument], call: RequestContext) -> None:
        for account_id in sorted({row.owner for row in found if row.owner.startswith(_ACCOUNT_PREFIX)}):
            access = DataAccess(
                entry_id=self.new_id("led"),
                account_id=account_id,
                recipient_kind="staff",
                recipient_id=call.principal.id,
                fields=[f"{self.service}.mail_log.address_index"],
                purpose=Purpose.OPERATIONS,
                basis="search of the mail log",
                accessed_at=call.now,
            )
            await record_access(self.outbox, access)


def build_mail_log_routes(chassis: Chassis, spec: ServiceSpec) -> tuple[Route, ...]:
    """Return the routes of the mail log of a service."""
    return MailLogApi(
        service=chassis.service,
        mail_log=MergedMailLog(sources=(chassis.mail_log, *spec.mail_log_sources)),
        outbox=chassis.outbox,
        transact=chassis.db.with_transaction,
        new_id=chassis.new_id,
        paginator=Paginator(chassis.token_sealer),
    ).build_routes()


def _entry_view(row: MailLogDocument) -> MailLogEntryView:
    return MailLogEntryView(
        entry_id=row.id,
        at=rfc3339(row.at),
        direction=row.direction.value,
        kind=row.kind,
        mail_id=row.mail_id,
        status=row.status.value,
        code=row.code,
        enhanced_code=row.enhanced_code,
        verdict=row.verdict,
        reason=row.reason,
    )
