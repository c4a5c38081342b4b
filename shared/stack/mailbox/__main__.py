"""``python -m shared.stack.mailbox``: runs the local mailbox; the stack starts it."""

from pathlib import Path
from typing import Annotated

import typer
import uvloop

from shared.chassis import wait_for_signal
from shared.clock import utc_now
from shared.stack.mailbox.pages import serve_pages
from shared.stack.mailbox.smtp import SmtpHandler, serve_smtp
from shared.stack.mailbox.store import Mailbox


def main(
    smtp_port: Annotated[int, typer.Option(help="the port that accepts mail")],
    http_port: Annotated[int, typer.Option(help="the port of the pages")],
    folder: Annotated[Path, typer.Option(help="the folder that stores the mails")],
    host: Annotated[str, typer.Option(help="the address to listen on")] = "127.0.0.1",
) -> None:
    """Accept mail and show it until SIGTERM."""
    uvloop.run(_serve(Mailbox(folder), host, smtp_port, http_port))


async def _serve(mailbox: Mailbox, host: str, smtp_port: int, http_port: int) -> None:
    async with serve_smtp(SmtpHandler(mailbox, utc_now), host, smtp_port), serve_pages(mailbox, host, http_port):
        await wait_for_signal()


if __name__ == "__main__":
    typer.run(main)
