"""The WebDAV servers that are measured side by side, each as its makers or its distribution run it."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import aiohttp

from shared.bus import RpcContext, RpcHandler, RpcServer
from shared.clock import utc_now
from shared.contracts import identity_v1
from tests.bench.dav import Client, connected
from tests.bench.figure import Bench
from tests.support.fake_services import PUBLIC_URL, open_fake_services
from tests.support.parts import free_ports
from tests.support.running import running
from tests.support.vhosts import own_vhost

APACHE = "apache2"
MODULES = {
    name: f"mod_{name.removesuffix('_module')}.so"
    for name in ("mpm_event_module", "authz_core_module", "dav_module", "dav_fs_module")
}
CONF = """
ServerRoot "{home}"
PidFile "{home}/pid"
Listen 127.0.0.1:{port}
ServerName 127.0.0.1
ErrorLog "{home}/error.log"
{modules}
DocumentRoot "{home}/files"
DavLockDB "{home}/lock"
MaxKeepAliveRequests 0
<Directory "{home}/files">
Dav On
Require all granted
</Directory>
"""

ASGI_WEBDAV = "asgi-webdav"
NGINX_PROGRAM = "nginx"
NGINX = """
load_module /usr/lib/nginx/modules/ngx_http_dav_ext_module.so;
daemon off;
user root;
pid {home}/pid;
error_log {home}/error.log;
worker_processes 2;
events {{}}
http {{
  access_log off;
  client_max_body_size 0;
  client_body_temp_path {home}/bodies;
  keepalive_requests 1000000;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      root {home}/files;
      dav_methods PUT DELETE MKCOL COPY MOVE;
      dav_ext_methods PROPFIND OPTIONS;
    }}
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Server:
    """A server under test, its tree beneath *root*; *origin* is what it takes for itself in a Destination header."""

    name: str
    port: int
    root: str = "/"
    authorization: str = ""
    origin: str = ""
    files: Path | None = None
    """Where it keeps its files as they are: these are laid there, not sent."""
    best: dict[str, float] = field(default_factory=dict)

    def connected(self) -> AbstractAsyncContextManager[Client]:
        """Open a connection."""
        return connected(self.port, root=self.root, authorization=self.authorization, origin=self.origin)

    def note(self, line: str, speed: float) -> None:
        """Keep the best of all rounds."""
        self.best[line] = max(speed, self.best.get(line, 0.0))


@asynccontextmanager
async def ours(bench: Bench) -> AsyncIterator[Server]:
    """Run sync as in production: a process of its own, the database, and who answers for identity over the broker."""
    home = bench.folder / "sync"
    await asyncio.to_thread(home.mkdir)
    amqp_url = await own_vhost(bench.amqp_url, "bench-sync")
    async with open_fake_services(amqp_url) as identity:
        answer = RpcHandler("identity.credential.verify", identity_v1.CredentialVerifyRequest, _verify)
        answering = asyncio.create_task(RpcServer(identity.broker, [answer], utc_now).run())
        try:
            parts = {"MONGO_URL": bench.mongo_url, "AMQP_URL": amqp_url}
            async with running("sync", parts=parts, neighbours=identity, home=home) as started:
                secret = aiohttp.encode_basic_auth("ada", "password")
                yield Server(
                    "ours",
                    started.port,
                    root="/sync/ada/",
                    authorization=f"Authorization: {secret}\r\n",
                    origin=PUBLIC_URL,
                )
        finally:
            answering.cancel()
            await asyncio.gather(answering, return_exceptions=True)


async def _verify(request: identity_v1.CredentialVerifyRequest, _: RpcContext) -> identity_v1.CredentialVerifyReply:
    """Accept every app password."""
    reply = identity_v1.CredentialVerifyReply(
        accepted=True, account_id=f"acc_{request.username}", app_password_id="app_bench", scope="read_write"
    )
    reply.expires_at.FromDatetime(utc_now() + timedelta(days=1))
    return reply


