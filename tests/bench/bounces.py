"""Bounces: the verdicts on our own corpus, and on a public one that is not part of this repository.

``BOUNCE_CORPUS`` names a folder with checkouts of ``sisimai/set-of-emails`` (the mails) and ``sisimai/rb-sisimai``
(in its tests, what each mail is). Without it only our own corpus is judged.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from services.newsletter.domain.inbound.judge import Door, Envelope, TokenState, judge
from services.newsletter.domain.inbound.mime import parse_mail
from services.newsletter.domain.inbound.verdicts import Verdict
from shared.clock import monotonic
from tests.bench.figure import Area, Bench, Figure, Goal
from tests.support.inbound_mails import corpus

AREA = Area("bounces")

_LIVE = Envelope(door=Door.BOUNCE, token=TokenState.LIVE, empty_sender=True)
_REFUSALS = {
    *("authfailure", "badreputation", "blocked", "contenterror", "exceedlimit", "mesgtoobig", "norelaying"),
    *("notcompliantrfc", "policyviolation", "rejected", "requireptr", "securityerror", "spamdetected", "speeding"),
    *("toomanyconn", "virusdetected"),
}
"""The reasons of the public corpus that are about the sender, not about the address."""
_CASE = re.compile(r"'(\d\d)'\s*=>\s*(\[\[.*?\]\])", re.DOTALL)
_ROW = re.compile(r"\['[^']*',\s*'[^']*',\s*'([^']*)',\s*(true|false)")


@AREA.measures
async def verdicts(bench: Bench) -> list[Figure]:
    """Judge our own corpus, and the public one where it is."""
    return [speed(), *(public(Path(folder), bench) if (folder := os.environ.get("BOUNCE_CORPUS")) else ())]


def speed() -> Figure:
    """Return how many mails of our own corpus are read and judged a second."""
    mails = [mail.read({}) for mail in corpus()]
    began = monotonic()
    for _ in range(20):
        for raw in mails:
            judge(parse_mail(raw), _LIVE)
    rate = 20 * len(mails) / (monotonic() - began)
    return Figure(name="mails judged", ours=rate, reference=None, unit="mails/s", note="our own corpus")


def public(folder: Path, bench: Bench) -> Iterator[Figure]:
    """Yield what was found of the public corpus; mails with several recipients that differ are left out."""
    expected = dict(read_expected(folder / "rb-sisimai" / "test" / "public"))
    hard, refused = [], []
    for path in sorted((folder / "set-of-emails" / "maildir" / "bsd").glob("*.eml")):
        reasons, is_hard = expected.get(path.stem, (frozenset(), None))
        if is_hard is None or "feedback" in reasons:
            continue
        found = judge(parse_mail(path.read_bytes()), _LIVE).verdict is Verdict.HARD
        if is_hard:
            hard.append(found)
        elif reasons <= _REFUSALS:
            refused.append(found)
    bench.tell(f"public corpus: {len(hard)} hard ones, {len(refused)} refusals of the sender")
    yield share("hard ones found", hard, Goal("share >= 85 %", lambda figure: (figure.ratio or 0) >= 0.85))
    yield share("refusals called hard", refused, Goal("share <= 3 %", lambda figure: (figure.ratio or 0) <= 0.03))


def share(name: str, found: list[bool], goal: Goal) -> Figure:
    """Return a count of all as a figure."""
    return Figure(name=name, ours=sum(found), reference=len(found), unit="mails", goal=goal, note="of all of the kind")


def read_expected(tests: Path) -> Iterator[tuple[str, tuple[frozenset[str], bool | None]]]:
    """Yield for each mail its reasons, and whether it is hard; None where its recipients differ."""
    for path in sorted(tests.glob("*.rb")):
        for case in _CASE.finditer(path.read_text(encoding="utf-8")):
            rows: list[tuple[str, str]] = _ROW.findall(case[2])
            kinds = {kind == "true" for _, kind in rows}
            reasons = frozenset(reason for reason, _ in rows)
            yield f"{path.stem}-{case[1]}", (reasons, kinds.pop() if len(kinds) == 1 else None)
