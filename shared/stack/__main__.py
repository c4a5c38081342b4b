"""``python -m shared.stack``: run, up, down, status, doctor, logs, promises, scan, exec. The Makefile calls it."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from shared.registry import get_registry
from shared.settings import SettingError
from shared.stack import background
from shared.stack.console import ConsoleView, print_addresses, print_failure, print_parts
from shared.stack.directory import DirectoryInUseError, IncompatibleDirectoryError, StackDirectory
from shared.stack.doctor import CheckResult, blocking_problems, run_checks
from shared.stack.environment import build_environment
from shared.stack.keys import ensure_secrets
from shared.stack.promises import PromiseBoardError, fetch_board_lines
from shared.stack.scan.command import run_scan
from shared.stack.settings import ROOT, StackSettings, read_environment
from shared.stack.status import StackStatus, read_status
from shared.stack.supervisor import build_part_urls, supervise

app = typer.Typer(
    add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help="The stack on this machine."
)
console = Console(highlight=False)


@app.command()
def run() -> None:
    """Run the stack in the foreground; Ctrl-C stops it."""
    settings = _read_settings()
    _exit_on_problems(settings)
    home = StackDirectory(settings.home)
    board = ConsoleView(console)
    console.print(f"Starting Candor at {settings.public_url} [dim](data: {home.root})[/]")
    with board.open():
        code = asyncio.run(_supervise_with_console(settings, board, home))
    raise typer.Exit(code)


@app.command()
def up() -> None:
    """Start the stack in the background; return when every part is ready."""
    settings = _read_settings()
    home = StackDirectory(settings.home)
    if home.is_locked():
        console.print(f"A stack is already running in {home.root}.")
        report = background.watch_startup(home, ConsoleView(console), is_alive=home.is_locked)
    else:
        _exit_on_problems(settings)
        console.print(f"Starting Candor at {settings.public_url} [dim](data: {home.root})[/]")
        child = background.start_stack(settings)
        try:
            report = background.watch_startup(home, ConsoleView(console), is_alive=lambda: child.poll() is None)
            if report.phase == "failed":
                child.wait()  # it still has to release the lock: the next `make up` must not find it held
        except KeyboardInterrupt:
            child.terminate()
            child.wait()
            raise typer.Exit(130) from None
    raise typer.Exit(_print_outcome(report, home))


@app.command()
def down() -> None:
    """Stop the stack of this CANDOR_HOME, in the background or in another terminal."""
    home = StackDirectory(_read_settings().home)
    stopped = background.stop_stack(home)
    console.print(f"Stopped the stack in {home.root}." if stopped else f"No stack is running in {home.root}.")


@app.command()
def status() -> None:
    """Print the status of each part; exit 0 when all are ready, 3 when no stack runs."""
    home = StackDirectory(_read_settings().home)
    report = read_status(home)
    if report is None or not home.is_locked():
        console.print(f"No stack is running in {home.root}. Start one: make up")
        raise typer.Exit(3)
    print_parts(console, report)
    print_addresses(console, report, home)
    raise typer.Exit(1 if report.waiting_parts else 0)


@app.command()
def doctor() -> None:
    """Check everything the stack needs; exit 1 when something is missing or wrong."""
    results = asyncio.run(run_checks(read_environment()))
    for result in results:
        _print_check_result(result)
    problems = sum(not result.ok for result in results)
    console.print(f"\n{problems} problem(s) found." if problems else "\nNo problems found.")
    raise typer.Exit(1 if problems else 0)


@app.command()
def logs(
    part: Annotated[str, typer.Argument(help="the part, such as identity; default: all parts")] = "",
    lines: Annotated[int, typer.Option("--lines", "-n", help="number of lines to show")] = 40,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="follow the log as it grows")] = False,  # noqa: FBT002 - typer reads it
) -> None:
    """Print the last log lines of one part or of all parts."""
    home = StackDirectory(_read_settings().home)
    files = sorted(home.logs.glob(f"{part or '*'}.log"))
    if not files:
        console.print(f"There is no log of {part or 'any part'} in {home.logs}.")
        raise typer.Exit(1)
    with suppress(KeyboardInterrupt):
        subprocess.run(["/usr/bin/tail", "-n", str(lines), *(["-F"] if follow else []), *files], check=False)


@app.command()
def promises() -> None:
    """Print the state of each promise in the running stack; exit 1 when one is broken or unknown."""
    try:
        lines, kept = asyncio.run(fetch_board_lines(_read_settings()))
    except PromiseBoardError as fault:
        console.print(f"[red]✗[/] {escape(str(fault))}")
        raise typer.Exit(1) from fault
    for line in lines:
        console.print(line, soft_wrap=True)
    raise typer.Exit(0 if kept else 1)


@app.command()
def scan(
    folder: Annotated[str, typer.Argument(help="a folder, such as an unpacked backup; default: the whole stack")] = "",
) -> None:
    """Search everything that the stack has stored for test card numbers, in every form; exit 1 when one is found."""
    raise typer.Exit(run_scan(_read_settings(), folder, console))


@app.command(name="exec", context_settings={"ignore_unknown_options": True})
def exec_(
    service: Annotated[str, typer.Argument(help="the service")],
    arguments: Annotated[list[str], typer.Argument(help="the command, such as rewrap")],
) -> None:
    """Run a command of a service with the settings it has in this stack."""
    settings = _read_settings()
    get_registry().get(service)
    secrets = ensure_secrets(StackDirectory(settings.home))
    environment = build_environment(service, settings, secrets, build_part_urls(service, settings, secrets))
    command = [sys.executable, "-m", f"services.{service}", *arguments]
    raise typer.Exit(subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode)


@app.command(name="supervise", hidden=True)
def supervise_() -> None:
    """Run the stack without console output; `up` starts this command."""
    raise typer.Exit(asyncio.run(supervise(_read_settings())))


def main() -> None:
    """Run the command; a wrong setting or folder is one line and exit code 2."""
    try:
        app()
    except (SettingError, DirectoryInUseError, IncompatibleDirectoryError) as fault:
        console.print(f"[red]✗[/] {escape(str(fault))}", soft_wrap=True)
        sys.exit(2)


def _read_settings() -> StackSettings:
    return StackSettings.from_env(read_environment())


def _exit_on_problems(settings: StackSettings) -> None:
    problems = asyncio.run(blocking_problems(settings))
    for problem in problems:
        _print_check_result(problem)
    if problems:
        raise typer.Exit(2)


def _print_check_result(result: CheckResult) -> None:
    mark = "[green]✓[/]" if result.ok else "[red]✗[/]"
    remedy = f" [dim]→ {escape(result.remedy)}[/]" if result.remedy and not result.ok else ""
    console.print(f"{mark} {escape(result.message)}{remedy}", soft_wrap=True)


async def _supervise_with_console(settings: StackSettings, view: ConsoleView, home: StackDirectory) -> int:
    refreshing = asyncio.create_task(_refresh_forever(view))
    try:
        return await supervise(settings, _build_status_listener(view, home))
    finally:
        refreshing.cancel()


def _build_status_listener(view: ConsoleView, home: StackDirectory) -> Callable[[StackStatus], None]:
    phases = ["starting"]

    def on_status(stack_status: StackStatus) -> None:
        view.show_status(stack_status)
        if stack_status.phase != phases[-1] and stack_status.phase in {"ready", "failed"}:
            _print_outcome(stack_status, home)
        phases.append(stack_status.phase)

    return on_status


def _print_outcome(stack_status: StackStatus, home: StackDirectory) -> int:
    if stack_status.phase == "ready":
        print_addresses(console, stack_status, home)
        return 1 if stack_status.demo_accounts_error else 0
    if stack_status.failure is not None:
        print_failure(console, stack_status.failure)
    return 1


async def _refresh_forever(view: ConsoleView) -> None:
    while True:
        view.refresh_line()
        await asyncio.sleep(0.25)


if __name__ == "__main__":
    main()
