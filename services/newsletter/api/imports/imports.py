"""Imports: upload a file, read what it holds, decide, follow the progress."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from services.newsletter.api.fields import EDITOR_ROLES, ListId, SingleLine
from services.newsletter.domain.imports.imports import (
    ContactImport,
    ContactOutcome,
    ImportAction,
    ImportDecision,
)
from services.newsletter.errors import ListNotFoundError
from services.newsletter.errors.imports import ContactFileError, ImportNotFoundError, ImportStartedError
from services.newsletter.service.imports.processing import ContactImporter
from services.newsletter.service.imports.reading import ContactFileReader
from shared.clock import rfc3339
from shared.errors import TooLargeError
from shared.web import (
    CursorPage,
    JsonBody,
    PageQuery,
    Paginator,
    Query,
    RequestContext,
    Route,
    Timestamp,
    View,
    get,
    iter_body,
    post,
    staff,
)

MAX_UPLOAD_BYTES = 512 * 2**20


class UploadQuery(Query):
    """The list that a file is for."""

    list_id: ListId
    file_name: Annotated[
        SingleLine,
        Field(
            max_length=100,
            pattern=r"^[^/\\]*$",
            description="Mailchimp's unsubscribed_… and cleaned_… are known by their name.",
        ),
    ] = ""


class StartImportBody(JsonBody):
    """What is done with the contacts, and why."""

    action: Annotated[ImportAction, Field(strict=False)]
    reason: Annotated[SingleLine, Field(min_length=3, max_length=300, description="why you write, as recipients read")]
    origin: Annotated[
        SingleLine, Field(min_length=3, max_length=300, description="where the addresses come from, as recipients read")
    ]


class RefusedRowView(View):
    """A row that cannot be used."""

    file: str
    line: int
    code: str


class ContactImportView(View):
    """An import and its progress."""

    import_id: str
    list_id: str
    state: str
    contact_count: int
    suppressed_count: int
    """How many contacts the file itself says have left or failed; they are suppressed, whatever the action."""
    processed_count: int
    refused_count: int
    refused_rows: list[RefusedRowView]
    """The first 200 of them."""
    action: str | None
    reason: str
    origin: str
    counts: dict[str, int]
    created_at: Timestamp
    finished_at: Timestamp | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportsApi:
    """The handlers of imports."""

    reader: ContactFileReader
    importer: ContactImporter
    paginator: Paginator

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes. The edge streams the first one (services/gateway)."""
        root, editors = "/v1/newsletter/imports", staff(*EDITOR_ROLES)
        one = f"{root}/{{import_id}}"
        refusals = (ImportNotFoundError, ImportStartedError)
        return (
            post(
                root,
                self.upload_contacts,
                access=editors,
                status=201,
                errors=(ListNotFoundError, ContactFileError, TooLargeError),
            ),
            get(root, self.list_imports, access=editors),
            get(one, self.get_import, access=editors, errors=(ImportNotFoundError,)),
            post(f"{one}/start", self.start_import, access=editors, status=202, idempotent=True, errors=refusals),
            post(f"{one}/cancel", self.cancel_import, access=editors, idempotent=True, errors=refusals),
        )

    async def upload_contacts(self, call: RequestContext, query: UploadQuery) -> ContactImportView:
        """Upload a file of contacts for a list: CSV, or a ZIP of CSV files, as the body.

        Exports of Mailchimp, Substack, Ghost and listmonk are known, and any CSV with an address column. Nothing
        happens before you start the import. A file that cannot be read as a whole is refused with the line.
        """
        found = await self.reader.read_file(
            query.list_id,
            iter_body(call.request, limit=MAX_UPLOAD_BYTES),
            file_name=query.file_name,
            staff_id=call.principal.id,
            at=call.now,
        )
        return _import_view(found)

    async def list_imports(self, call: RequestContext, query: PageQuery) -> CursorPage[ContactImportView]:
        """List the imports."""
        found = await self.importer.list_imports(after=self.paginator.decode_cursor(call, query), limit=query.limit + 1)
        return self.paginator.render(call, query, found, view=_import_view, position=lambda each: each.import_id)

    async def get_import(self, call: RequestContext) -> ContactImportView:
        """Get an import with its refused rows and its progress."""
        return _import_view(await self.importer.get(call.path["import_id"]))

    async def start_import(self, call: RequestContext, body: StartImportBody) -> ContactImportView:
        """Invite the contacts to a double opt-in, one email each, or suppress them. No file subscribes anybody."""
        decision = ImportDecision(
            action=body.action,
            reason=body.reason,
            origin=body.origin,
            staff_id=call.principal.id,
            decided_at=call.now,
        )
        return _import_view(await self.importer.start(call.path["import_id"], decision))

    async def cancel_import(self, call: RequestContext) -> ContactImportView:
        """Cancel an import and delete its unprocessed contacts."""
        return _import_view(await self.importer.cancel(call.path["import_id"], at=call.now))


def _import_view(found: ContactImport) -> ContactImportView:
    decision = found.decision
    return ContactImportView(
        import_id=found.import_id,
        list_id=found.list_id,
        state=found.state.value,
        contact_count=found.contact_count,
        suppressed_count=found.suppressed_count,
        processed_count=found.processed_count,
        refused_count=found.refused_count,
        refused_rows=[RefusedRowView(file=row.file, line=row.line, code=row.code) for row in found.refused_rows],
        action=decision.action.value if decision else None,
        reason=decision.reason if decision else "",
        origin=decision.origin if decision else "",
        counts={outcome.value: found.counts.get(outcome, 0) for outcome in ContactOutcome},
        created_at=rfc3339(found.created_at),
        finished_at=rfc3339(found.finished_at) if found.finished_at else None,
    )
