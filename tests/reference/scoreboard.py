"""The scoreboard of newsletter: which test proves which known failure, ``docs/reference/newsletter-scoreboard.md``.

Made from the names of the tests, so that it says what there is: a row without a test says so.
"""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REPORT = ROOT / "docs/reference/newsletter-scoreboard.md"
_MOST = 6

FAILURES = {
    "N-01": "a mail scanner that follows links, or HEAD, unsubscribes",
    "N-02": "List-Unsubscribe is encoded, folded inside, or not signed",
    "N-03": "a header is lost in a change: golden bytes of every mail class",
    "N-04": "a newsletter suppression stops a password reset or a notice",
    "N-05": "one soft bounce ends a subscription; a second bounce is not recorded",
    "N-06": "a forged bounce or complaint suppresses a victim",
    "N-07": "bounces of bounces, vacation replies, several recipients, nested and huge reports are misread",
    "N-08": "a crash in a campaign skips or doubles recipients",
    "N-09": "who unsubscribes during a campaign still gets its email",
    "N-10": "someone joins, ends or learns of the subscription of another",
    "N-11": "a template reads secrets",
    "N-12": "markup of an editor runs in the archive or the preview",
    "N-13": "an export runs formulas in a spreadsheet",
    "N-14": "a line break in an address, a name or a subject becomes a header or an SMTP command",
    "N-15": "an SMTP session is used on after an error",
    "N-16": "two addresses are merged by guesses, or one is not found in another spelling",
    "N-17": "an email has more than one recipient",
    "N-18": "a scanned confirmation link confirms",
    "N-19": "an import revives someone who has left",
    "N-20": "a segment reaches the database as an operator",
}
"""The known failures of newsletter software, in short; their tests bear the id in their name."""

PARTS: tuple[tuple[str, str], ...] = (
    (
        "linked to the account that confirms, never to the one that typed the address",
        r"linked|link_an_account|C06_a_conf",
    ),
    ("the staff's door finds every spelling", r"staff_door|n16_similar|C10_staff_who_end"),
    ("a second press of confirm", r"second_press|used_confirmation"),
    ("confirm and leave pages name list, address and text", r"both_links_show|page_shows|is_cut_off|bad_link"),
    ("a way off without a letter", r"without_a_letter|way_off"),
    ("encoded words of at most 75 octets", r"encoded_word"),
    (
        "any POST with a live token unsubscribes, and the answers are alike",
        r"any_post_with|one_click_does_not_tell|above_1_KiB",
    ),
    ("leaving is not limited for an office", r"not_limited_for_an_office"),
    ("answers reach people", r"answers_reach_people|wrong_address_for_answers"),
    ("unsubscribing by mail: the token stands in the address", r"leave_address|leave_by_mail|apple"),
    ("3-digit and enhanced code of a refusal", r"enhanced"),
    ("what was not understood is kept for staff and can be undone", r"kept_for_staff|undone|kept_mail|resume"),
    ("out of office never counts", r"out_of_office|vacation|auto_repl"),
    ("a refusal of us counts against campaign and relay", r"refusal_of_us|refusals_of_us|blocked"),
    ("a storm of bounces pauses the campaign", r"pause"),
    ("schedules: an instant and a zone, missed times are asked about", r"schedul|missed|zone"),
    (
        "files: encodings, delimiters, quoted line breaks, line numbers",
        r"encoding_delimiter|quoted_line_breaks|refused_with_the_line|refused_with_its_line",
    ),
    (
        "exports of Mailchimp, Substack, Ghost, listmonk",
        r"mailchimp|exporter_meant|substack|spellings_of_the_exporters",
    ),
    ("no file subscribes", r"n19_"),
    ("own inbound domain is refused", r"own_inbound_domain"),
    ("SPF, DKIM, DMARC and alignment", r"spf_|dmarc|align|key_that_verifies|sound_domain"),
    (
        "webhooks: signed, retried with an end, replayed, never into our network",
        r"retries_end|410|signature_is_that|private_address|turned_to_our_network|replay",
    ),
    ("mail log and its probe", r"C04_"),
)
"""What public reports of such systems ask for; the pattern finds its tests in the folders of newsletter and mail."""

_PLACES = re.compile(r"newsletter|/mail/|webhooks|mail_dns|access_log|portal/test_(console|pages|addresses)|chaos")


@dataclass(frozen=True, slots=True)
class ProvingTest:
    """A test, by the sentence of its name."""

    name: str
    file: str


def list_tests() -> list[ProvingTest]:
    """Return the tests of the folders that newsletter concerns."""
    found: list[ProvingTest] = []
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        relative = path.relative_to(ROOT).as_posix()
        if _PLACES.search(relative):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
            found += [ProvingTest(each.name, relative) for each in functions if each.name.startswith("test_")]
    return found


def render() -> str:
    """Return the scoreboard as Markdown."""
    tests = list_tests()
    lines = [
        "# Scoreboard of newsletter",
        "",
        "Made by `make docs` from the names of the tests (`tests/reference/scoreboard.py`).",
        "",
        "## Known failures",
        "",
        "| id | failure | tests |",
        "| --- | --- | --- |",
        *(_row(f"{key} | {text}", _with_id(tests, key)) for key, text in FAILURES.items()),
        "",
        "## What public reports ask for",
        "",
        "| what | tests |",
        "| --- | --- |",
        *(_row(text, [each for each in tests if re.search(pattern, each.name)]) for text, pattern in PARTS),
        "",
    ]
    return "\n".join(lines)


def _with_id(tests: list[ProvingTest], key: str) -> list[ProvingTest]:
    mark = key.replace("-", "").lower()
    return [each for each in tests if re.search(rf"_{mark}(_|$)", each.name.lower())]


def _row(head: str, tests: list[ProvingTest]) -> str:
    if not tests:
        return f"| {head} | **no test yet** |"
    return f"| {head} | {'; '.join(_cells(tests))} |"


def _cells(tests: list[ProvingTest]) -> Iterator[str]:
    files = sorted({each.file for each in tests})
    for file in files[:_MOST]:
        count = sum(each.file == file for each in tests)
        yield f"[{Path(file).stem}](../../{file}) ({count})"


def main() -> int:
    """Write the scoreboard."""
    REPORT.write_text(render(), encoding="utf-8")
    sys.stdout.write(f"{REPORT.relative_to(ROOT)} is written\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
