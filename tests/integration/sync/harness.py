"""A sync service in this process: real database, real disk, real sockets; a list of devices stands for identity."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import aiohttp
from lxml import etree
from yarl import URL

from services.sync.app import SyncModule, build_spec, wire
from services.sync.domain.devices import Device
from services.sync.service.tree.write_queue import BLOB_GRACE
from services.sync.settings import Settings
from services.sync.store import DOCUMENTS
from shared.chassis import Chassis, serve
from shared.chassis.run import build_service_app
from shared.chassis.spec import DOCUMENTS as CHASSIS_DOCUMENTS
from shared.chassis.spec import open_chassis
from shared.clock import utc_now
from shared.crypto import make_keyring
from shared.crypto.keyring import dump_keyring
from shared.ids import new_grouped_secret, new_id
from shared.settings import Secret
from tests.support.http import PUBLIC_URL, KnownTrust, Reply
from tests.support.listening import listening_registry

Headers = Mapping[str, str]
NONE: Headers = {}
MIB = 1 << 20


@dataclass(slots=True)
class DavClients:
    """The app passwords that identity knows."""

    known: dict[tuple[str, str], Device] = field(default_factory=dict)
    asked: int = 0

    async def verify(self, username: str, password: Secret) -> Device | None:
        """Answer as identity would."""
        self.asked += 1
        await asyncio.sleep(0.01)
        return self.known.get((username, password.get_secret_value()))

    def add(self, username: str, *, scope: str = "read_write") -> tuple[str, str]:
        """Return the id and the password of a new device of *username*, whose account is ``acc_<username>``."""
        device, password = new_id("app"), new_grouped_secret()
        self.known[username, password] = Device(
            account=f"acc_{username}",
            username=username,
            id=device,
            can_write=scope == "read_write",
            expires_at=utc_now() + timedelta(days=1),
        )
        return device, password


@dataclass(slots=True, kw_only=True)
class DavClient:
    """A customer's device: it speaks WebDAV with an app password."""

    url: str
    http: aiohttp.ClientSession
    username: str
    device: str
    password: str

    @property
    def account(self) -> str:
        return f"acc_{self.username}"

    @property
    def authorization(self) -> Headers:
        return {"Authorization": aiohttp.encode_basic_auth(self.username, self.password)}

    def path(self, path: str) -> str:
        return f"/sync/{self.username}/{quote(path)}"

    def public(self, path: str) -> str:
        """Return the address as the world outside sees it."""
        return PUBLIC_URL + self.path(path)

    async def ask(self, method: str, path: str, headers: Headers = NONE, body: Any = None) -> Reply:
        return await self.raw(method, self.path(path), headers, body)

    async def raw(self, method: str, target: str, headers: Headers = NONE, body: Any = None) -> Reply:
        if isinstance(body, bytes) and len(body) >= MIB:
            body = BytesIO(body)
        url, sent = URL(self.url + target, encoded=True), {**self.authorization, **headers}
        async with self.http.request(method, url, headers=sent, data=body, allow_redirects=False) as reply:
            return Reply(reply.status, reply.headers, await reply.read())

    async def put(self, path: str, body: bytes = b"", headers: Headers = NONE) -> Reply:
        return await self.ask("PUT", path, headers, body)

    async def get(self, path: str, headers: Headers = NONE) -> Reply:
        return await self.ask("GET", path, headers)

    async def mkcol(self, path: str) -> Reply:
        return await self.ask("MKCOL", path)

    async def delete(self, path: str, headers: Headers = NONE) -> Reply:
        return await self.ask("DELETE", path, headers)

    async def move(self, path: str, to: str, headers: Headers = NONE) -> Reply:
        return await self.ask("MOVE", path, {"Destination": self.public(to), **headers})

    async def copy(self, path: str, to: str, headers: Headers = NONE) -> Reply:
        return await self.ask("COPY", path, {"Destination": self.public(to), **headers})

    async def etag(self, path: str) -> str:
        return (await self.properties(path, "getetag"))["getetag"]

    async def properties(self, path: str, *names: str) -> dict[str, str]:
        """Return the texts of some live properties of what is at *path*."""
        wanted = "".join(f"<{name}/>" for name in names)
        body = f'<propfind xmlns="DAV:"><prop>{wanted}</prop></propfind>'
        reply = await self.ask("PROPFIND", path, {"Depth": "0"}, body)
        assert reply.status == 207, reply
        found = xpath(reply.body, "//d:propstat[contains(d:status, '200')]/d:prop/*")
        return {etree.QName(each).localname: "".join(each.itertext()) for each in found}

    async def names(self, path: str = "") -> set[str]:
        """Return the last parts of the addresses of what is in the folder *path*."""
        reply = await self.ask("PROPFIND", path, {"Depth": "1"})
        assert reply.status == 207, reply
        hrefs = xpath(reply.body, "//d:response/d:href/text()")
        own = self.path(path).rstrip("/") + "/"
        return {href.removeprefix(own) for href in hrefs} - {""}

    async def lock(self, path: str, *, scope: str = "exclusive", depth: str = "infinity", **headers: str) -> str:
        """Lock what is at *path* and return the token."""
        reply = await self.ask("LOCK", path, {"Depth": depth, **headers}, lock_body(scope))
        assert reply.status in (200, 201), reply
        return reply.headers["Lock-Token"].strip("<>")


