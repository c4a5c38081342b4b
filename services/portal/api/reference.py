"""The API reference: browsable without a script and without a foreign origin, and the document that it is made of."""

from aiohttp import web

from services.portal.api.frame import PageRoute, shown
from services.portal.api.visit import Visit
from services.portal.domain import error_page, error_pages
from services.portal.domain.reference import by_service
from services.portal.errors import PageNotFoundError
from services.portal.service import Reference


class ReferencePages:
    """The handlers."""

    def __init__(self, reference: Reference) -> None:
        self._reference = reference

    def routes(self) -> tuple[PageRoute, ...]:
        """Return the pages of the reference."""
        return (
            shown("/docs", self.docs),
            shown("/docs/api/{service}", self.service),
            shown("/docs/errors", self.errors),
            shown("/docs/errors/{code}", self.error),
            shown("/openapi.json", self.document),
        )

    async def docs(self, visit: Visit) -> web.Response:
        """Show what there is, and how to begin."""
        document = await self._reference.document(now=visit.now)
        return visit.page("docs.html", services=by_service(document), missing=document["x-missing"])

    async def service(self, visit: Visit) -> web.Response:
        """Show the operations of one service."""
        document = await self._reference.document(now=visit.now)
        found = by_service(document)
        name = visit.name("service")
        if name not in found:
            raise PageNotFoundError
        return visit.page("docs_service.html", service=name, operations=found[name], services=found)

    async def errors(self, visit: Visit) -> web.Response:
        """Show every stable error code."""
        return visit.page("errors.html", codes=list(error_pages().values()))

    async def error(self, visit: Visit) -> web.Response:
        """Show what one code means and what to do: the page that ``type`` of a problem opens."""
        found = error_page(visit.name("code"))
        if found is None:
            raise PageNotFoundError
        return visit.page("error.html", error=found)

    async def document(self, visit: Visit) -> web.Response:
        """Return the OpenAPI document of the whole platform."""
        document = await self._reference.document(now=visit.now)
        return web.json_response(document, headers={"Cache-Control": "public, max-age=60"})
