"""Commands of every service: ``python -m services.<service> rewrap`` and ``remove-wrap-key``.

They use the settings of the service, so they act on its database and its keyring.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Annotated

import typer

from shared.clock import utc_now
from shared.crypto import Keyring, Rewrapper, WrapKeyInUseError
from shared.crypto.keyring import replace_keyring, without_key
from shared.errors import UnavailableError
from shared.mongo import open_database
from shared.settings import CommonSettings, SettingError

Check = Annotated[bool, typer.Option("--check", help="report whether the key can be removed, without removing it")]
Now = Annotated[bool, typer.Option("--now", help="do not wait until every replica has loaded the newest key")]


def run_command(service: str, settings: CommonSettings, arguments: Sequence[str]) -> None:
    """Run the command in *arguments* and exit: 0 done, 1 work remains, 2 wrong usage or settings."""
    app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)

    @app.command()
    def rewrap(*, now: Now = False) -> None:
        """Re-wrap all subject keys under the newest wrap key, while the service is running.

        Can be interrupted and repeated at any time. Reports for each older key whether it can be removed.
        """
        _exit(service, settings, partial(_rewrap, service, now=now))

    @app.command()
    def remove_wrap_key(
        key: Annotated[str, typer.Argument(help="the id of the wrap key")],
        *,
        check: Annotated[
            bool, typer.Option("--check", help="report whether the key can be removed, without removing it")
        ] = False,
    ) -> None:
        """Remove an older wrap key from the keyring; rejected while it wraps a subject key."""
        _exit(service, settings, partial(_remove_wrap_key, settings, key=key, check=check))

    app(args=list(arguments), prog_name=f"python -m services.{service}")


def _exit(service: str, settings: CommonSettings, command: Callable[[Rewrapper], Awaitable[int]]) -> None:
    """Run *command* and exit with its code; an error is one line on stderr."""

    async def run() -> int:
        async with _open_rewrapper(settings) as rewrapper:
            return await command(rewrapper)

    try:
        sys.exit(asyncio.run(run()))
    except (SettingError, WrapKeyInUseError, OSError) as fault:
        sys.stderr.write(f"{service}: {' '.join(str(fault).split())}\n")
        sys.exit(2)
    except UnavailableError as fault:
        sys.stderr.write(f"{service}: the database does not answer ({fault.detail}); run the command again\n")
        sys.exit(1)


@asynccontextmanager
async def _open_rewrapper(settings: CommonSettings) -> AsyncIterator[Rewrapper]:
    keyring = Keyring.from_file(settings.keyring)
    url = settings.mongo_url.get_secret_value()
    async with open_database(url, settings.mongo_database, driver=settings.mongo_driver) as db:
        yield Rewrapper(db, keyring, utc_now)


async def _rewrap(service: str, rewrapper: Rewrapper, *, now: bool) -> int:
    if utc_now() < rewrapper.starts_at and not now:
        raise WrapKeyInUseError(
            f"{rewrapper.target.id} is in use from {rewrapper.starts_at:%Y-%m-%d %H:%M} UTC: restart "
            "every replica with the new keyring first, then run this again (or give --now if all of them have it)"
        )
    result = await rewrapper.run(_print_progress)
    typer.echo(f"{result.rewrapped} subject key(s) re-wrapped under {rewrapper.target.id}")
    if result.unreadable:
        typer.echo(f"{result.unreadable} subject key(s) cannot be decrypted: their wrap key is not in the keyring")
    if result.stale:
        typer.echo(f"{result.stale} subject key(s) are newer than {rewrapper.target.id}: a replica has an old keyring")
    remaining = result.unreadable + result.stale
    for usage in await rewrapper.list_usage():
        if usage.key.id != rewrapper.target.id:
            remaining += usage.subject_keys
            typer.echo(await _describe_older_key(service, rewrapper, usage.key.id))
    return 1 if remaining else 0


async def _describe_older_key(service: str, rewrapper: Rewrapper, key_id: str) -> str:
    try:
        await rewrapper.check_removable(key_id)
    except WrapKeyInUseError as fault:
        return str(fault)
    return f"{key_id} wraps no keys and can be removed: python -m services.{service} remove-wrap-key {key_id}"


async def _remove_wrap_key(settings: CommonSettings, rewrapper: Rewrapper, *, key: str, check: bool) -> int:
    await rewrapper.check_removable(key)
    if check:
        typer.echo(f"{key} wraps no keys and can be removed")
        return 0
    keyring = json.loads(settings.keyring.read_text(encoding="utf-8"))
    replace_keyring(settings.keyring, without_key(keyring, key))
    typer.echo(f"{key} removed from {settings.keyring}; restart the replicas, and delete every copy of the old keyring")
    return 0


def _print_progress(done: int, total: int) -> None:
    if total:
        typer.echo(f"{done} of {total} subject keys ({100 * done // total} %)")
