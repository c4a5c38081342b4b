"""Pages of the API reference, and the merged OpenAPI document."""

from aiohttp import web

from services.portal.api.context import PageContext
from services.portal.api.middleware import PageRoute, page_route
from services.portal.domain import find_error_page, list_error_pages
from services.portal.domain.reference import group_by_service
from services.portal.errors import PageNotFoundError
from services.portal.service import ApiReference


class ReferencePages:
    """Handlers of the reference pages."""

    def __init__(self, reference: ApiReference) -> None:
        self._reference = reference

    def build_routes(self) -> tuple[PageRoute, ...]:
        """Return the pages of the reference."""
        return (
            page_route("/docs", self.show_docs),
            page_route("/docs/api/{service}", self.show_service),
            page_route("/docs/errors", self.show_error_codes),
            page_route("/docs/errors/{code}", self.show_error_code),
            page_route("/openapi.json", self.show_openapi),
        )

    async def show_docs(self, context: PageContext) -> web.Response:
        """Show all services and how to get started."""
        document = await self._reference.get_document(now=context.now)
        return context.render("docs.html", services=group_by_service(document), missing=document["x-missing"])

    async def show_service(self, context: PageContext) -> web.Response:
        """Show the operations of one service."""
        document = await self._reference.get_document(now=context.now)
        found = group_by_service(document)
        name = context.get_path_variable("service")
        if name not in found:
            raise PageNotFoundError
        return context.render("docs_service.html", service=name, operations=found[name], services=found)

    async def show_error_codes(self, context: PageContext) -> web.Response:
        """Show every stable error code."""
        return context.render("errors.html", codes=list(list_error_pages().values()))

    async def show_error_code(self, context: PageContext) -> web.Response:
        """Show one error code: the page that the ``type`` of a problem links to."""
        found = find_error_page(context.get_path_variable("code"))
        if found is None:
            raise PageNotFoundError
        return context.render("error.html", error=found)

    async def show_openapi(self, context: PageContext) -> web.Response:
        """Return the OpenAPI document of the whole platform."""
        document = await self._reference.get_document(now=context.now)
        return web.json_response(document, headers={"Cache-Control": "public, max-age=60"})
