"""What a person sees of a stack: how far it is while it starts, where everything is once it runs."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from shared.clock import monotonic
from shared.stack.home import Home
from shared.stack.report import Failure, Report

_SILENCE = 2.0
"""Seconds without news after which the board says what is waited for."""
_EVERY = 5.0
_MARKS = {"ready": "[green]✓[/]", "restarting": "[yellow]↻[/]", "stopped": "[dim]·[/]"}


class Board:
    """Prints each part as it becomes ready, and what is waited for when that takes long."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status = console.status("starting") if console.is_terminal else None
        self._began = self._spoke = monotonic()
        self._shown = Report()

    @contextmanager
    def open(self) -> Iterator[None]:
        """Show the line that moves, where there is a terminal for it."""
        if self._status is None:
            yield
            return
        with self._status:
            yield

    def show(self, report: Report) -> None:
        """Print what has changed since the last report."""
        for note in report.notes[len(self._shown.notes) :]:
            self._say(f"  [dim]{escape(note)}[/]")
        for name, part in report.parts.items():
            before = self._shown.parts.get(name, {"state": "starting"})["state"]
            if part["state"] != before and part["state"] in _MARKS:
                detail = f" [dim]{escape(part['detail'])}[/]" if part["detail"] else ""
                self._say(f"  {_MARKS[part['state']]} {name} {self._after()}{detail}")
        self._shown = report

    def tick(self) -> None:
        """Say what is waited for; called a few times a second."""
        line = self._line()
        if self._status is not None:
            self._status.update(line)
        elif self._shown.phase == "starting" and monotonic() - self._spoke > (
            _EVERY if self._shown.parts else _SILENCE
        ):
            self._say(f"  … {line}")

    def _line(self) -> str:
        waiting = self._shown.waiting
        if self._shown.phase == "starting":
            rest = "the demo people" if self._shown.parts else "the first part"
            return f"waiting for {', '.join(waiting) or rest} {self._after()}"
        return f"running {self._after()}; Ctrl-C ends it" if self._shown.phase == "ready" else "stopping"

    def _after(self) -> str:
        return f"[dim]({monotonic() - self._began:.0f} s)[/]"

    def _say(self, line: str) -> None:
        self._console.print(line, soft_wrap=True)
        self._spoke = monotonic()


def print_addresses(console: Console, report: Report, home: Home) -> None:
    """Print the table of what is where, and who can log in."""
    base = report.base_url
    rows = [
        ("Candor", base),
        *([("Mailbox", f"{base}/mailbox")] if report.local else []),
        ("API docs", f"{base}/docs"),
        ("Promise board", f"{base}/promises"),
        *_people(home),
        ("Data and logs", f"{home.root}  (make logs)"),
    ]
    console.print()
    for what, where in rows:
        console.print(f"  [bold]{what:<18}[/] {escape(where)}", soft_wrap=True)
    if report.people:
        console.print(f"\n[red]✗ The platform runs, but has no demo people: {escape(report.people)}[/]")


def _people(home: Home) -> Iterator[tuple[str, str]]:
    if not home.access.exists():
        return
    access = json.loads(home.access.read_text(encoding="utf-8"))
    customer = access["customer"]
    yield "Demo customer", f"{customer['email']}  {customer['password']}"
    yield (
        "  WebDAV",
        f"{access['base_url']}/sync/{customer['username']}/  {customer['username']}  {customer['app_password']}",
    )
    for member in access["staff"]:
        yield f"Staff: {member['role']}", f"{member['email']}  {member['password']}"
    yield "Partner", f"{access['partner']['client_id']}  (secret and scopes in access.json)"


def print_parts(console: Console, report: Report) -> None:
    """Print each part: its state, its process, its log."""
    table = Table("part", "state", "pid", "log", box=None, pad_edge=False)
    for name, part in report.parts.items():
        mark = _MARKS.get(part["state"], "[yellow]…[/]")
        table.add_row(name, f"{mark} {part['state']} {escape(part['detail'])}", str(part["pid"] or ""), part["log"])
    console.print(table, soft_wrap=True)


def print_failure(console: Console, failure: Failure) -> None:
    """Print which part failed, why, and the last lines of its log."""
    console.print(f"\n[red]✗ {failure.part} {escape(failure.reason)}[/]")
    for line in failure.tail:
        console.print(f"    {escape(line)}", style="dim", soft_wrap=True)
    console.print(f"  its log: {failure.log}", soft_wrap=True)
