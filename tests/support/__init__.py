"""What tests share: small fakes that keep the contract of the thing they stand for, and the parts to run against."""

from tests.support.fakes import NOON, FixedClock, SequentialIds
from tests.support.raw_writes import RawWriter

__all__ = ["NOON", "FixedClock", "RawWriter", "SequentialIds"]
