"""The privacy policy as data: the closed list of purposes, the promises, the jurisdiction."""

from shared.policy.purposes import Purpose
from shared.policy.register import EFFECTIVE, JURISDICTION, PROMISES, VERSION, Promise, State

__all__ = ["EFFECTIVE", "JURISDICTION", "PROMISES", "VERSION", "Promise", "Purpose", "State"]
