"""``python -m services.sync restore URL [PATH]``: restores your own files through the public API."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

import aiohttp
import typer

from services.sync.cli.client import CandorClient, CandorProblemError, NotCandorError
from shared.clock import monotonic
from shared.ids import new_token

app = typer.Typer(add_completion=False, no_args_is_help=True)
PASSWORD_VARIABLE = "CANDOR_PASSWORD"  # noqa: S105 - the name of a variable, not a secret
_REQUEST_TIMEOUT = aiohttp.ClientTimeout(total=30)
_POLL_INTERVAL = 0.5
_PROGRESS_INTERVAL = 2.0
"""Seconds between two progress messages."""
_UNREACHABLE_TIMEOUT = 120.0
"""Seconds for which an unreachable platform is polled."""
_UNITS = ("bytes", "KB", "MB", "GB")
_CONTINUES_MESSAGE = "A restore that has started continues: see Files in your privacy centre."
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_API_ERRORS = (aiohttp.ClientError, TimeoutError, NotCandorError, CandorProblemError)
_UNFINISHED = frozenset({"pending", "running"})


class RestoreCommandError(Exception):
    """Nothing was started; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreSelection:
    """What to restore: *path* from *backup_id* (empty: the newest); nothing selected lists the backups."""

    path: str
    everything: bool
    backup_id: str


@app.command(
    epilog="Exit codes: 0 everything was restored (or the backups are listed), 1 not everything, 2 nothing was started."
)
def restore(
    context: typer.Context,
    *,
    url: Annotated[str, typer.Argument(help="the URL of the platform, such as https://candor.example")],
    path: Annotated[
        str,
        typer.Argument(help="the path at the time of the backup, such as Photos/lake.jpg", show_default=False),
    ] = "",
    email: Annotated[str, typer.Option(help="the email address of your account; asked for by default")] = "",
    backup: Annotated[str, typer.Option(help="the id of a backup; the newest by default")] = "",
    everything: Annotated[bool, typer.Option("--everything", help="restore everything")] = False,
) -> None:
    """Restore a file, a folder or everything from a backup.

    Without PATH and without --everything it lists the backups that hold your files.

    No existing file is replaced: restored files stand beside them, as "name (restored date)".

    The password is read from the variable CANDOR_PASSWORD, or asked for; so is the one-time code of an account that
    has a second factor. The session is ended afterwards.

    A restore that has started goes on when this command is ended.
    """
    if path and everything:
        raise typer.BadParameter("Give PATH or --everything, not both.")
    variables: Mapping[str, str] = context.obj or {}
    try:
        base = _validate_url(url)
        email = email or _prompt_line("Mail address")
        password = variables.get(PASSWORD_VARIABLE) or str(typer.prompt("Password", hide_input=True, err=True))
        code = asyncio.run(
            _run(base, email, password, RestoreSelection(path=path, everything=everything, backup_id=backup))
        )
    except RestoreCommandError as fault:
        _print_error(str(fault))
        code = 2
    except typer.Abort:
        _print_error("There is no terminal: give --email, and set CANDOR_PASSWORD.")
        code = 2
    except KeyboardInterrupt:
        _print_error(_CONTINUES_MESSAGE)
        code = 1
    raise typer.Exit(code)


def _validate_url(url: str) -> str:
    """Return the URL without a slash at its end; RestoreCommandError when the password would be sent in plain text."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise RestoreCommandError(f"{url} is not a URL: it must begin with https://")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise RestoreCommandError(f"{url} would send your password unencrypted: use https://")
    return url.rstrip("/")


async def _run(base_url: str, email: str, password: str, selection: RestoreSelection) -> int:
    try:
        async with _open_session(base_url, email, password) as customer:
            return await _execute(customer, selection)
    except CandorProblemError as refusal:
        raise RestoreCommandError(str(refusal)) from refusal
    except NotCandorError as fault:
        raise RestoreCommandError(f"{fault}.") from fault
    except (aiohttp.ClientError, TimeoutError) as fault:
        raise RestoreCommandError(f"{base_url} cannot be reached: {str(fault) or 'no response in time'}.") from fault


@asynccontextmanager
async def _open_session(base_url: str, email: str, password: str) -> AsyncIterator[CandorClient]:
    """Log in, and log out in any case."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), timeout=_REQUEST_TIMEOUT) as http:
        customer = CandorClient(session=http, base_url=base_url)
        await customer.log_in(email, password, _prompt_code)
        try:
            yield customer
        finally:
            with suppress(*_API_ERRORS):  # the session then expires on its own
                await customer.log_out()


