"""``python -m shared.stack``: run, up, down, status, doctor, logs, promises. The Makefile calls it."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from shared.settings import SettingError
from shared.stack import background
from shared.stack.board import Board, print_addresses, print_failure, print_parts
from shared.stack.doctor import Finding, examine, obstacles
from shared.stack.home import Home, HomeInUseError
from shared.stack.promises import PromisesError, ask_board
from shared.stack.report import Report, read_report
from shared.stack.settings import StackSettings, environment
from shared.stack.supervisor import supervise

app = typer.Typer(
    add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help="The stack on this machine."
)
console = Console(highlight=False)


@app.command()
def run() -> None:
    """Run the stack here; Ctrl-C ends it and everything that it started."""
    settings = _settings()
    _refuse_obstacles(settings)
    home = Home(settings.home)
    board = Board(console)
    console.print(f"Candor starts at {settings.public_url} [dim](data: {home.root})[/]")
    with board.open():
        code = asyncio.run(_supervised(settings, board, home))
    raise typer.Exit(code)


@app.command()
def up() -> None:
    """Start the stack in the background; return when every part answers."""
    settings = _settings()
    home = Home(settings.home)
    if home.in_use():
        console.print(f"A stack runs already in {home.root}.")
        report = background.watch(home, Board(console), lives=home.in_use)
    else:
        _refuse_obstacles(settings)
        console.print(f"Candor starts at {settings.public_url} [dim](data: {home.root})[/]")
        child = background.begin(settings)
        try:
            report = background.watch(home, Board(console), lives=lambda: child.poll() is None)
            if report.phase == "failed":
                child.wait()  # it has told and now ends: whoever starts it again finds nothing of it
        except KeyboardInterrupt:
            child.terminate()
            child.wait()
            raise typer.Exit(130) from None
    raise typer.Exit(_told(report, home))


@app.command()
def down() -> None:
    """End the stack that runs in the background, or anywhere else with this CANDOR_HOME."""
    home = Home(_settings().home)
    ended = background.end(home)
    console.print(f"Ended: the stack of {home.root}." if ended else f"No stack runs in {home.root}.")


@app.command()
def status() -> None:
    """Print how each part stands; exit 0 when all are ready, 3 when no stack runs."""
    home = Home(_settings().home)
    report = read_report(home)
    if report is None or not home.in_use():
        console.print(f"No stack runs in {home.root}: make up")
        raise typer.Exit(3)
    print_parts(console, report)
    print_addresses(console, report, home)
    raise typer.Exit(1 if report.waiting else 0)


@app.command()
def doctor() -> None:
    """Look at everything that the stack needs; exit 1 when something is missing or wrong."""
    findings = asyncio.run(examine(environment()))
    for finding in findings:
        _print_finding(finding)
    wrong = sum(not finding.ok for finding in findings)
    console.print(f"\n{wrong} thing(s) to repair." if wrong else "\nEverything is there.")
    raise typer.Exit(1 if wrong else 0)


@app.command()
def logs(
    part: Annotated[str, typer.Argument(help="the part; all of them without one")] = "",
    lines: Annotated[int, typer.Option("--lines", "-n", help="how many of the last lines")] = 40,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="go on as it is written")] = False,  # noqa: FBT002 - typer reads it
) -> None:
    """Print the last lines of the log of a part, or of all."""
    home = Home(_settings().home)
    files = sorted(home.logs.glob(f"{part or '*'}.log"))
    if not files:
        console.print(f"There is no log of {part or 'any part'} in {home.logs}.")
        raise typer.Exit(1)
    with suppress(KeyboardInterrupt):
        subprocess.run(["/usr/bin/tail", "-n", str(lines), *(["-F"] if follow else []), *files], check=False)


@app.command()
def promises() -> None:
    """Print the promises as the running stack keeps them; exit 1 when one is broken or unknown."""
    try:
        lines, kept = asyncio.run(ask_board(_settings()))
    except PromisesError as fault:
        console.print(f"[red]✗[/] {escape(str(fault))}")
        raise typer.Exit(1) from fault
    for line in lines:
        console.print(line, soft_wrap=True)
    raise typer.Exit(0 if kept else 1)


@app.command(name="supervise", hidden=True)
def supervise_() -> None:
    """Run the stack without a board; `up` starts this."""
    raise typer.Exit(asyncio.run(supervise(_settings())))


def main() -> None:
    """Run the command; a mistake of the person is one line and exit code 2."""
    try:
        app()
    except (SettingError, HomeInUseError) as fault:
        console.print(f"[red]✗[/] {escape(str(fault))}", soft_wrap=True)
        sys.exit(2)


def _settings() -> StackSettings:
    return StackSettings.from_env(environment())


def _refuse_obstacles(settings: StackSettings) -> None:
    found = asyncio.run(obstacles(settings))
    for finding in found:
        _print_finding(finding)
    if found:
        raise typer.Exit(2)


def _print_finding(finding: Finding) -> None:
    mark = "[green]✓[/]" if finding.ok else "[red]✗[/]"
    remedy = f" [dim]→ {escape(finding.remedy)}[/]" if finding.remedy and not finding.ok else ""
    console.print(f"{mark} {escape(finding.what)}{remedy}", soft_wrap=True)


async def _supervised(settings: StackSettings, board: Board, home: Home) -> int:
    ticking = asyncio.create_task(_tick(board))
    try:
        return await supervise(settings, _heard(board, home))
    finally:
        ticking.cancel()


def _heard(board: Board, home: Home) -> Callable[[Report], None]:
    phases = ["starting"]

    def heard(report: Report) -> None:
        board.show(report)
        if report.phase != phases[-1] and report.phase in {"ready", "failed"}:
            _told(report, home)
        phases.append(report.phase)

    return heard


def _told(report: Report, home: Home) -> int:
    if report.phase == "ready":
        print_addresses(console, report, home)
        return 1 if report.people else 0
    if report.failure is not None:
        print_failure(console, report.failure)
    return 1


async def _tick(board: Board) -> None:
    while True:
        board.tick()
        await asyncio.sleep(0.25)


if __name__ == "__main__":
    main()
