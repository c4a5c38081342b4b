"""``python -m shared.bus``: manage the dead letters and the permissions of a broker."""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Coroutine
from typing import Annotated, NoReturn, TypeVar
from urllib.parse import quote, unquote, urlsplit

import aiohttp
import typer
from aio_pika.exceptions import AMQPError
from pydantic import Field
from rich.console import Console
from rich.table import Table

from shared import observe
from shared.bus.dead_letters import DeadLetter, DeadLetters, QueueNotFoundError, ReplayFailedError, open_connection
from shared.bus.permissions import build_definitions
from shared.registry import get_registry
from shared.settings import AmqpUrl, EnvSettings, SettingError

T = TypeVar("T")
_DEAD_LETTER_SUFFIX = ".dead"
_API_TIMEOUT = aiohttp.ClientTimeout(total=10)

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Manage the queues of the broker at AMQP_URL.")
dead_letters_app = typer.Typer(no_args_is_help=True, help="List, replay and drop dead letters.")
app.add_typer(dead_letters_app, name="dead")

Queue = Annotated[str, typer.Argument(help="the work queue, such as payments.erasure")]
Ids = Annotated[
    list[str] | None, typer.Option("--id", help="only the dead letter with this id; repeat the option for several")
]


class BrokerSettings(EnvSettings):
    """The addresses of the broker."""

    amqp_url: AmqpUrl = Field(
        validation_alias="AMQP_URL", examples=["amqp://candor:secret@127.0.0.1:5672/"], description="the broker"
    )
    management_url: str | None = Field(
        None,
        validation_alias="AMQP_MANAGEMENT_URL",
        description="the management API of the broker; default: the port that the local stack uses",
    )


@app.command()
def definitions(
    vhost: Annotated[str, typer.Option(help="the virtual host of the platform")] = "/",
) -> None:
    """Print the users, permissions and exchanges of all services, for `rabbitmqctl import_definitions`.

    The users have no password, so they cannot log in: set one for each with `rabbitmqctl change_password`.
    """
    print(json.dumps(build_definitions(get_registry(), {}, vhost=vhost), indent=2))


@dead_letters_app.command("list")
def list_dead_letters(
    queue: Annotated[list[str] | None, typer.Argument(help="the work queues; without any, all of the broker")] = None,
    limit: Annotated[int, typer.Option(help="dead letters shown of each queue")] = 20,
) -> None:
    """Show how many dead letters each queue has, and the first of them; never their contents.

    Without names the queues are read from the broker's management API: AMQP_MANAGEMENT_URL, or on the host of AMQP_URL.
    """

    async def read(url: str) -> dict[str, tuple[int, list[DeadLetter]]]:
        by_queue: dict[str, tuple[int, list[DeadLetter]]] = {}
        async with open_connection(url) as connection:
            for name in queue or await _list_work_queues(url):
                dead_letters = DeadLetters(connection, name)
                by_queue[name] = (await dead_letters.count(), await dead_letters.list(limit))
        return by_queue

    for name, (count, dead_letters) in _run_command(read).items():
        print(f"{name}: {count} dead")
        if dead_letters:
            _print_dead_letters(dead_letters)


@dead_letters_app.command()
def replay(queue: Queue, ids: Ids = None) -> None:
    """Move dead letters back to their queue with the same id; one that fails again is dead-lettered again."""

    async def move(url: str) -> int:
        async with open_connection(url) as connection:
            return await DeadLetters(connection, queue).replay_messages(ids or ())

    print(f"{_run_command(move)} replayed to {queue}")


@dead_letters_app.command()
def drop(
    queue: Queue, ids: Ids = None, *, yes: Annotated[bool, typer.Option("--yes", help="skip the confirmation")] = False
) -> None:
    """Delete dead letters permanently."""
    if not yes:
        typer.confirm(f"Delete {'these' if ids else 'all'} dead letters of {queue} for good?", abort=True)

    async def delete(url: str) -> int:
        async with open_connection(url) as connection:
            return await DeadLetters(connection, queue).delete(ids or ())

    print(f"{_run_command(delete)} dropped from {queue}{_DEAD_LETTER_SUFFIX}")


def _print_dead_letters(dead_letters: list[DeadLetter]) -> None:
    table = Table("id", "type", "published", "dead-lettered", "reason", box=None)
    for dead_letter in dead_letters:
        table.add_row(
            dead_letter.id, dead_letter.type, dead_letter.published_at, dead_letter.dead_lettered_at, dead_letter.reason
        )
    Console(width=None if sys.stdout.isatty() else 200).print(table)


async def _list_work_queues(url: str) -> list[str]:
    """Return the work queues that have a dead-letter queue; AMQP itself cannot list queues."""
    parts = urlsplit(url)
    host = quote(unquote(parts.path.removeprefix("/")) or "/", safe="")
    login = aiohttp.encode_basic_auth(unquote(parts.username or "guest"), unquote(parts.password or "guest"))
    async with (
        aiohttp.ClientSession(headers={"Authorization": login}, timeout=_API_TIMEOUT, raise_for_status=True) as session,
        session.get(f"{_management_url(url)}/api/queues/{host}", params={"columns": "name"}) as response,
    ):
        names = [str(queue["name"]) for queue in await response.json()]
    return sorted(name.removesuffix(_DEAD_LETTER_SUFFIX) for name in names if name.endswith(_DEAD_LETTER_SUFFIX))


def _management_url(url: str) -> str:
    """Return the address of the management API: the setting, else the port that the local stack uses."""
    configured = BrokerSettings.read(os.environ).management_url
    if configured:
        return configured.rstrip("/")
    parts = urlsplit(url)
    port = parts.port or 5672
    return f"http://{parts.hostname}:{15672 if port in (5671, 5672) else port + 2}"


def _run_command(command: Callable[[str], Coroutine[None, None, T]]) -> T:
    return asyncio.run(command(BrokerSettings.read(os.environ).amqp_url.get_secret_value()))


def main() -> None:
    """Run the command. Errors are one line: exit code 2 for a wrong setting, 1 for a failure of the broker."""
    observe.configure_logging("bus", "critical")
    try:
        app()
    except SettingError as fault:
        _exit(str(fault), code=2)
    except (QueueNotFoundError, ReplayFailedError) as fault:
        _exit(str(fault))
    except aiohttp.ClientError as fault:
        _exit(f"the management API ({type(fault).__name__}): set AMQP_MANAGEMENT_URL, or name the queues")
    except (AMQPError, OSError, TimeoutError) as fault:
        # Only the class: the message may repeat the address, and the password in it.
        _exit(f"AMQP_URL: the broker does not answer ({type(fault).__name__})")


def _exit(message: str, *, code: int = 1) -> NoReturn:
    print(message, file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