def xpath(body: bytes, path: str, **namespaces: str) -> list[Any]:
    """Return what *path* finds in the XML *body*; d: is DAV:."""
    return cast("list[Any]", etree.fromstring(body).xpath(path, namespaces={"d": "DAV:", **namespaces}))


def lock_body(scope: str = "exclusive") -> str:
    return (
        f'<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:{scope}/></D:lockscope>'
        "<D:locktype><D:write/></D:locktype><D:owner>Ada</D:owner></D:lockinfo>"
    )


@dataclass(slots=True, kw_only=True)
class SyncHarness:
    """The service and who stands around it."""

    url: str
    http: aiohttp.ClientSession
    sync: SyncModule
    chassis: Chassis
    settings: Settings
    devices: DavClients
    trust: KnownTrust
    folder: Path

    def device(self, username: str | None = None, *, scope: str = "read_write") -> DavClient:
        """Return a new device, of a new customer or of *username*."""
        username = username or new_id("ada")
        device, password = self.devices.add(username, scope=scope)
        return DavClient(url=self.url, http=self.http, username=username, device=device, password=password)

    async def usage(self, device: DavClient) -> tuple[int, int]:
        """Return how many files and bytes the device's account holds."""
        space = await self.sync.reader.get_usage(device.account)
        return space.files, space.used_bytes

    async def has_room_reserved(self, device: DavClient) -> bool:
        """Tell whether an upload of the device's account holds room."""
        return (await self.sync.reader.get_usage(device.account)).reserved_bytes > 0

    async def has_no_room_reserved(self, device: DavClient) -> bool:
        """Tell whether none does."""
        return not await self.has_room_reserved(device)

    async def collect(self, *, later: timedelta = BLOB_GRACE) -> None:
        """Delete unused contents, also those that a client may still be reading."""
        clock = lambda: utc_now() + later + timedelta(seconds=1)  # noqa: E731 - one line that says it all
        await replace(self.sync.garbage_collector, clock=clock).collect()

    def blobs(self) -> int:
        """Return how many files the blob store holds, unfinished ones too."""
        return sum(1 for path in (self.folder / "blobs").rglob("*") if path.is_file())


@asynccontextmanager
async def open_harness(
    folder: Path, *, mongo_url: str, amqp_url: str, port: int = 0, blobs: str = "folder"
) -> AsyncIterator[SyncHarness]:
    """Open a harness with its files in *folder*; its workers do not run, a test calls what it needs.

    With a *port* its public address is that port, for clients that need no edge in front.
    """
    keyring = folder / "keyring.json"
    keyring.write_text(dump_keyring(make_keyring(("wrap", "blind", "link"), at=utc_now())), encoding="utf-8")
    env = {
        "CANDOR_MODE": "local",
        "CANDOR_PUBLIC_URL": f"http://127.0.0.1:{port}" if port else PUBLIC_URL,
        "CANDOR_KEYRING": str(keyring),
        "CANDOR_DATA": str(folder),
        "MONGO_URL": mongo_url,
        "MONGO_DRIVER": os.environ.get("MONGO_DRIVER", "motor"),
        "MONGO_DATABASE": new_id("test"),
        "AMQP_URL": amqp_url,
        "SMTP_URL": "smtp://127.0.0.1:9",
        "SYNC_BLOB_STORE": blobs,
    }
    settings = Settings.from_env(env)
    async with open_chassis("sync", settings.common, registry=listening_registry()) as chassis:
        await chassis.db.ensure_collections((*CHASSIS_DOCUMENTS, *DOCUMENTS))
        async with serving(chassis, settings, folder, port=port) as harness:
            yield harness


@asynccontextmanager
async def serving(chassis: Chassis, settings: Settings, folder: Path, *, port: int = 0) -> AsyncIterator[SyncHarness]:
    """Serve sync with *settings*."""
    devices, trust = DavClients(), KnownTrust()
    sync = wire(chassis, settings, verify=devices.verify)
    app = build_service_app(chassis, build_spec(chassis, sync), token_trust=trust)
    session = aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False, timeout=aiohttp.ClientTimeout(total=30)
    )
    async with serve(app, "127.0.0.1", port) as url, session as http:
        yield SyncHarness(
            url=url,
            http=http,
            sync=sync,
            chassis=chassis,
            settings=settings,
            devices=devices,
            trust=trust,
            folder=folder,
        )
