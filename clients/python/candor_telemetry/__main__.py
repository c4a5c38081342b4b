"""The command ``candor-telemetry``: see, change and preview what a program sends."""

import argparse
import os
import signal
import sys
import threading
from collections.abc import Sequence
from datetime import datetime

from candor_telemetry.counts import list_weeks, read_counts
from candor_telemetry.environment import find_block
from candor_telemetry.program import QUESTION_TEXT, QUESTION_VERSION, Program
from candor_telemetry.reports import NO_TOKEN, Preview, build_report, build_report_request
from candor_telemetry.sender import Sender, delete_sent_report
from candor_telemetry.telemetry import BlockedError, Telemetry
from candor_telemetry.tokens import SENT_FILE, UNUSED_FILE, read_tokens
from candor_telemetry.weeks import IsoWeeks, accepted_weeks
from candor_telemetry.wire import EXCHANGE_ERRORS, parse_server

FEATURES = "launches,crashes,syncs"
SECONDS_IN_BACKGROUND = 30.0
DONE, FAILED, REFUSED = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["send-in-background"]:
        return send_in_background(arguments[1:])
    chosen = _build_parser().parse_args(arguments)
    program = Program(chosen.program, chosen.program_version, tuple(chosen.features.split(",")))
    telemetry = Telemetry(program, server=chosen.server, folder=chosen.folder)
    try:
        return int(chosen.run(telemetry, chosen))
    except BlockedError as fault:
        print(f"No yes is accepted here: {fault}.", file=sys.stderr)
        return REFUSED
    except EXCHANGE_ERRORS as fault:
        print(f"Nothing was changed: {fault}", file=sys.stderr)
        return FAILED


def show_status(telemetry: Telemetry, _chosen: argparse.Namespace) -> int:
    """Print what is saved, whether it holds now, and what is stored."""
    answer = telemetry.answer
    saved = {True: "yes", False: "no", None: "nothing" if answer.is_readable else "unreadable, which is a no"}
    print(f"saved: {saved[answer.agreed]}; {_describe_now(telemetry)}")
    if answer.agreed and answer.question_version != QUESTION_VERSION:
        print(f"the yes was to question {answer.question_version}; this program asks question {QUESTION_VERSION}")
    elif answer.agreed:
        print(f"first week: {answer.first_week}")
    folder = telemetry.folder or ""
    print(f"counted, not sent: {', '.join(list_weeks(folder)) or 'nothing'}")
    print(f"sent, can be deleted: {', '.join(read_tokens(folder, SENT_FILE, QUESTION_VERSION)) or 'nothing'}")
    print(f"folder: {telemetry.folder}")
    return DONE


def turn_on(telemetry: Telemetry, _chosen: argparse.Namespace) -> int:
    """Store a yes; only a person at a terminal can give it."""
    print(QUESTION_TEXT)
    answer = telemetry.set_answer(agreed=True)
    print(f"saved: yes; first week: {answer.first_week}. `preview` shows what is sent, `off` ends it.")
    return DONE


def turn_off(telemetry: Telemetry, _chosen: argparse.Namespace) -> int:
    """Store a no, delete what is not sent, and send nothing."""
    telemetry.set_answer(agreed=False)
    print("saved: no; nothing was sent, and what was not sent is deleted.")
    sent = read_tokens(telemetry.folder or "", SENT_FILE, QUESTION_VERSION)
    for week in sent:
        print(f"The report of {week} is at the receiver. `delete-report {week}` has it deleted.")
    return DONE


def show_preview(telemetry: Telemetry, _chosen: argparse.Namespace) -> int:
    """Print the bytes of each report that waits, and of the running week as it is now."""
    for preview in build_previews(telemetry, telemetry.now()):
        state = "ready to send" if preview.is_complete else "not sent before the week has ended"
        print(f"# week {preview.week}, {state}; the receiver adds {preview.receiver_adds}", flush=True)
        sys.stdout.buffer.write(preview.request + b"\n\n")
        sys.stdout.flush()
    return DONE


