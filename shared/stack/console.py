"""Console output of the stack: progress while it starts, addresses and log-ins once it runs."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from shared.clock import monotonic
from shared.stack.directory import StackDirectory
from shared.stack.status import StackStatus, StartFailure

_QUIET_PERIOD = 2.0
"""Seconds without output after which the parts still starting are named."""
_REPORT_INTERVAL = 5.0
_MARKS = {"ready": "[green]✓[/]", "restarting": "[yellow]↻[/]", "stopped": "[dim]·[/]"}


class ConsoleView:
    """Prints each part as it becomes ready, and the parts still starting when that takes long."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status = console.status("starting") if console.is_terminal else None
        self._started_at = self._printed_at = monotonic()
        self._shown = StackStatus()

    @contextmanager
    def open(self) -> Iterator[None]:
        """Show the progress line if the output is a terminal."""
        if self._status is None:
            yield
            return
        with self._status:
            yield

    def show_status(self, status: StackStatus) -> None:
        """Print the changes since the last status."""
        for note in status.notes[len(self._shown.notes) :]:
            self._print_line(f"  [dim]{escape(note)}[/]")
        for name, part in status.parts.items():
            before = self._shown.parts.get(name, {"state": "starting"})["state"]
            if part["state"] != before and part["state"] in _MARKS:
                detail = f" [dim]{escape(part['detail'])}[/]" if part["detail"] else ""
                self._print_line(f"  {_MARKS[part['state']]} {name} {self._elapsed_text()}{detail}")
        self._shown = status

    def refresh_line(self) -> None:
        """Update the progress line; called a few times a second."""
        line = self._status_line()
        if self._status is not None:
            self._status.update(line)
        elif self._shown.phase == "starting" and monotonic() - self._printed_at > (
            _REPORT_INTERVAL if self._shown.parts else _QUIET_PERIOD
        ):
            self._print_line(f"  … {line}")

    def _status_line(self) -> str:
        waiting = self._shown.waiting_parts
        if self._shown.phase == "starting":
            rest = "the demo accounts" if self._shown.parts else "the first part"
            return f"waiting for {', '.join(waiting) or rest} {self._elapsed_text()}"
        return f"running {self._elapsed_text()}; Ctrl-C stops it" if self._shown.phase == "ready" else "stopping"

    def _elapsed_text(self) -> str:
        return f"[dim]({monotonic() - self._started_at:.0f} s)[/]"

    def _print_line(self, line: str) -> None:
        self._console.print(line, soft_wrap=True)
        self._printed_at = monotonic()


def print_addresses(console: Console, status: StackStatus, home: StackDirectory) -> None:
    """Print the addresses and the demo accounts."""
    base = status.base_url
    rows = [
        ("Candor", base),
        *([("Mailbox", f"{base}/mailbox")] if status.local else []),
        *([("Inbound mail", status.inbound)] if status.inbound else []),
        ("API docs", f"{base}/docs"),
        ("Promise board", f"{base}/promises"),
        *_demo_account_rows(home),
        ("Data and logs", f"{home.root}  (make logs)"),
    ]
    console.print()
    for label, value in rows:
        console.print(f"  [bold]{label:<18}[/] {escape(value)}", soft_wrap=True)
    if status.demo_accounts_error:
        console.print(
            f"\n[red]✗ The platform is running without demo accounts: {escape(status.demo_accounts_error)}[/]"
        )


def _demo_account_rows(home: StackDirectory) -> Iterator[tuple[str, str]]:
    if not home.access_file.exists():
        return
    access = json.loads(home.access_file.read_text(encoding="utf-8"))
    customer = access["customer"]
    yield "Demo customer", f"{customer['email']}  {customer['password']}"
    yield (
        "  WebDAV",
        f"{access['base_url']}/sync/{customer['username']}/  {customer['username']}  {customer['app_password']}",
    )
    for member in access["staff"]:
        yield f"Staff: {member['role']}", f"{member['email']}  {member['password']}"
    yield "Partner", f"{access['partner']['client_id']}  (secret and scopes in access.json)"


def print_parts(console: Console, status: StackStatus) -> None:
    """Print the state, process id and log of each part."""
    table = Table("part", "state", "pid", "log", box=None, pad_edge=False)
    for name, part in status.parts.items():
        mark = _MARKS.get(part["state"], "[yellow]…[/]")
        table.add_row(name, f"{mark} {part['state']} {escape(part['detail'])}", str(part["pid"] or ""), part["log"])
    console.print(table, soft_wrap=True)


def print_failure(console: Console, failure: StartFailure) -> None:
    """Print which part failed, why, and the last lines of its log."""
    console.print(f"\n[red]✗ {failure.part} {escape(failure.reason)}[/]")
    for line in failure.tail:
        console.print(f"    {escape(line)}", style="dim", soft_wrap=True)
    console.print(f"  log: {failure.log}", soft_wrap=True)
