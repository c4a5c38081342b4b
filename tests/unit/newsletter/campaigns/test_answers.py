"""What the relay's answers mean: about the address, about us, or nothing yet."""

import pytest

from services.newsletter.domain.campaigns.answers import AnswerKind, classify_answer, judge_answers
from services.newsletter.domain.campaigns.campaigns import StopReason

ACCEPTED, SOFT, HARD, BLOCKED = AnswerKind.ACCEPTED, AnswerKind.SOFT, AnswerKind.HARD, AnswerKind.BLOCKED


@pytest.mark.parametrize(
    ("code", "enhanced", "kind"),
    [
        (250, "2.0.0", ACCEPTED),
        (250, "", ACCEPTED),
        (450, "4.7.1", SOFT),
        (421, "", SOFT),
        (452, "4.2.2", SOFT),
        (550, "5.1.1", HARD),
        (550, "5.1.10", HARD),
        (550, "5.2.1", HARD),
        (550, "", HARD),
        (553, "", HARD),
        (552, "5.2.2", SOFT),
        (550, "5.7.1", BLOCKED),
        (550, "5.7.26", BLOCKED),
        (550, "5.7.515", BLOCKED),
        (554, "", BLOCKED),
        (552, "5.3.4", BLOCKED),
        (535, "5.7.8", BLOCKED),
        (550, "5.5.0", BLOCKED),
    ],
)
def test_an_answer_is_about_the_address_only_if_it_says_so(code: int, enhanced: str, kind: AnswerKind) -> None:
    assert classify_answer(code, enhanced) is kind


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ([ACCEPTED] * 500, None),
        ([HARD] * 500, None),
        ([SOFT] * 99 + [ACCEPTED] * 401, None),
        ([SOFT] * 100 + [ACCEPTED] * 400, StopReason.SOFT_REFUSALS),
        ([BLOCKED] * 9 + [ACCEPTED] * 491, None),
        ([BLOCKED] * 10 + [ACCEPTED] * 490, StopReason.BLOCKED),
        ([SOFT] * 100 + [BLOCKED] * 10, StopReason.BLOCKED),
        ([SOFT] * 100, StopReason.SOFT_REFUSALS),
        ([BLOCKED] * 10 + [ACCEPTED] * 500, None),
    ],
)
def test_a_fifth_refused_for_now_or_a_fiftieth_that_blocks_us_stops_a_campaign(
    answers: list[AnswerKind], reason: StopReason | None
) -> None:
    verdict = judge_answers(answers)
    assert (verdict.reason if verdict else None) is reason


def test_the_verdict_says_why() -> None:
    verdict = judge_answers([ACCEPTED] * 480 + [BLOCKED] * 20)
    assert verdict is not None
    assert verdict.detail == "20 of the last 500 answers refused us"