def send_now(telemetry: Telemetry, chosen: argparse.Namespace) -> int:
    """Send what is due."""
    if not telemetry.is_on:
        print(_describe_now(telemetry))
        return DONE
    print(f"reports sent: {_build_sender(telemetry, chosen.server).send_due(telemetry.now())}")
    return DONE


def delete_report(telemetry: Telemetry, chosen: argparse.Namespace) -> int:
    """Have a sent report deleted."""
    if delete_sent_report(telemetry.folder or "", chosen.program, parse_server(chosen.server), chosen.week):
        print(f"The report of {chosen.week} is deleted.")
        return DONE
    print(f"There is no report of {chosen.week} that can be deleted.", file=sys.stderr)
    return FAILED


def build_previews(telemetry: Telemetry, now: datetime) -> list[Preview]:
    """Return the reports that wait, the older first, then the one of the running week."""
    folder, server = telemetry.folder or "", parse_server(telemetry.server_url)
    tokens, first_week = read_tokens(folder, UNUSED_FILE, QUESTION_VERSION), telemetry.answer.first_week
    waiting, running = set(list_weeks(folder)), telemetry.weeks.week_at(now)
    closed = [week for week in accepted_weeks(telemetry.weeks, now) if week in waiting and week >= first_week]
    previews = []
    for week in [*closed, running]:
        report = build_report(telemetry.program, week, tokens.get(week, NO_TOKEN), read_counts(folder, week))
        is_complete = week != running and week in tokens and telemetry.is_on
        previews.append(Preview(week, build_report_request(server, report), is_complete))
    return previews


def send_in_background(arguments: Sequence[str]) -> int:
    """Send what is due for a program that has ended; quiet, and gone after half a minute whatever the receiver does."""
    folder, server, name, version, features = arguments
    timer = threading.Timer(SECONDS_IN_BACKGROUND, os._exit, (FAILED,))
    timer.daemon = True
    timer.start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    program = Program(name, version, tuple(features.split(",")))
    if find_block(os.environ, kind=program.kind, has_terminal=True) is not None:
        return DONE
    telemetry = Telemetry(program, server=server, folder=folder, terminal=True)
    try:
        _build_sender(telemetry, server).send_due(telemetry.now())
    except EXCHANGE_ERRORS:
        return FAILED  # the next run of the program tries again
    return DONE


def _build_sender(telemetry: Telemetry, server: str) -> Sender:
    return Sender(
        folder=telemetry.folder or "", program=telemetry.program, server=parse_server(server), weeks=IsoWeeks()
    )


def _describe_now(telemetry: Telemetry) -> str:
    if telemetry.block is not None:
        return f"off now: {telemetry.block}"
    return "on now" if telemetry.is_on else "off now"


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="candor-telemetry", description=__doc__)
    parser.add_argument("--program", required=True, help="the name of the program, for example omnifocus")
    parser.add_argument("--program-version", default="1.0", help="its version, for the preview")
    parser.add_argument("--features", default=FEATURES, help="what it counts, separated by commas")
    parser.add_argument("--server", default="https://candor.example", help="the receiver")
    parser.add_argument("--folder", help="where the program keeps its answer; by default the user's state folder")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, run, text in (
        ("status", show_status, "what is saved, and whether it holds now"),
        ("on", turn_on, "say yes"),
        ("off", turn_off, "say no: deletes what is not sent, and sends nothing"),
        ("preview", show_preview, "the exact bytes of each report"),
        ("send", send_now, "send what is due, now"),
    ):
        commands.add_parser(name, help=text).set_defaults(run=run)
    deletion = commands.add_parser("delete-report", help="have the report of a week deleted")
    deletion.add_argument("week")
    deletion.set_defaults(run=delete_report)
    return parser


if __name__ == "__main__":
    sys.exit(main())
