"""Fetches tokens and sends the reports of closed weeks; runs in a process of its own, which no program waits for."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from candor_telemetry.answer import Answer, read_answer
from candor_telemetry.counts import delete_counts, list_weeks, read_counts
from candor_telemetry.encoding import decode, encode
from candor_telemetry.program import QUESTION_VERSION, Program
from candor_telemetry.reports import build_report, build_report_request
from candor_telemetry.tokens import (
    SENT_FILE,
    UNUSED_FILE,
    Blinded,
    Token,
    blind_number,
    read_tokens,
    store_tokens,
    unblind_token,
    without,
)
from candor_telemetry.weeks import Weeks, accepted_weeks, iter_weeks
from candor_telemetry.wire import Reply, Server, build_request, exchange

KEYS_PATH = "/v1/telemetry/keys"
TOKENS_PATH = "/v1/telemetry/tokens"
DELETIONS_PATH = "/v1/telemetry/reports/deletions"
WEEKS_AHEAD = 13
FEW_TOKENS = 4
"""New tokens are fetched when fewer weeks than this have one."""
LOCK_FILE = "sending.lock"
_RETRIED = frozenset({408, 425, 429})
"""Statuses below 500 after which the report stays for a later attempt."""

Exchange = Callable[[Server, bytes], Reply]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Sends what is due for one program of one installation."""

    folder: str
    program: Program
    server: Server
    weeks: Weeks
    exchange: Exchange = exchange

    def send_due(self, now: datetime) -> int:
        """Delete what may no longer be sent, send what may, fetch missing tokens; return the number of reports sent.

        Nothing leaves the device without a yes to the current question. Raises OSError when the disk does not take a
        change, and one of EXCHANGE_ERRORS when the receiver cannot be reached.
        """
        with _lock_folder(self.folder) as is_ours:
            answer = read_answer(self.folder)
            if not is_ours or not answer.covers(QUESTION_VERSION):
                return 0
            self._delete_stale(answer, now)
            sent = self._send_reports(answer, now)
            self._fetch_tokens(answer, now)
        return sent

    def _delete_stale(self, answer: Answer, now: datetime) -> None:
        closed, running = accepted_weeks(self.weeks, now), self.weeks.week_at(now)
        for week in list_weeks(self.folder):
            # A week named in the future comes from a clock that was wrong.
            if week not in {*closed, running} or week < answer.first_week:
                delete_counts(self.folder, week)
        self._keep_weeks(SENT_FILE, {*closed})
        self._keep_weeks(UNUSED_FILE, {*closed, *iter_weeks(self.weeks, running, WEEKS_AHEAD + 1)})

    def _keep_weeks(self, file: str, weeks: set[str]) -> None:
        tokens = self._read(file)
        if not set(tokens) <= weeks:
            self._store(file, {week: token for week, token in tokens.items() if week in weeks})

    def _send_reports(self, answer: Answer, now: datetime) -> int:
        tokens, waiting, sent = self._read(UNUSED_FILE), set(list_weeks(self.folder)), 0
        for week in accepted_weeks(self.weeks, now):
            if week < answer.first_week or week not in waiting or week not in tokens:
                continue
            counts = read_counts(self.folder, week)
            report = build_report(self.program, week, tokens[week], counts)
            reply = self.exchange(self.server, build_report_request(self.server, report))
            if not _is_settled(reply.status):
                continue
            # First the number of what was sent: a crash between the two sends a report twice, which counts once.
            self._store(SENT_FILE, self._read(SENT_FILE) | {week: tokens[week]})
            tokens = without(tokens, week)
            self._store(UNUSED_FILE, tokens)
            delete_counts(self.folder, week)
            sent += 1
        return sent

    def _fetch_tokens(self, answer: Answer, now: datetime) -> None:
        tokens = self._read(UNUSED_FILE)
        start = self.weeks.shift(self.weeks.week_at(now), 1)
        missing = [week for week in iter_weeks(self.weeks, start, WEEKS_AHEAD) if week not in tokens]
        if WEEKS_AHEAD - len(missing) >= FEW_TOKENS:
            return
        keys = self._fetch_keys()
        # A key that has changed since would tell this installation from others: its tokens are not used.
        trusted = {
            week: token for week, token in tokens.items() if keys.get(week, token.public_key) == token.public_key
        }
        drawn = {week: blind_number() for week in missing if week in keys}
        fetched = self._evaluate(drawn, keys) if drawn else {}
        if read_answer(self.folder) == answer:  # no yes was withdrawn while the receiver answered
            self._store(UNUSED_FILE, trusted | fetched)

    def _read(self, file: str) -> dict[str, Token]:
        return read_tokens(self.folder, file, QUESTION_VERSION)

    def _store(self, file: str, tokens: dict[str, Token]) -> None:
        store_tokens(self.folder, file, QUESTION_VERSION, tokens)

    def _fetch_keys(self) -> dict[str, str]:
        reply = self.exchange(self.server, build_request(self.server, "GET", KEYS_PATH))
        if reply.status != 200 or reply.content.get("question_version") != QUESTION_VERSION:
            return {}
        return {each["week"]: each["public_key"] for each in _objects(reply.content, "keys", "week", "public_key")}

    def _evaluate(self, drawn: dict[str, Blinded], keys: dict[str, str]) -> dict[str, Token]:
        content = {
            "question_version": QUESTION_VERSION,
            "program": self.program.name,
            "elements": [{"week": week, "blinded": encode(each.element)} for week, each in drawn.items()],
        }
        reply = self.exchange(self.server, build_request(self.server, "POST", TOKENS_PATH, content))
        found = {}
        for each in _objects(reply.content, "evaluations", "week", "evaluated", "proof"):
            if (week := each["week"]) in drawn:
                found[week] = unblind_token(
                    drawn[week],
                    evaluated=decode(each["evaluated"]),
                    proof=decode(each["proof"]),
                    public_key=decode(keys[week]),
                )
        return found


def delete_sent_report(folder: str, program: str, server: Server, week: str, *, send: Exchange = exchange) -> bool:
    """Ask the receiver to delete the report of *week*; False when none was sent, or it refuses.

    Raises one of EXCHANGE_ERRORS when it cannot be reached.
    """
    tokens = read_tokens(folder, SENT_FILE, QUESTION_VERSION)
    if (token := tokens.get(week)) is None:
        return False
    content = {
        "question_version": QUESTION_VERSION,
        "program": program,
        "week": week,
        "number": token.number,
        "token": token.token,
    }
    if send(server, build_request(server, "POST", DELETIONS_PATH, content)).status >= 300:
        return False
    store_tokens(folder, SENT_FILE, QUESTION_VERSION, without(tokens, week))
    return True


def _is_settled(status: int) -> bool:
    """Return whether the report has been taken, or will never be: another attempt would change nothing."""
    return status < 500 and status not in _RETRIED


def _objects(content: dict[str, Any], name: str, *fields: str) -> Iterator[dict[str, str]]:
    found = content.get(name)
    for each in found if isinstance(found, list) else []:
        if isinstance(each, dict) and all(isinstance(each.get(field), str) for field in fields):
            yield each


@contextmanager
def _lock_folder(folder: str) -> Iterator[bool]:
    """Lock *folder* against other senders until the block ends; False when one is at work."""
    import fcntl

    descriptor = os.open(os.path.join(folder, LOCK_FILE), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)
