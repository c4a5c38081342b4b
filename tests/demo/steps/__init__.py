"""The story, in the order in which it is told."""

from tests.demo.steps import account, cards, disclosure, erasure, files, newsletter, statistics
from tests.demo.story import Step

STORY: list[Step] = [
    *account.STEPS,
    *newsletter.STEPS,
    *files.STEPS,
    *cards.STEPS,
    *statistics.STEPS,
    *disclosure.STEPS,
    *erasure.STEPS,
]
