"""HTTP API of the transparency log: static files that any client of the form can read (c2sp.org/tlog-tiles)."""

from dataclasses import dataclass

from aiohttp import web

from services.disclosure.errors import EntryNotFoundError, EntryNotLoggedError, LogFileNotFoundError
from services.disclosure.service import LedgerLog
from shared.web import PUBLIC, RequestContext, Route, View, customer, get

LOG_PATH = "/v1/disclosure/log"
_TEXT, _BINARY = "text/plain; charset=utf-8", "application/octet-stream"
_FOREVER = "public, max-age=31536000, immutable"


class LedgerLogView(View):
    """How to verify the log: its origin, the key that signs it, and the address of its files."""

    origin: str
    verifier_key: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerLogApi:
    """Handlers of the log."""

    log: LedgerLog
    public_url: str

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes of the log."""
        missing = (LogFileNotFoundError,)
        return (
            get(LOG_PATH, self.get_log, access=PUBLIC),
            get(f"{LOG_PATH}/checkpoint", self.get_log_checkpoint, access=PUBLIC, errors=missing, replies=_TEXT),
            get(LOG_PATH + "/tile/{path:.+}", self.get_log_tile, access=PUBLIC, errors=missing, replies=_BINARY),
            get(
                "/v1/disclosure/ledger/mine/{entry_id}/proof",
                self.get_entry_proof,
                access=customer(),
                errors=(EntryNotFoundError, EntryNotLoggedError),
                replies=_TEXT,
            ),
        )

    async def get_log(self, _call: RequestContext) -> LedgerLogView:
        """Get the key and the address of the transparency log.

        Every entry of "Who has seen my data" is a leaf of it: a salted hash, which says nothing to anyone but the
        person it is about. Verify the whole log with `python -m services.disclosure.cli.ledger verify URL`, or with any
        program that reads C2SP tiles.
        """
        return LedgerLogView(
            origin=self.log.key.name, verifier_key=str(self.log.key), url=f"{self.public_url}{LOG_PATH}"
        )

    async def get_log_checkpoint(self, _call: RequestContext) -> web.Response:
        """Get the signed checkpoint of the log (c2sp.org/tlog-checkpoint)."""
        content = await self.log.read_checkpoint()
        return web.Response(body=content, headers={"Content-Type": _TEXT, "Cache-Control": "no-cache"})

    async def get_log_tile(self, call: RequestContext) -> web.Response:
        """Get a tile of hashes or a bundle of leaves of the log (c2sp.org/tlog-tiles)."""
        content = await self.log.read_file(f"tile/{call.path['path']}")
        return web.Response(body=content, headers={"Content-Type": _BINARY, "Cache-Control": _FOREVER})

    async def get_entry_proof(self, call: RequestContext) -> web.Response:
        """Get the proof that an entry of your ledger is in the log (c2sp.org/tlog-proof), to keep and verify offline.

        Its extra data is the salt (16 bytes) and the entry as JSON; the leaf is `candor.ledger/v1`, a newline, and the
        SHA-256 hash of the extra data.
        """
        proof = await self.log.prove_entry(call.principal.id, call.path["entry_id"], at=call.now)
        name = f"{call.path['entry_id']}.tlog-proof"
        headers = {
            "Content-Type": _TEXT,
            "Cache-Control": "no-store",
            "Content-Disposition": f'attachment; filename="{name}"',
        }
        return web.Response(body=bytes(proof), headers=headers)
