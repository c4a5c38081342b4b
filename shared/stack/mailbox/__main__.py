"""``python -m shared.stack.mailbox``: the local mailbox; the stack starts it."""

from pathlib import Path
from typing import Annotated

import typer
import uvloop

from shared.chassis import until_stopped
from shared.clock import utc_now
from shared.stack.mailbox.letters import Letters
from shared.stack.mailbox.pages import showing
from shared.stack.mailbox.smtp import Intake, accepting


def main(
    smtp_port: Annotated[int, typer.Option(help="where mail is taken")],
    http_port: Annotated[int, typer.Option(help="where it is shown")],
    folder: Annotated[Path, typer.Option(help="where it lies")],
    host: Annotated[str, typer.Option(help="the address to listen on")] = "127.0.0.1",
) -> None:
    """Take mail and show it until SIGTERM."""
    uvloop.run(_serve(Letters(folder), host, smtp_port, http_port))


async def _serve(letters: Letters, host: str, smtp_port: int, http_port: int) -> None:
    async with accepting(Intake(letters, utc_now), host, smtp_port), showing(letters, host, http_port):
        await until_stopped()


if __name__ == "__main__":
    typer.run(main)
