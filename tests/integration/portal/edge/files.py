"""Sync, as far as pages and the restore command need it: how much is stored, backups, restores."""

from typing import Any

from aiohttp import web

from shared.clock import Clock
from tests.integration.portal.edge.answers import LATER, THEN, RefusedError, found
from tests.integration.portal.edge.tokens import Tokens

BACKUP = "bak_" + "b" * 26


class Files(Tokens):
    """One backup unless a test takes it away; a restore comes further each time that it is read."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.backups = [{"backup_id": BACKUP, "created_at": THEN, "expires_at": LATER}]
        self.restores: dict[str, dict[str, Any]] = {}
        self.slowness = 0
        """How often a restore is still running when it is read."""
        self.ends_as: dict[str, Any] = {"state": "succeeded", "files": 4, "bytes": 8_000}

    def files_routes(self) -> list[web.RouteDef]:
        return [
            web.get("/v1/sync/usage", self.usage),
            web.get("/v1/sync/backups/mine", self.my_backups),
            web.get("/v1/sync/restores", self.list_restores),
            web.post("/v1/sync/restores", self.ask_restore),
            web.get("/v1/sync/restores/{id}", self.read_restore),
        ]

    async def usage(self, request: web.Request) -> web.Response:
        self._who(request)
        space = {"files": 42, "used_bytes": 3_145_745, "quota_bytes": 10**10, "available_bytes": 10**10 - 3_145_745}
        return web.json_response(space)

    async def my_backups(self, request: web.Request) -> web.Response:
        self._who(request)
        return web.json_response({"items": self.backups})

    async def list_restores(self, request: web.Request) -> web.Response:
        self._who(request)
        return web.json_response({"items": list(self.restores.values())[::-1], "next_cursor": None})

    async def ask_restore(self, request: web.Request) -> web.Response:
        self._who(request)
        self._once(request)
        body = await request.json()
        if body["backup_id"] not in {one["backup_id"] for one in self.backups}:
            raise RefusedError(404, "sync.backup.not_found", "There is no such backup")
        if body.get("path") == "nothing":
            raise RefusedError(404, "sync.backup_path.not_found", "This backup holds nothing of that name")
        restore = a_restore(f"rst_{len(self.restores):026}", body)
        self.restores[restore["restore_id"]] = restore
        return web.json_response(restore, status=202)

    async def read_restore(self, request: web.Request) -> web.Response:
        self._who(request)
        restore = found(self.restores, request)
        if restore["state"] == "running" and self.slowness:
            self.slowness -= 1
        elif restore["state"] == "running":
            restore |= {"finished_at": THEN, **self.ends_as}
        if restore["state"] == "pending":
            restore |= {"state": "running", "restored_to": "holiday (restored 2027-01-04)", "files": 1, "bytes": 2_000}
            restore |= {"started_at": THEN, "files_total": 4, "bytes_total": 8_000}
        return web.json_response(restore)


def a_restore(restore_id: str, body: dict[str, Any]) -> dict[str, Any]:
    counts = dict.fromkeys(("files", "folders", "bytes", "missing", "files_total", "bytes_total"), 0)
    times = {"requested_at": THEN, "started_at": None, "finished_at": None}
    asked = {"restore_id": restore_id, "backup_id": body["backup_id"], "path": body.get("path"), "state": "pending"}
    return {**asked, **counts, **times, "restored_to": None, "failure": None}
