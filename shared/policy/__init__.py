"""The privacy policy as data: the closed list of purposes, the promises, the jurisdiction."""

from shared.policy.purposes import Purpose
from shared.policy.register import JURISDICTION, PROMISES, Promise, State

__all__ = ["JURISDICTION", "PROMISES", "Promise", "Purpose", "State"]
