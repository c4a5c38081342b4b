"""The log is one JSON object a line, in whatever way something is logged, and tells of a fault where it was."""

import asyncio
import logging
import subprocess
import sys
import warnings

import pytest
from pydantic import BaseModel, ConfigDict

from shared import observe
from shared.errors import ConflictError
from shared.settings import Secret
from tests.support.logs import Lines, logs_of

log = observe.get_logger("demo")
SECRET = "ada@secret.example"


def test_a_line_says_who_what_when_and_where(logged: Lines) -> None:
    log.info("demo.made", count=3)
    [line] = logged()
    assert line.pop("time").endswith("Z")
    assert line == {"service": "demo", "event": "demo.made", "level": "info", "logger": "demo", "count": 3}


def test_the_loggers_of_the_standard_library_speak_the_same_way(logged: Lines) -> None:
    logging.getLogger("library").warning("lost %s after %d tries", SECRET, 3)
    [line] = logged()
    assert (line["event"], line["level"], line["logger"]) == ("lost [email] after 3 tries", "warning", "library")


@pytest.mark.parametrize(
    "payload", ["a\nb", "a\r\nb", '{"event": "forged"}\n', "\x1b[31mred", "\u2028", "\x00", "\x85"]
)
def test_nothing_that_is_logged_begins_a_record_of_its_own(logged: Lines, payload: str) -> None:
    log.info("demo.said", said=payload)
    logging.getLogger("library").warning(payload)
    lines = logged()
    assert len(lines) == 2
    assert lines[0]["said"] == payload


def raising() -> None:
    held_only_here = SECRET
    raise KeyError(held_only_here)


def test_a_fault_is_told_by_kind_and_place_without_its_values(logged: Lines) -> None:
    try:
        raising()
    except KeyError:
        log.exception("demo.failed")
    [line] = logged()
    [fault] = line["exception"]
    assert (fault["type"], fault["text"]) == ("KeyError", "")
    assert fault["at"][-1].endswith("raising")
    assert SECRET not in str(line)


class Model(BaseModel):
    model_config = ConfigDict(strict=True)

    n: int


def test_what_caused_it_is_told_too(logged: Lines) -> None:
    try:
        try:
            Model(n=SECRET)  # type: ignore[arg-type] # what is tested
        except ValueError as fault:
            raise ConflictError("Not in this state.") from fault
    except ConflictError:
        log.exception("demo.failed")
    [line] = logged()
    told = [(fault["type"], fault["text"]) for fault in line["exception"]]
    assert told == [("ConflictError", "Not in this state."), ("ValidationError", "")]


def test_a_fault_of_the_system_is_told_without_the_file(logged: Lines) -> None:
    try:
        open(f"/nowhere/{SECRET}")  # noqa: PTH123, SIM115 - the fault is what is tested
    except OSError:
        log.exception("demo.failed")
    [line] = logged()
    assert line["exception"][0]["text"] == "No such file or directory"
    assert SECRET not in str(line)


def test_a_circle_of_causes_ends(logged: Lines) -> None:
    one, two = ValueError(), ValueError()
    one.__cause__, two.__cause__ = two, one
    log.error("demo.failed", exc_info=one)
    assert len(logged()[0]["exception"]) <= 8


async def test_a_task_that_nobody_awaited_does_not_tell_what_it_held(logged: Lines) -> None:
    async def fail() -> None:
        raise LookupError("Ada Lovelace")

    loop = asyncio.get_running_loop()
    task = asyncio.create_task(fail(), name="demo")
    await asyncio.wait({task})
    context = {"message": "Task exception was never retrieved", "future": task, "exception": task.exception()}
    loop.default_exception_handler(context)
    [line] = logged()
    assert line["event"] == "Task exception was never retrieved"
    assert "Lovelace" not in str(line)


def test_warnings_are_lines_like_others(logged: Lines) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    assert [line["logger"] for line in logged()] == ["py.warnings"]


def test_libraries_speak_from_warning_upwards_and_we_from_the_level_that_is_set() -> None:
    with logs_of("demo", level="debug") as lines:
        log.debug("demo.detail")
        logging.getLogger("aio_pika").info("chatter")
        logging.getLogger("aio_pika").warning("trouble")
        assert [line["event"] for line in lines()] == ["demo.detail", "trouble"]
    with logs_of("demo", level="error") as lines:
        log.warning("demo.odd")
        logging.getLogger("aio_pika").warning("trouble")
        assert lines() == []


def test_a_setting_that_is_secret_prints_nowhere(logged: Lines) -> None:
    log.info("demo.read", url=Secret(SECRET), more=[Secret(SECRET)])
    assert "Secret(***)" in str(logged())


def test_it_goes_to_stdout_and_nothing_to_stderr() -> None:
    code = (
        "from shared import observe; import logging; observe.configure_logging('demo', 'info');"
        "observe.get_logger('x').info('one'); logging.warning('two')"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert len(ran.stdout.splitlines()) == 2
    assert ran.stderr == ""
