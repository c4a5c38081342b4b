"""Well-known URLs: security contact, privacy signals, robots, icon."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from aiohttp import web

from services.portal.api.context import PageContext
from services.portal.api.middleware import PageRoute, page_route
from services.portal.api.static_files import StaticFiles
from shared.clock import rfc3339

CONTACT_VALIDITY = timedelta(days=364)
"""RFC 9116 recommends less than a year, so that an outdated contact expires."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WellKnownPages:
    """Handlers of the well known pages."""

    public_url: str
    contact: str
    key_url: str | None
    reviewed_on: datetime
    """When a person last checked the contact; the expiry counts from here, not from the release."""
    static_files: StaticFiles

    def build_routes(self) -> tuple[PageRoute, ...]:
        """Return the well-known addresses."""
        return (
            page_route("/.well-known/security.txt", self.show_security_txt),
            page_route("/.well-known/gpc.json", self.show_gpc),
            page_route("/.well-known/change-password", self.redirect_to_password),
            page_route("/robots.txt", self.show_robots),
            page_route("/favicon.ico", self.show_icon),
            page_route("/security", self.show_security_page),
        )

    async def show_security_txt(self, _context: PageContext) -> web.Response:
        """Serve ``security.txt`` (RFC 9116)."""
        lines = [
            f"Contact: {self.contact}",
            f"Expires: {rfc3339(self.expires_at)}",
            *([f"Encryption: {self.key_url}"] if self.key_url else []),
            "Preferred-Languages: en, de",
            f"Canonical: {self.public_url}/.well-known/security.txt",
            f"Policy: {self.public_url}/security",
        ]
        return web.Response(text="\n".join(lines) + "\n")

    async def show_gpc(self, _context: PageContext) -> web.Response:
        """Declare support for Global Privacy Control."""
        return web.json_response({"gpc": True, "lastUpdate": f"{self.reviewed_on:%Y-%m-%d}"})

    async def redirect_to_password(self, context: PageContext) -> web.Response:
        """Redirect password managers to the change of password."""
        return context.redirect("/account/password")

    async def show_robots(self, _context: PageContext) -> web.Response:
        """Exclude private pages from crawlers."""
        closed = ("/account", "/newsletter/", "/staff", "/sync/", "/v1/", "/oauth/")
        return web.Response(text="User-agent: *\n" + "".join(f"Disallow: {path}\n" for path in closed))

    async def show_icon(self, _context: PageContext) -> web.Response:
        """Serve the icon at the path that browsers request by default."""
        return self.static_files.get_response("icon.svg")

    async def show_security_page(self, context: PageContext) -> web.Response:
        """Show how to report security problems."""
        return context.render(
            "security.html", contact=self.contact, key_url=self.key_url, expires=rfc3339(self.expires_at)
        )

    @property
    def expires_at(self) -> datetime:
        """When the contact must be reviewed again."""
        return self.reviewed_on + CONTACT_VALIDITY
