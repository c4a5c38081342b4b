"""What leaves the device: nothing without a yes, nothing at a no, and otherwise exactly what the preview shows."""

import json
from pathlib import Path

import pytest
from candor_telemetry import program
from candor_telemetry.__main__ import build_previews, main
from candor_telemetry.reports import build_report, build_report_request
from candor_telemetry.sender import delete_sent_report
from candor_telemetry.tokens import Token
from candor_telemetry.wire import Server, parse_server

from tests.support.telemetry_receiver import Receiver
from tests.unit.telemetry_client.conftest import A_WEEK, PROGRAM, Device

GOLDEN = Path(__file__).parents[2] / "data/telemetry/report.http"


def with_a_report_waiting(device: Device) -> None:
    device.say_yes()
    device.now += A_WEEK
    device.run(launches=4, syncs=31)
    device.now += A_WEEK


def test_c4_the_preview_is_the_bytes_on_the_wire(device: Device) -> None:
    with_a_report_waiting(device)
    waiting, running = build_previews(device.open(), device.now)
    assert (waiting.is_complete, running.is_complete) == (True, False)
    assert device.send() == 1
    assert device.receiver.requests[-1] == waiting.request


def test_the_bytes_of_a_report_are_those_of_the_golden_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("candor_telemetry.reports.system_name", lambda: "macos-26")
    monkeypatch.setattr("candor_telemetry.reports.language_name", lambda: "nl")
    report = build_report(PROGRAM, "2026-W49", Token("AAAA", "BBBB", "CCCC"), {"launches": 12, "crashes": 1})
    assert build_report_request(Server("candor.example", 443, True), report) == GOLDEN.read_bytes()


def test_b_05_a_report_has_closed_values_only_and_the_receiver_adds_nothing(device: Device) -> None:
    with_a_report_waiting(device)
    device.send()
    (report,) = device.receiver.reports()
    assert report["counters"] == {"launches": "3 to 9", "crashes": "0", "syncs": "30 to 99"}
    assert set(report) == {
        "question_version", "week", "number", "token", "program", "version", "os", "locale", "counters",
    }  # fmt: skip
    head = device.receiver.requests[-1].split(b"\r\n\r\n")[0].decode().splitlines()[1:]
    assert [line.split(":")[0] for line in head] == [
        "Host", "User-Agent", "Content-Type", "Content-Length", "Accept", "Connection",
    ]  # fmt: skip
    assert program.RECEIVER_ADDS.startswith("Nothing.")


def test_b_03_a_no_sends_nothing_and_deletes_tokens_and_counts(device: Device) -> None:
    with_a_report_waiting(device)
    sent_before = list(device.receiver.requests)
    device.open().set_answer(agreed=False)
    assert (device.send(), device.receiver.requests) == (0, sent_before)
    assert {name for name in device.files() if name != "sending.lock"} == {"answer.json"}


def test_b_03_a_run_that_was_counting_when_the_no_came_stores_nothing(device: Device) -> None:
    device.say_yes()
    device.now += A_WEEK
    counting = device.open()
    counting.count("launches")
    device.open().set_answer(agreed=False)
    counting.close()
    assert not list(device.folder.glob("counts-*"))


def test_b_03_a_sent_report_is_deleted_on_request_also_after_the_no(device: Device) -> None:
    with_a_report_waiting(device)
    device.send()
    device.open().set_answer(agreed=False)
    server, folder = parse_server(device.receiver.url), str(device.folder)
    (report,) = device.receiver.reports()
    assert delete_sent_report(folder, "omnifocus", server, "2026-W49")
    body = json.loads(device.receiver.requests[-1].split(b"\r\n\r\n", 1)[1])
    assert (body["week"], body["number"]) == ("2026-W49", report["number"])
    assert not delete_sent_report(folder, "omnifocus", server, "2026-W49")


def test_c03_a_thousand_installations_that_said_no_send_no_byte(device: Device, tmp_path: Path) -> None:
    device.open().set_answer(agreed=False)
    no = device.files()["answer.json"]
    for number in range(1000):
        each = Device(tmp_path / str(number), device.receiver)
        each.folder.mkdir()
        (each.folder / "answer.json").write_bytes(no)
        each.run(launches=3)
        each.now += 2 * A_WEEK
        assert each.send() == 0
        assert set(each.files()) == {"answer.json", "sending.lock"}
    assert device.receiver.requests == []


def test_a_token_of_a_key_that_was_not_published_is_not_kept(device: Device) -> None:
    device.receiver.key_info = "a key for this one device"
    device.open().set_answer(agreed=True)
    with pytest.raises(ValueError, match="proof"):
        device.send()
    assert "tokens.json" not in device.files()


def test_a_refused_report_is_not_sent_again_and_a_failed_one_is(device: Device) -> None:
    with_a_report_waiting(device)
    device.receiver.report_status = 503
    assert (device.send(), device.send(), len(device.receiver.reports())) == (0, 0, 2)
    device.receiver.report_status = 422
    device.send()
    device.send()
    assert len(device.receiver.reports()) == 3
    assert len({report["number"] for report in device.receiver.reports()}) == 1  # it would count once


@pytest.mark.parametrize("url", ["http://candor.example", "ftp://candor.example", "candor.example", "https://", ""])
def test_reports_go_over_tls_only(url: str) -> None:
    with pytest.raises(ValueError, match="https"):
        parse_server(url)


def run_command(device: Device, *arguments: str) -> int:
    where = ["--program", "omnifocus", "--program-version", "4.8", "--folder", str(device.folder)]
    return main([*where, "--server", device.receiver.url, *arguments])


def test_b_06_the_status_says_what_is_saved_and_what_holds_now(
    device: Device, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr("candor_telemetry.telemetry.has_terminal", lambda: True)
    assert run_command(device, "on") == 0
    run_command(device, "status")
    assert "saved: yes; on now" in capsys.readouterr().out
    monkeypatch.setenv("DO_NOT_TRACK", "1")
    run_command(device, "status")
    assert "saved: yes; off now: DO_NOT_TRACK" in capsys.readouterr().out
    assert run_command(device, "on") == 2
    assert (run_command(device, "off"), device.receiver.requests) == (0, [])
    assert "nothing was sent" in capsys.readouterr().out


def test_the_preview_command_shows_a_report_before_there_is_a_yes(
    device: Device, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert run_command(device, "preview") == 0
    assert b"POST /v1/telemetry/reports HTTP/1.1\r\n" in capfdbinary.readouterr().out
    assert device.receiver.requests == []


def test_the_receiver_of_the_tests_refuses_a_wrong_token() -> None:
    assert not Receiver().verifies({"week": "2026-W49", "number": "AAAA", "token": "BBBB"})
