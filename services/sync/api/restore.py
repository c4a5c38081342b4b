"""``python -m services.sync restore URL [PATH]``: brings a customer's own files back, through the public API alone."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

import aiohttp
import typer

from services.sync.api.customer import Customer, NoPlatformError, RefusalError
from shared.clock import monotonic
from shared.ids import new_token

app = typer.Typer(add_completion=False, no_args_is_help=True)
PASSWORD = "CANDOR_PASSWORD"  # noqa: S105 - the name of a variable, not a secret
_LIMIT = aiohttp.ClientTimeout(total=30)
_LOOK_EVERY = 0.5
_QUIET = 2.0
"""Seconds after which a restore that still runs says how far it is."""
_PATIENCE = 120.0
"""Seconds for which a platform that does not answer is asked again."""
_UNITS = ("bytes", "KB", "MB", "GB")
_GOES_ON = "A restore that has begun goes on by itself: see Files in your privacy centre."
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_FAULTS = (aiohttp.ClientError, TimeoutError, NoPlatformError, RefusalError)
_UNFINISHED = frozenset({"waiting", "running"})


class CannotError(Exception):
    """Nothing could be begun; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to come back: *path* from *backup* (empty: the latest); nothing at all is a look at the backups."""

    path: str
    everything: bool
    backup: str


@app.command(epilog="Exit codes: 0 all came back (or the backups are listed), 1 not all did, 2 nothing was begun.")
def restore(
    context: typer.Context,
    *,
    url: Annotated[str, typer.Argument(help="where the platform is, such as https://candor.example")],
    path: Annotated[
        str,
        typer.Argument(help="the file or folder as it was called then, such as Photos/lake.jpg", show_default=False),
    ] = "",
    email: Annotated[str, typer.Option(help="the address of your account; asked for when it is left out")] = "",
    backup: Annotated[str, typer.Option(help="the id of a backup; the latest when it is left out")] = "",
    everything: Annotated[bool, typer.Option("--everything", help="bring everything back")] = False,
) -> None:
    """Bring a file, a folder or everything back from a backup.

    Without PATH and without --everything it lists the backups that hold your files.

    Nothing that is there now is replaced: what comes back stands beside it, as "name (restored date)".

    The password is taken from the variable CANDOR_PASSWORD, or asked for; so is the one-time code of an account that
    has a second factor. The session is ended afterwards.

    A restore that has begun goes on by itself, also when this command is ended.
    """
    if path and everything:
        raise typer.BadParameter("Give PATH or --everything, not both.")
    variables: Mapping[str, str] = context.obj or {}
    try:
        base = _checked(url)
        email = email or _ask("Mail address")
        password = variables.get(PASSWORD) or str(typer.prompt("Password", hide_input=True, err=True))
        code = asyncio.run(_run(base, email, password, Wish(path=path, everything=everything, backup=backup)))
    except CannotError as fault:
        _complain(str(fault))
        code = 2
    except typer.Abort:
        _complain("Nobody can be asked here: give --email, and the password in CANDOR_PASSWORD.")
        code = 2
    except KeyboardInterrupt:
        _complain(_GOES_ON)
        code = 1
    raise typer.Exit(code)


def _checked(url: str) -> str:
    """Return the address without a slash at its end; CannotError for one that would carry a password in the clear."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise CannotError(f"{url} is not an address: it begins with https://")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise CannotError(f"{url} would carry your password unencrypted: use https://")
    return url.rstrip("/")


async def _run(base: str, email: str, password: str, wish: Wish) -> int:
    try:
        async with _logged_in(base, email, password) as customer:
            return await _wished(customer, wish)
    except RefusalError as refusal:
        raise CannotError(str(refusal)) from refusal
    except NoPlatformError as fault:
        raise CannotError(f"{fault}.") from fault
    except (aiohttp.ClientError, TimeoutError) as fault:
        raise CannotError(f"{base} cannot be reached: {str(fault) or 'no answer in time'}.") from fault


