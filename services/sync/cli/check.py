"""``python -m services.sync check URL``: checks whether a WebDAV server is good enough to sync with."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

import aiohttp
import typer
from yarl import URL

from services.sync.cli.conformance import NO_HEADERS, CheckFailedError, ConformanceResult, DavResponse, run_checks
from shared.ids import new_token

app = typer.Typer(add_completion=False, no_args_is_help=True)
_REQUEST_TIMEOUT = aiohttp.ClientTimeout(total=60)
TextOption = Annotated[str, typer.Option()]


@dataclass(frozen=True, slots=True)
class HttpServer:
    """A server whose base folder is *base_url*."""

    session: aiohttp.ClientSession
    base_url: str

    def build_url(self, path: str) -> str:
        """Return the URL of *path*."""
        return f"{self.base_url.rstrip('/')}/{quote(path)}"

    async def request(
        self, method: str, path: str, headers: Mapping[str, str] = NO_HEADERS, body: Any = None
    ) -> DavResponse:
        """Send one request; ConnectionError when the response is broken off or invalid."""
        url = URL(self.build_url(path), encoded=True)
        try:
            async with self.session.request(method, url, headers=headers, data=body, allow_redirects=False) as reply:
                response_headers = {name.lower(): value for name, value in reply.headers.items()}
                return DavResponse(reply.status, response_headers, await reply.read())
        except (aiohttp.ClientPayloadError, aiohttp.ClientResponseError, aiohttp.ServerDisconnectedError) as fault:
            raise ConnectionError("the response is incomplete or missing") from fault


async def collect_results(url: str, user: str, password: str) -> list[ConformanceResult]:
    """Check the server at *url* in a new folder that is deleted afterwards."""
    headers = {"Authorization": aiohttp.encode_basic_auth(user, password)} if user else {}
    async with aiohttp.ClientSession(headers=headers, auto_decompress=False, timeout=_REQUEST_TIMEOUT) as http:
        return [one async for one in run_checks(HttpServer(http, url), name=f"candor-check-{new_token(64)}")]


def format_report(results: list[ConformanceResult]) -> str:
    """Return the report of *results*: each check once, with the failures in each folder."""
    lines = []
    for one in dict.fromkeys(result.check for result in results):
        faults = {result.folder: result.failure for result in results if result.check is one and result.failure}
        mark = "pass" if not faults else "FAIL" if one.required else "miss"
        lines.append(f"{mark}  {one.title}")
        lines += (f"      {fault} (in the folder {folder!r})" for folder, fault in faults.items())
        if faults:
            lines.append(f"      Why it matters: {one.why}")
    return "\n".join((*lines, "", _format_summary(results)))


def _format_summary(results: list[ConformanceResult]) -> str:
    if not is_usable(results):
        return "This server cannot be synced with safely."
    missed = len({result.check for result in results if result.failure})
    return f"This server can be synced with.{f' It misses {missed} of what makes it better.' if missed else ''}"


def is_usable(results: list[ConformanceResult]) -> bool:
    """Tell whether all required checks passed."""
    return not any(result.failure and result.check.required for result in results)


@app.command()
def check_server(
    url: Annotated[str, typer.Argument(help="the folder to check; a new folder is created in it and deleted again")],
    user: TextOption = "",
    password: Annotated[str, typer.Option(envvar="DAV_PASSWORD", help="better set in the environment")] = "",
) -> None:
    """Check a WebDAV server; ends with 0 when everything needed passed, 1 when not, 2 when it cannot be checked."""
    try:
        results = asyncio.run(collect_results(url, user, password))
    except (CheckFailedError, aiohttp.ClientError, OSError, ValueError) as fault:
        typer.echo(f"This address cannot be checked: {fault}", err=True)
        raise typer.Exit(2) from fault
    typer.echo(format_report(results))
    raise typer.Exit(0 if is_usable(results) else 1)
