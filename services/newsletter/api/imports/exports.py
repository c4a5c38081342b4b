"""Exports: the subscribers of a list as CSV."""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from aiohttp import web
from pydantic import Field

from services.newsletter.api.fields import ListId, SingleLine
from services.newsletter.errors import ListNotFoundError
from services.newsletter.service.imports.export import SubscriberExport
from shared.web import JsonBody, RequestContext, Route, post, staff

_STALL_TIMEOUT = timedelta(seconds=60)
_MAX_LOGIN_AGE = timedelta(minutes=15)


class ExportBody(JsonBody):
    """What is exported, and why."""

    list_id: ListId
    reason: Annotated[
        SingleLine, Field(min_length=3, max_length=200, description="subscribers with an account read it")
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriberExportsApi:
    """The handler of exports."""

    subscriber_export: SubscriberExport

    def build_routes(self) -> tuple[Route, ...]:
        """Return the route. The edge streams it (services/gateway)."""
        return (
            post(
                "/v1/newsletter/exports",
                self.export_subscribers,
                access=staff("admin", max_age=_MAX_LOGIN_AGE),
                replies="text/csv",
                errors=(ListNotFoundError,),
            ),
        )

    async def export_subscribers(self, call: RequestContext, body: ExportBody) -> web.StreamResponse:
        """Download the subscribers of a list with the evidence of their consent, as CSV.

        Requires a login within the last 15 minutes. Subscribers with an account see the export in "Who has seen my
        data". A cell that a spreadsheet would execute starts with a quote.
        """
        await self.subscriber_export.check_list(body.list_id)
        response = web.StreamResponse(
            headers={
                "Content-Type": "text/csv; charset=utf-8",
                "Content-Disposition": f'attachment; filename="{body.list_id}.csv"',
                "Cache-Control": "no-store",
            }
        )
        await response.prepare(call.request)
        rows = self.subscriber_export.stream_csv(body.list_id, body.reason, staff_id=call.principal.id, at=call.now)
        async with aclosing(rows):
            async for piece in rows:
                async with asyncio.timeout(_STALL_TIMEOUT.total_seconds()):
                    await response.write(piece)
        await response.write_eof()
        return response
