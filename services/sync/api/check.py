"""``python -m services.sync check URL``: tells whether a WebDAV server is good enough to sync with."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

import aiohttp
import typer
from yarl import URL

from services.sync.service.checking import NONE, NotMetError, Reply, Result, check
from shared.ids import new_token

app = typer.Typer(add_completion=False, no_args_is_help=True)
_LIMIT = aiohttp.ClientTimeout(total=60)
Text = Annotated[str, typer.Option()]


@dataclass(frozen=True, slots=True)
class HttpServer:
    """A server at the folder *base*."""

    http: aiohttp.ClientSession
    base: str

    def url(self, path: str) -> str:
        """Return the address of *path*."""
        return f"{self.base.rstrip('/')}/{quote(path)}"

    async def ask(self, method: str, path: str, headers: Mapping[str, str] = NONE, body: Any = None) -> Reply:
        """Send one request; an answer that breaks off or is none is a ConnectionError."""
        url = URL(self.url(path), encoded=True)
        try:
            async with self.http.request(method, url, headers=headers, data=body, allow_redirects=False) as reply:
                told = {name.lower(): value for name, value in reply.headers.items()}
                return Reply(reply.status, told, await reply.read())
        except (aiohttp.ClientPayloadError, aiohttp.ClientResponseError, aiohttp.ServerDisconnectedError) as fault:
            raise ConnectionError("the answer broke off, or is none") from fault


async def results_of(url: str, user: str, password: str) -> list[Result]:
    """Check the server at *url*, in a folder of its own that is deleted afterwards."""
    known = {"Authorization": aiohttp.encode_basic_auth(user, password)} if user else {}
    async with aiohttp.ClientSession(headers=known, auto_decompress=False, timeout=_LIMIT) as http:
        return [one async for one in check(HttpServer(http, url), name=f"candor-check-{new_token(64)}")]


def report(results: list[Result]) -> str:
    """Return what is told of *results*: each check once, with what it found in each of the folders."""
    lines = []
    for one in dict.fromkeys(result.check for result in results):
        faults = {result.folder: result.fault for result in results if result.check is one and result.fault}
        mark = "pass" if not faults else "FAIL" if one.needed else "miss"
        lines.append(f"{mark}  {one.title}")
        lines += (f"      {fault} (in the folder {folder!r})" for folder, fault in faults.items())
        if faults:
            lines.append(f"      Why it matters: {one.why}")
    return "\n".join((*lines, "", _verdict(results)))


def _verdict(results: list[Result]) -> str:
    if not usable(results):
        return "This server cannot be synced with safely."
    missed = len({result.check for result in results if result.fault})
    return f"This server can be synced with.{f' It misses {missed} of what makes it better.' if missed else ''}"


def usable(results: list[Result]) -> bool:
    """Tell whether everything that is needed passed."""
    return not any(result.fault and result.check.needed for result in results)


@app.command()
def check_server(
    url: Annotated[str, typer.Argument(help="the folder to check; a new folder is made in it and deleted again")],
    user: Text = "",
    password: Annotated[str, typer.Option(envvar="DAV_PASSWORD", help="better given in the environment")] = "",
) -> None:
    """Check a WebDAV server; ends with 0 when everything needed passed, 1 when not, 2 when it cannot be checked."""
    try:
        results = asyncio.run(results_of(url, user, password))
    except (NotMetError, aiohttp.ClientError, OSError, ValueError) as fault:
        typer.echo(f"This address cannot be checked: {fault}", err=True)
        raise typer.Exit(2) from fault
    typer.echo(report(results))
    raise typer.Exit(0 if usable(results) else 1)
