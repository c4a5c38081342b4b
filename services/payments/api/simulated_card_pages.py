"""The page of the simulated processor over HTTP; it exists where the simulator is the processor."""

from dataclasses import dataclass
from html import escape
from typing import Annotated

from aiohttp import web
from pydantic import Field

from services.payments.errors import CardSetupNotFoundError
from services.payments.service import SimulatedCardPageService
from shared.web import PUBLIC, FormBody, OpaqueText, RequestContext, Route, get, post

SIMULATED_PAGES = "/v1/payments/simulated-card-pages"
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Simulated card processor</title></head>
<body><main data-page="simulated-card-page"><h1>Simulated card processor</h1>
<p>A real processor asks for a card here. Choose a test card.</p>
<form method="post">{buttons}<p><button name="choice" value="">Go back without a card</button></p></form>
</main></body></html>
"""
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
}


class ChoiceForm(FormBody):
    """The chosen test card, by its name; empty for none."""

    choice: Annotated[str, Field(max_length=50), OpaqueText("looked up")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedCardPagesApi:
    """The handlers of the simulator's page."""

    page_service: SimulatedCardPageService

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes of the page."""
        path = f"{SIMULATED_PAGES}/{{page_id}}"
        return (
            get(
                path,
                self.show_simulated_card_page,
                access=PUBLIC,
                replies="text/html",
                errors=(CardSetupNotFoundError,),
            ),
            post(path, self.choose_simulated_card, access=PUBLIC, status=303, errors=(CardSetupNotFoundError,)),
        )

    async def show_simulated_card_page(self, call: RequestContext) -> web.Response:
        """Show the test cards of the simulated processor."""
        choices = await self.page_service.list_choices(call.path["page_id"])
        buttons = "".join(
            f'<p><button name="choice" value="{escape(each)}">{escape(each)}</button></p>' for each in choices
        )
        return web.Response(text=_PAGE.format(buttons=buttons), content_type="text/html", headers=_HEADERS)

    async def choose_simulated_card(self, call: RequestContext, form: ChoiceForm) -> web.Response:
        """Choose a test card of the simulated processor, or none, and go back."""
        url = await self.page_service.choose_card(call.path["page_id"], form.choice or None)
        return web.Response(status=303, headers={"Location": url})
