"""C04: the mail log and the access log are kept, and deleted on schedule."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from shared.clock import Clock
from shared.mail import MailLog, MailLogCheck, QueuedMailDocument
from shared.mail.log import MAIL_LOG_RETENTION
from shared.mongo import Database
from shared.promises.probe import Finding, Probe, broken_finding, kept_finding, unknown_finding

ACCESS_LOG_RETENTION = timedelta(days=30)
"""How long a day's access log is kept on one machine; in a cluster the log collector sets the retention."""
_GRACE = timedelta(hours=1)
"""The sweeper runs every ten minutes."""
_LOGGED_ATTEMPTS = 3
"""The last attempt may be running, and the process of the one before may have died before it wrote the log."""
_SAMPLE_SIZE = 200
_TAIL_BYTES = 64 * 1024
_COMBINED = re.compile(
    r"\S+ - - \[(?P<at>\d{2}/[A-Z][a-z]{2}/\d{4}:\d{2}:\d{2}:\d{2} \+0000)\] "
    r'"(?P<request>\S.*?)" \d{3} \d+ "(?P<referer>.*?)" ".*"'
)
_QUOTES = 6
"""A visitor may send more of them in a path or a user agent: the fields of such an entry cannot be told apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessLogFindings:
    """What is wrong with the access log, and how many entries were read."""

    entry_count: int
    faults: tuple[str, ...]


def server_log_probe(
    db: Database,
    mail_log: MailLog,
    clock: Clock,
    *,
    access_log: Path | None,
    leads: bool,
    more: Callable[[], Awaitable[MailLogCheck]] | None = None,
) -> Probe:
    """C04: no row or file is older than its limit, attempts are logged, and no query string is.

    *leads*: this service answers for the access log as well, and says "unknown" where it cannot be read.
    *more* checks the entries that the service stores itself.
    """

    async def check() -> Finding:
        now = clock()
        summary = await mail_log.get_summary(overdue_before=now - MAIL_LOG_RETENTION - _GRACE)
        unlogged = await _count_unlogged(db, mail_log)
        faults = [
            *([f"{summary.overdue_count} rows of the mail log are overdue"] if summary.overdue_count else []),
            *([f"{unlogged} emails were attempted without a row in the mail log"] if unlogged else []),
        ]
        own = await more() if more else MailLogCheck(entry_count=0, faults=())
        visits = await asyncio.to_thread(inspect_access_log, access_log, now) if access_log else None
        faults += [*own.faults, *(visits.faults if visits else ())]
        row_count = summary.row_count + own.entry_count
        sample_size = row_count + (visits.entry_count if visits else 0)
        if faults:
            return broken_finding(sample_size, "; ".join(faults))
        mails = f"{row_count} rows of the mail log, none older than {MAIL_LOG_RETENTION.days} days"
        if visits is None:
            if leads:
                return unknown_finding(f"{mails}; the access log cannot be read here (CANDOR_ACCESS_LOG)")
            return kept_finding(sample_size, mails)
        entries = f"{visits.entry_count} visits without query strings, none older than {ACCESS_LOG_RETENTION.days} days"
        return kept_finding(sample_size, f"{mails}; {entries}")

    return Probe("C04", check)


async def _count_unlogged(db: Database, mail_log: MailLog) -> int:
    """Return how many queued emails were attempted again and again without leaving a row in the log."""
    queued = db.get_collection(QueuedMailDocument)
    rows = await queued.list({"attempts": {"$gte": _LOGGED_ATTEMPTS}}, limit=_SAMPLE_SIZE)
    return len(await mail_log.find_missing([row.id for row in rows])) if rows else 0


def inspect_access_log(file: Path, now: datetime) -> AccessLogFindings:
    """Read the end of the access log and the days beside it."""
    faults: list[str] = []
    lines = list(_read_tail(file))
    if not file.exists():
        faults.append("there is no access log")
    for name, is_wrong in _LINE_RULES.items():
        if count := sum(is_wrong(line, now) for line in lines):
            faults.append(f"{count} entries of the access log {name}")
    kept_days = sorted(path.stem for path in file.with_suffix("").glob("*.log"))
    oldest = (now - ACCESS_LOG_RETENTION - _GRACE).date() - timedelta(days=1)
    if overdue := [day for day in kept_days if _parse_day(day) < oldest]:
        faults.append(f"{len(overdue)} days of the access log are overdue")
    return AccessLogFindings(entry_count=len(lines), faults=tuple(faults))


def _read_tail(file: Path) -> Iterator[str]:
    if not file.exists():
        return
    with file.open("rb") as opened:
        opened.seek(max(0, file.stat().st_size - _TAIL_BYTES))
        lines = opened.read().split(b"\n")[1 if opened.tell() > _TAIL_BYTES else 0 : -1]
    yield from (line.decode("utf-8", "replace") for line in lines[-_SAMPLE_SIZE:])


def _is_not_combined(line: str, _now: datetime) -> bool:
    return _COMBINED.fullmatch(line) is None


def _has_query(line: str, _now: datetime) -> bool:
    found = _COMBINED.fullmatch(line)
    return found is not None and line.count('"') == _QUOTES and ("?" in found["request"] or "?" in found["referer"])


def _is_overdue(line: str, now: datetime) -> bool:
    found = _COMBINED.fullmatch(line)
    if found is None:
        return False
    at = datetime.strptime(found["at"], "%d/%b/%Y:%H:%M:%S %z").astimezone(UTC)
    return at < now - ACCESS_LOG_RETENTION - _GRACE


_LINE_RULES: dict[str, Callable[[str, datetime], bool]] = {
    "are not in the combined format": _is_not_combined,
    "have a query string": _has_query,
    "are overdue": _is_overdue,
}


def _parse_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return date.max
