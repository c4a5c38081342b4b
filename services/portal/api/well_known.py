"""The addresses that programs look for: security contact, privacy signals, robots, the icon."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from aiohttp import web

from services.portal.api.frame import PageRoute, shown
from services.portal.api.statics import Statics
from services.portal.api.visit import Visit
from shared.clock import rfc3339

GOOD_FOR = timedelta(days=364)
"""RFC 9116 asks for less than a year: after that nobody knows whether the contact is still read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WellKnown:
    """The handlers."""

    public_url: str
    contact: str
    key_url: str | None
    reviewed: datetime
    """When a person last checked the contact; the file expires that much later, however often we are released."""
    statics: Statics

    def routes(self) -> tuple[PageRoute, ...]:
        """Return the well-known addresses."""
        return (
            shown("/.well-known/security.txt", self.security),
            shown("/.well-known/gpc.json", self.gpc),
            shown("/.well-known/change-password", self.change_password),
            shown("/robots.txt", self.robots),
            shown("/favicon.ico", self.icon),
            shown("/security", self.security_page),
        )

    async def security(self, _visit: Visit) -> web.Response:
        """Say where to report a security problem (RFC 9116)."""
        lines = [
            f"Contact: {self.contact}",
            f"Expires: {rfc3339(self.expires)}",
            *([f"Encryption: {self.key_url}"] if self.key_url else []),
            "Preferred-Languages: en, de",
            f"Canonical: {self.public_url}/.well-known/security.txt",
            f"Policy: {self.public_url}/security",
        ]
        return web.Response(text="\n".join(lines) + "\n")

    async def gpc(self, _visit: Visit) -> web.Response:
        """Say that Global Privacy Control is honoured: there is nothing here that it would have to stop."""
        return web.json_response({"gpc": True, "lastUpdate": f"{self.reviewed:%Y-%m-%d}"})

    async def change_password(self, visit: Visit) -> web.Response:
        """Lead password managers to the place."""
        return visit.to("/account/password")

    async def robots(self, _visit: Visit) -> web.Response:
        """Keep crawlers out of what is nobody else's business."""
        closed = ("/account", "/newsletter/", "/staff", "/sync/", "/v1/", "/oauth/")
        return web.Response(text="User-agent: *\n" + "".join(f"Disallow: {path}\n" for path in closed))

    async def icon(self, _visit: Visit) -> web.Response:
        """Answer browsers that look here without having been told."""
        return self.statics.file("icon.svg")

    async def security_page(self, visit: Visit) -> web.Response:
        """Say how reports are handled."""
        return visit.page("security.html", contact=self.contact, key_url=self.key_url, expires=rfc3339(self.expires))

    @property
    def expires(self) -> datetime:
        """When the contact must have been checked again."""
        return self.reviewed + GOOD_FOR
