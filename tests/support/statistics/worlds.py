"""Pairs of worlds that differ in one installation: its reports are there, or are not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.telemetry.domain.reports import UsageReport
from services.telemetry.domain.schema import Bucket

MIN_COUNT = 20
"""The minimum of the releases in these worlds."""
Week = Sequence[UsageReport]


def report(
    program: str = "omnifocus", version: str = "4.8", os: str = "macos-26", locale: str = "en", bucket: str = "3 to 9"
) -> UsageReport:
    """Return a report with the same range for every counter."""
    counters = dict.fromkeys(("launches", "crashes", "syncs"), bucket)
    return UsageReport(program=program, version=version, os=os, locale=locale, counters=counters)


COMMON = report()
RARE = report("omniplan", "4.9", "windows-11", "ko", Bucket.OVER_299.value)


@dataclass(frozen=True)
class Scenario:
    """What the attacker knows and wants to know: the weeks of all others, and the report of the victim."""

    name: str
    others: Week
    victim: UsageReport
    weeks: int = 1
    epsilon: float = field(default=0.5)

    @property
    def total_epsilon(self) -> float:
        """What the weeks together may tell."""
        return self.epsilon * self.weeks

    def without(self) -> list[Week]:
        """Return the world without the victim."""
        return [self.others] * self.weeks

    def with_victim(self) -> list[Week]:
        """Return the world with the victim."""
        return [[*self.others, self.victim]] * self.weeks


SCENARIOS: Mapping[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario("own reports fill a cell", [COMMON] * 60 + [RARE] * (MIN_COUNT - 1), RARE),
        Scenario("alone in its cells", [COMMON] * 60, RARE),
        Scenario("in large cells", [COMMON] * 80 + [RARE] * 40, COMMON),
        Scenario("a week at the minimum", [COMMON] * (MIN_COUNT - 1), COMMON),
        Scenario("eight weeks", [COMMON] * 60 + [RARE] * (MIN_COUNT - 1), RARE, weeks=8),
    )
}
