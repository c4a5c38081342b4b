"""What tests share: small fakes that keep the contract of the thing they stand for, and the parts to run against."""

from tests.support.fakes import NOON, FixedClock, SequentialIds
from tests.support.plant import Planter

__all__ = ["NOON", "FixedClock", "Planter", "SequentialIds"]
