"""What the supervisor tells, and what a person sees of it."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from shared.stack.console import ConsoleView, print_addresses, print_failure
from shared.stack.directory import DirectoryInUseError, StackDirectory
from shared.stack.process import PartFailedError, ProcessEvent
from shared.stack.status import StackStatus, StartFailure, StatusWriter, read_status


@pytest.fixture
def home(tmp_path: Path) -> StackDirectory:
    return StackDirectory(tmp_path)


def console() -> Console:
    return Console(file=io.StringIO(), width=200)


def said(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def change(name: str, state: str, pid: int = 0) -> ProcessEvent:
    return ProcessEvent(name=name, state=state, pid=pid, log="x.log")  # type: ignore[arg-type] # a state of the table


def test_what_is_told_can_be_read_by_another_process(home: StackDirectory) -> None:
    reporter = StatusWriter(home, base_url="http://127.0.0.1:1", local=True, on_status=lambda _: None)
    reporter.expect_parts("rabbit", "edge")
    reporter.record_event(change("edge", "ready", pid=7))
    reporter.update(failure=StartFailure(part="rabbit", reason="ended", log="r.log", tail=["a"]), phase="failed")
    report = read_status(home)
    assert report == reporter.report
    assert report is not None
    assert (report.pids, report.waiting_parts) == ([7], ["rabbit"])
    assert home.status_file.stat().st_mode & 0o777 == 0o600


def test_no_report_is_told_of_a_stack_that_never_ran(home: StackDirectory) -> None:
    assert read_status(home) is None


def test_a_folder_is_held_by_one_supervisor(home: StackDirectory) -> None:
    with home.lock():
        assert home.is_locked()
        with pytest.raises(DirectoryInUseError, match="CANDOR_HOME="), home.lock():
            pytest.fail("it must not be entered")
    assert not home.is_locked()


def test_the_board_names_each_part_once_as_it_becomes_ready(home: StackDirectory) -> None:
    screen = console()
    board = ConsoleView(screen)
    reporter = StatusWriter(home, base_url="", local=True, on_status=board.show_status)
    reporter.expect_parts("rabbit", "edge")
    reporter.record_event(change("edge", "ready"))
    reporter.record_event(change("rabbit", "ready"))
    reporter.update(phase="ready")
    assert said(screen).count("edge") == said(screen).count("rabbit") == 1


def test_a_failure_names_the_part_and_shows_the_end_of_its_log(tmp_path: Path) -> None:
    log = tmp_path / "sync.log"
    log.write_text("\n".join(f"line {number}" for number in range(50)) + '\n{"code": "core.service.not_ready"}\n')
    screen = console()
    print_failure(screen, StartFailure.from_error(PartFailedError("sync", "was not ready (exit code 2)", log)))
    assert "✗ sync was not ready (exit code 2)" in said(screen)
    assert "line 49" in said(screen)
    assert "line 20" not in said(screen)
    assert "not_ready" not in said(screen)


def test_the_table_says_when_there_are_no_demo_people(home: StackDirectory) -> None:
    screen = console()
    print_addresses(screen, StackStatus(base_url="http://127.0.0.1:8080", demo_accounts_error="identity is away"), home)
    assert "http://127.0.0.1:8080/mailbox" in said(screen)
    assert "demo accounts: identity is away" in said(screen)
