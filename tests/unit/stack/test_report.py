"""What the supervisor tells, and what a person sees of it."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from shared.stack.board import Board, print_addresses, print_failure
from shared.stack.home import Home, HomeInUseError
from shared.stack.process import Change, PartFailedError
from shared.stack.report import Failure, Report, Reporter, read_report


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def console() -> Console:
    return Console(file=io.StringIO(), width=200)


def said(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def change(name: str, state: str, pid: int = 0) -> Change:
    return Change(name=name, state=state, pid=pid, log="x.log")  # type: ignore[arg-type] # a state of the table


def test_what_is_told_can_be_read_by_another_process(home: Home) -> None:
    reporter = Reporter(home, base_url="http://127.0.0.1:1", local=True, heard=lambda _: None)
    reporter.expect("rabbit", "edge")
    reporter.change(change("edge", "ready", pid=7))
    reporter.tell(failure=Failure(part="rabbit", reason="ended", log="r.log", tail=["a"]), phase="failed")
    report = read_report(home)
    assert report == reporter.report
    assert report is not None
    assert (report.pids, report.waiting) == ([7], ["rabbit"])
    assert home.state.stat().st_mode & 0o777 == 0o600


def test_no_report_is_told_of_a_stack_that_never_ran(home: Home) -> None:
    assert read_report(home) is None


def test_a_folder_is_held_by_one_supervisor(home: Home) -> None:
    with home.held():
        assert home.in_use()
        with pytest.raises(HomeInUseError, match="CANDOR_HOME="), home.held():
            pytest.fail("it must not be entered")
    assert not home.in_use()


def test_the_board_names_each_part_once_as_it_becomes_ready(home: Home) -> None:
    screen = console()
    board = Board(screen)
    reporter = Reporter(home, base_url="", local=True, heard=board.show)
    reporter.expect("rabbit", "edge")
    reporter.change(change("edge", "ready"))
    reporter.change(change("rabbit", "ready"))
    reporter.tell(phase="ready")
    assert said(screen).count("edge") == said(screen).count("rabbit") == 1


def test_a_failure_names_the_part_and_shows_the_end_of_its_log(tmp_path: Path) -> None:
    log = tmp_path / "sync.log"
    log.write_text("\n".join(f"line {number}" for number in range(50)) + '\n{"code": "service.not_ready"}\n')
    screen = console()
    print_failure(screen, Failure.of(PartFailedError("sync", "ended before it was ready (exit code 2)", log)))
    assert "✗ sync ended before it was ready (exit code 2)" in said(screen)
    assert "line 49" in said(screen)
    assert "line 20" not in said(screen)
    assert "not_ready" not in said(screen)


def test_the_table_says_when_there_are_no_demo_people(home: Home) -> None:
    screen = console()
    print_addresses(screen, Report(base_url="http://127.0.0.1:8080", people="identity is away"), home)
    assert "http://127.0.0.1:8080/mailbox" in said(screen)
    assert "no demo people: identity is away" in said(screen)
