"""The answer is yes, no or absent; whatever is unclear is a no, and nothing but a person makes a yes."""

import json

import pytest
from candor_telemetry.environment import Kind
from candor_telemetry.program import QUESTION_VERSION, Program
from candor_telemetry.telemetry import BlockedError, Telemetry

from tests.unit.telemetry_client.conftest import A_WEEK, PROGRAM, Device

YES = {"answer": True, "question_version": QUESTION_VERSION, "first_week": "2026-W40"}


def store(device: Device, content: str | bytes) -> None:
    device.folder.mkdir(exist_ok=True)
    (device.folder / "answer.json").write_bytes(content.encode() if isinstance(content, str) else content)


def test_b_01_no_answer_is_a_no_and_a_default_is_never_stored(device: Device) -> None:
    telemetry = device.open()
    telemetry.count("launches")
    telemetry.close()
    assert (telemetry.is_on, telemetry.should_ask(), telemetry.answer.agreed) == (False, True, None)
    assert (device.files(), device.receiver.requests) == ({}, [])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff",
        "true",
        "[]",
        "{",
        "[" * 4000,
        "x" * 100_000,
        json.dumps(YES | {"answer": "true"}),
        json.dumps(YES | {"answer": 1}),
        json.dumps(YES | {"answer": None}),
        json.dumps(YES | {"question_version": "2"}),
        json.dumps(YES | {"question_version": True}),
        json.dumps(YES | {"first_week": 40}),
        json.dumps({"answer": True}),
    ],
    ids=lambda content: repr(content[:40]),
)
def test_b_01_an_answer_that_cannot_be_read_is_a_no_that_is_kept_as_it_is(device: Device, content: str | bytes) -> None:
    store(device, content)
    before = device.files()
    device.run(launches=1)
    telemetry = device.open()
    assert (telemetry.is_on, telemetry.should_ask(), device.send()) == (False, False, 0)
    assert {name: text for name, text in device.files().items() if name != "sending.lock"} == before


@pytest.mark.parametrize("version", [QUESTION_VERSION - 1, QUESTION_VERSION + 1])
def test_b_01_a_yes_to_another_question_is_no_yes_to_this_one(device: Device, version: int) -> None:
    store(device, json.dumps(YES | {"question_version": version}))
    device.run(launches=1)
    assert (device.open().is_on, device.open().should_ask(), device.send()) == (False, True, 0)
    assert not list(device.folder.glob("counts-*"))


@pytest.mark.parametrize("version", [0, 1, QUESTION_VERSION, 99])
def test_b_01_a_no_stays_a_no_whatever_is_asked_later(device: Device, version: int) -> None:
    store(device, json.dumps({"answer": False, "question_version": version, "first_week": ""}))
    assert (device.open().is_on, device.open().should_ask()) == (False, False)


def test_b_04_what_was_answered_is_read_back_from_the_file_and_stays_after_a_restart(device: Device) -> None:
    stored = device.open().set_answer(agreed=True)
    assert stored == device.open().answer
    assert (stored.agreed, stored.first_week) == (True, "2026-W49")
    device.now += A_WEEK
    assert device.open().set_answer(agreed=True).first_week == "2026-W49"  # a second yes moves nothing
    device.open().set_answer(agreed=False)
    assert (device.open().is_on, device.open().answer.agreed) == (False, False)


@pytest.mark.parametrize(
    ("value", "is_on"),
    [
        ("", True),
        ("0", True),
        ("false", True),
        ("FALSE", True),
        ("no", True),
        ("Off", True),
        ("1", False),
        ("true", False),
        ("yes", False),
        ("2", False),
        ("please", False),
        ("null", False),
    ],
)
def test_b_06_every_value_but_five_asks_not_to_be_tracked(device: Device, value: str, is_on: bool) -> None:
    device.say_yes()
    device.now += A_WEEK
    device.environment = {"DO_NOT_TRACK": value}
    before = device.files()
    device.run(launches=1)
    assert device.open().is_on is is_on
    assert (device.files() == before) is not is_on
    assert not device.open().should_ask()


@pytest.mark.parametrize(
    ("environment", "terminal"),
    [({"CI": "true"}, True), ({"CI": "1"}, True), ({}, False), ({"DO_NOT_TRACK": "1"}, True)],
)
def test_b_08_where_no_person_can_be_asked_no_yes_is_asked_taken_or_used(
    device: Device, environment: dict[str, str], terminal: bool
) -> None:
    telemetry = device.open(environment=environment, terminal=terminal)
    assert not telemetry.should_ask()
    with pytest.raises(BlockedError):
        telemetry.set_answer(agreed=True)
    assert device.files() == {}
    device.say_yes()
    device.now += A_WEEK
    assert not device.open(environment=environment, terminal=terminal).is_on
    assert telemetry.set_answer(agreed=False).agreed is False  # a no is taken anywhere


def test_b_08_a_graphical_program_needs_no_terminal(device: Device) -> None:
    program = Program(*PROGRAM[:3], kind=Kind.GRAPHICAL)
    telemetry = Telemetry(program, server="https://candor.example", folder=str(device.folder), environment={})
    assert telemetry.should_ask()
