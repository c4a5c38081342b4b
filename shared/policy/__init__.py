"""The privacy policy as data: the closed list of purposes, the promises, the jurisdiction."""

from shared.policy.promises import EFFECTIVE_DATE, JURISDICTION, PROMISES, VERSION, Promise, PromiseState
from shared.policy.purposes import Purpose

__all__ = ["EFFECTIVE_DATE", "JURISDICTION", "PROMISES", "VERSION", "Promise", "PromiseState", "Purpose"]