@asynccontextmanager
async def _logged_in(base: str, email: str, password: str) -> AsyncIterator[Customer]:
    """Log in, and out again whatever happens."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), timeout=_LIMIT) as http:
        customer = Customer(http=http, base=base)
        await customer.log_in(email, password, _ask_code)
        try:
            yield customer
        finally:
            with suppress(*_FAULTS):  # then it ends by itself, a little later
                await customer.log_out()


async def _ask_code(words: str) -> str:
    return await asyncio.to_thread(_ask, words)


def _ask(words: str) -> str:
    """Ask on stderr: what is on stdout may be read by a program."""
    typer.echo(f"{words}: ", nl=False, err=True)
    line = sys.stdin.readline()
    if not line:
        raise typer.Abort
    return line.strip()


async def _wished(customer: Customer, wish: Wish) -> int:
    held = (await customer.ask("GET", "/v1/sync/backups/mine"))["items"]
    if not wish.path and not wish.everything:
        typer.echo(_listed(held))
        return 0
    if not held:
        raise CannotError("No backup holds your files yet. One is taken every day.")
    body = {"backup_id": wish.backup or held[0]["backup_id"], "path": wish.path or None}
    asked = await customer.ask("POST", "/v1/sync/restores", body, once=new_token(128))
    try:
        return _told(await _followed(customer, asked))
    except _FAULTS as fault:
        _complain(f"It cannot be followed any more: {fault}")
        _complain(_GOES_ON)
        return 1


def _listed(held: list[dict[str, Any]]) -> str:
    if not held:
        return "No backup holds your files yet. One is taken every day."
    lines = [f"{one['backup_id']}  taken {_time(one['taken_at'])}  kept until {_time(one['ends_at'])}" for one in held]
    return "\n".join(
        ("The backups that hold your files, the latest first:", *lines, "", "Add a PATH or --everything to restore.")
    )


async def _followed(customer: Customer, restore: dict[str, Any]) -> dict[str, Any]:
    """Return the restore once it has ended; say every few seconds how far it is."""
    said = heard = monotonic()
    address = f"/v1/sync/restores/{restore['restore_id']}"
    while restore["state"] in _UNFINISHED:
        await asyncio.sleep(_LOOK_EVERY)
        try:
            restore = await customer.ask("GET", address)
            heard = monotonic()
        except _FAULTS as fault:
            if (isinstance(fault, RefusalError) and fault.status < 500) or monotonic() - heard > _PATIENCE:
                raise
        if monotonic() - said >= _QUIET:
            said = monotonic()
            typer.echo(_progress(restore), err=True)
    return restore


def _progress(restore: Mapping[str, Any]) -> str:
    if restore["state"] == "waiting" or not restore["files_wanted"]:
        return "It waits for its turn." if restore["state"] == "waiting" else "The backup is being read."
    return f"{_counted(restore)} of {restore['files_wanted']} files, {_size(restore['bytes_wanted'])}"


def _told(restore: Mapping[str, Any]) -> int:
    """Say what came of it, and return the exit code."""
    where = f" They are in: {restore['restored_to']}" if restore["restored_to"] else ""
    if restore["state"] == "failed":
        failure = restore["failure"]
        _complain(f"It ended early: {failure['detail'].rstrip('.')}. {failure['remedy']}")
        _complain(f"{_counted(restore)} came back.{where}")
        return 1
    typer.echo(f"{_counted(restore)} came back.{where}")
    if restore["missing"]:
        _complain(f"{restore['missing']} files could not: this backup does not hold what was in them. Try another one.")
        return 1
    return 0


def _counted(restore: Mapping[str, Any]) -> str:
    return f"{restore['files']} files, {_size(restore['bytes'])}"


def _size(count: float) -> str:
    for unit in _UNITS[:-1]:
        if count < 1000:
            return f"{count:,.0f} {unit}" if unit == "bytes" else f"{count:,.1f} {unit}"
        count /= 1000
    return f"{count:,.1f} {_UNITS[-1]}"


def _time(text: str | None) -> str:
    return f"{text[:10]} {text[11:16]} UTC" if text else "just now"


def _complain(words: str) -> None:
    typer.echo(words, err=True)
