"""Which weeks a device counts, sends and deletes, whatever its clock says."""

from datetime import UTC, datetime, timedelta

import pytest
from candor_telemetry.weeks import IsoWeeks, SlotWeeks, accepted_weeks

from tests.unit.telemetry_client.conftest import A_WEEK, W48_WEDNESDAY, Device


def counted(device: Device) -> list[str]:
    return sorted(path.name[7:15] for path in device.folder.glob("counts-*"))


def test_b_02_counting_begins_with_the_first_whole_week_after_the_yes(device: Device) -> None:
    telemetry = device.open()
    telemetry.count("launches")  # before the yes
    telemetry.set_answer(agreed=True)
    telemetry.count("launches")  # after it, in the same week
    device.now += A_WEEK
    telemetry.count("launches")
    telemetry.close()
    assert counted(device) == ["2026-W49"]


def test_b_02_a_closed_week_is_sent_once_and_the_running_one_never(device: Device) -> None:
    device.say_yes()
    for expected in (0, 0, 1, 1):
        device.run(launches=2)
        assert (device.send(), device.send()) == (expected, 0)
        device.now += A_WEEK
    assert [report["week"] for report in device.receiver.reports()] == ["2026-W49", "2026-W50"]
    assert all(device.receiver.verifies(report) for report in device.receiver.reports())


def test_b_02_two_weeks_that_waited_go_in_requests_of_their_own_and_share_nothing(device: Device) -> None:
    device.say_yes()
    for _ in range(2):
        device.now += A_WEEK
        device.run(launches=1)
    device.now += A_WEEK
    assert device.send() == 2
    first, second = device.receiver.reports()
    assert (first["week"], second["week"]) == ("2026-W49", "2026-W50")
    assert not {first["number"], first["token"]} & {second["number"], second["token"]}


def test_b_02_what_is_older_than_two_closed_weeks_is_deleted_unsent(device: Device) -> None:
    device.say_yes()
    device.now += A_WEEK
    device.run(launches=1)
    device.now += 3 * A_WEEK
    assert device.send() == 0
    assert (counted(device), device.receiver.reports()) == ([], [])
    assert b"2026-W49" not in device.files()["tokens.json"]


def test_b_02_a_week_from_a_clock_that_was_wrong_is_deleted_unsent(device: Device) -> None:
    device.say_yes()
    device.now += timedelta(days=400)
    device.run(launches=1)
    device.now = W48_WEDNESDAY + A_WEEK
    device.send()
    device.now += timedelta(days=400)
    assert device.send() == 0
    assert (counted(device), device.receiver.reports()) == ([], [])


def test_b_02_counts_that_another_release_left_from_before_the_yes_stay_unsent(device: Device) -> None:
    device.folder.mkdir()
    (device.folder / "counts-2026-W47.jsonl").write_text('\n{"launches": 3}')
    device.say_yes()
    assert device.send() == 0
    assert counted(device) == []


def test_damaged_lines_do_not_count_and_do_not_stop_the_others(device: Device) -> None:
    device.say_yes()
    device.now += A_WEEK
    device.run(launches=1)
    path = device.folder / "counts-2026-W49.jsonl"
    path.write_bytes(path.read_bytes() + b'\n{"launches": 5, "cra\n[1]\n{"launches": true}\n{"launches": -4}\n\xff')
    device.run(launches=2)
    device.now += A_WEEK
    device.send()
    assert device.receiver.reports()[0]["counters"] == {"launches": "3 to 9", "crashes": "0", "syncs": "0"}


@pytest.mark.parametrize(
    ("at", "week", "closed"),
    [
        (datetime(2026, 1, 1, tzinfo=UTC), "2026-W01", ("2025-W51", "2025-W52")),
        (datetime(2027, 1, 3, 23, 59, tzinfo=UTC), "2026-W53", ("2026-W51", "2026-W52")),
        (datetime(2027, 1, 4, tzinfo=UTC), "2027-W01", ("2026-W52", "2026-W53")),
    ],
)
def test_iso_weeks_cross_the_year_as_the_calendar_does(at: datetime, week: str, closed: tuple[str, ...]) -> None:
    assert (IsoWeeks().week_at(at), accepted_weeks(IsoWeeks(), at)) == (week, closed)


def test_the_weeks_of_the_demonstration_last_some_seconds() -> None:
    weeks = SlotWeeks(10)
    week = weeks.week_at(W48_WEDNESDAY)
    assert weeks.week_at(W48_WEDNESDAY + timedelta(seconds=10)) == weeks.shift(week, 1)