@asynccontextmanager
async def wsgidav(home: Path) -> AsyncIterator[Server]:
    """Run wsgidav on the threaded server that it brings along (the faster cheroot is a package of its own)."""
    files, port = home / "files", free_ports()["payments"]
    await asyncio.to_thread(files.mkdir, parents=True)
    command = (sys.executable, "-m", "tests.bench.wsgidav_server", str(files), str(port))
    async with process(command, home / "log", port):
        yield Server("wsgidav", port, files=files)


@asynccontextmanager
async def apache(home: Path) -> AsyncIterator[Server]:
    """Run Apache with mod_dav in the foreground, its files owned by the current user."""
    files, port = home / "files", free_ports()["payments"]
    await asyncio.to_thread(files.mkdir, parents=True)
    modules = "\n".join(f"LoadModule {name} /usr/lib/apache2/modules/{file}" for name, file in MODULES.items())
    conf = home / "conf"
    await asyncio.to_thread(conf.write_text, CONF.format(home=home, port=port, modules=modules), encoding="utf-8")
    async with process((APACHE, "-f", str(conf), "-D", "FOREGROUND"), home / "log", port):
        # Started by root, its children give that up.
        await asyncio.to_thread(open_to_all, home)
        yield Server("Apache", port, files=files)


def open_to_all(home: Path) -> None:
    """Let every user write there, and go through the folders above."""
    for folder in (home, home / "files"):
        folder.chmod(0o777)
    home.parent.chmod(0o711)


@asynccontextmanager
async def nginx(home: Path) -> AsyncIterator[Server]:
    """Run nginx with its own DAV module and the one that adds PROPFIND."""
    files, port = home / "files", free_ports()["payments"]
    await asyncio.to_thread(files.mkdir, parents=True)
    conf = home / "conf"
    await asyncio.to_thread(conf.write_text, NGINX.format(home=home, port=port), encoding="utf-8")
    async with process((NGINX_PROGRAM, "-p", str(home), "-c", str(conf)), home / "log", port):
        yield Server("nginx", port, files=files)


@asynccontextmanager
async def rclone(home: Path) -> AsyncIterator[Server]:
    """Run what rclone serves."""
    files, port = home / "files", free_ports()["payments"]
    await asyncio.to_thread(files.mkdir, parents=True)
    command = ("rclone", "serve", "webdav", "--config", "/dev/null", "--addr", f"127.0.0.1:{port}", str(files))
    async with process(command, home / "log", port):
        yield Server("rclone", port, files=files)


@asynccontextmanager
async def asgi_webdav(home: Path) -> AsyncIterator[Server]:
    """Run asgi-webdav on the server that it brings along; it needs a password."""
    files, port = home / "files", free_ports()["payments"]
    await asyncio.to_thread(files.mkdir, parents=True)
    command = (ASGI_WEBDAV, "--port", str(port), "--root-path", str(files), "--user", "ada", "password")
    async with process(command, home / "log", port):
        secret = aiohttp.encode_basic_auth("ada", "password")
        yield Server("asgi-webdav", port, authorization=f"Authorization: {secret}\r\n", files=files)


OTHERS = {APACHE: apache, NGINX_PROGRAM: nginx, "rclone": rclone, ASGI_WEBDAV: asgi_webdav}


@asynccontextmanager
async def process(command: tuple[str, ...], log: Path, port: int) -> AsyncIterator[None]:
    """Run *command* until the context ends; it begins once *port* answers."""
    with log.open("wb") as out:
        child = await asyncio.create_subprocess_exec(*command, stdout=out, stderr=out)
    try:
        await _answers(child, log, port)
        yield
    finally:
        if child.returncode is None:
            child.terminate()
        await child.wait()


async def _answers(child: asyncio.subprocess.Process, log: Path, port: int) -> None:
    for _ in range(200):
        if child.returncode is not None:
            raise RuntimeError(await asyncio.to_thread(log.read_text, encoding="utf-8"))
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.1)
        else:
            writer.close()
            return
    raise TimeoutError