async def _prompt_code(label: str) -> str:
    return await asyncio.to_thread(_prompt_line, label)


def _prompt_line(label: str) -> str:
    """Prompt on stderr: stdout may be read by a program."""
    typer.echo(f"{label}: ", nl=False, err=True)
    line = sys.stdin.readline()
    if not line:
        raise typer.Abort
    return line.strip()


async def _execute(client: CandorClient, selection: RestoreSelection) -> int:
    backups = (await client.request("GET", "/v1/sync/backups/mine"))["items"]
    if not selection.path and not selection.everything:
        typer.echo(_format_backups(backups))
        return 0
    if not backups:
        raise RestoreCommandError("No backup holds your files yet. One is taken every day.")
    body = {"backup_id": selection.backup_id or backups[0]["backup_id"], "path": selection.path or None}
    requested = await client.request("POST", "/v1/sync/restores", body, idempotency_key=new_token(128))
    try:
        return _print_result(await _wait_until_finished(client, requested))
    except _API_ERRORS as fault:
        _print_error(f"The progress is no longer available: {fault}")
        _print_error(_CONTINUES_MESSAGE)
        return 1


def _format_backups(backups: list[dict[str, Any]]) -> str:
    if not backups:
        return "No backup holds your files yet. One is taken every day."
    lines = [
        f"{one['backup_id']}  created {_format_time(one['created_at'])}  kept until {_format_time(one['expires_at'])}"
        for one in backups
    ]
    return "\n".join(
        ("The backups that hold your files, newest first:", *lines, "", "Add a PATH or --everything to restore.")
    )


async def _wait_until_finished(client: CandorClient, restore: dict[str, Any]) -> dict[str, Any]:
    """Return the restore once it has ended; print its progress every few seconds."""
    last_output = last_reply = monotonic()
    address = f"/v1/sync/restores/{restore['restore_id']}"
    while restore["state"] in _UNFINISHED:
        await asyncio.sleep(_POLL_INTERVAL)
        try:
            restore = await client.request("GET", address)
            last_reply = monotonic()
        except _API_ERRORS as fault:
            if (
                isinstance(fault, CandorProblemError) and fault.status < 500
            ) or monotonic() - last_reply > _UNREACHABLE_TIMEOUT:
                raise
        if monotonic() - last_output >= _PROGRESS_INTERVAL:
            last_output = monotonic()
            typer.echo(_format_progress(restore), err=True)
    return restore


def _format_progress(restore: Mapping[str, Any]) -> str:
    if restore["state"] == "pending" or not restore["files_total"]:
        return "The restore is pending." if restore["state"] == "pending" else "The backup is being read."
    return f"{_format_counts(restore)} of {restore['files_total']} files, {_format_size(restore['bytes_total'])}"


def _print_result(restore: Mapping[str, Any]) -> int:
    """Print the result and return the exit code."""
    where = f" They are in: {restore['restored_to']}" if restore["restored_to"] else ""
    if restore["state"] == "failed":
        failure = restore["failure"]
        _print_error(f"The restore failed: {failure['detail'].rstrip('.')}. {failure['remedy']}")
        _print_error(f"{_format_counts(restore)} restored.{where}")
        return 1
    typer.echo(f"{_format_counts(restore)} restored.{where}")
    if restore["missing"]:
        _print_error(f"{restore['missing']} files are missing in this backup. Try another one.")
        return 1
    return 0


def _format_counts(restore: Mapping[str, Any]) -> str:
    return f"{restore['files']} files, {_format_size(restore['bytes'])}"


def _format_size(count: float) -> str:
    for unit in _UNITS[:-1]:
        if count < 1000:
            return f"{count:,.0f} {unit}" if unit == "bytes" else f"{count:,.1f} {unit}"
        count /= 1000
    return f"{count:,.1f} {_UNITS[-1]}"


def _format_time(text: str | None) -> str:
    return f"{text[:10]} {text[11:16]} UTC" if text else "just now"


def _print_error(message: str) -> None:
    typer.echo(message, err=True)
