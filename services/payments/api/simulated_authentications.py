"""The page of the simulated bank over HTTP; it exists where the simulator is the processor."""

from dataclasses import dataclass

from aiohttp import web

from services.payments.errors import ChargeNotFoundError
from services.payments.service import SimulatedAuthenticationService
from shared.web import PUBLIC, RequestContext, Route, get, post

SIMULATED_AUTHENTICATIONS = "/v1/payments/simulated-authentications"
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Simulated bank</title></head>
<body><main data-page="simulated-authentication"><h1>Simulated bank</h1>
<p>A real bank asks here whether you want to pay. The test card decides whether it succeeds.</p>
<form method="post"><p><button>Confirm the payment</button></p></form>
</main></body></html>
"""
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedAuthenticationsApi:
    """The handlers of the simulated bank's page."""

    authentication_service: SimulatedAuthenticationService

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes of the page."""
        path = f"{SIMULATED_AUTHENTICATIONS}/{{payment_id}}"
        return (
            get(path, self.show_simulated_authentication, access=PUBLIC, replies="text/html"),
            post(
                path,
                self.confirm_simulated_authentication,
                access=PUBLIC,
                status=303,
                errors=(ChargeNotFoundError,),
            ),
        )

    async def show_simulated_authentication(self, _call: RequestContext) -> web.Response:
        """Show the page of the simulated bank."""
        return web.Response(text=_PAGE, content_type="text/html", headers=_HEADERS)

    async def confirm_simulated_authentication(self, call: RequestContext) -> web.Response:
        """Authenticate at the simulated bank, and go back."""
        url = await self.authentication_service.authenticate(call.path["payment_id"])
        return web.Response(status=303, headers={"Location": url})
