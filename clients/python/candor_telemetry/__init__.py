"""Counts how a program is used, with consent only, and sends one report a week. See README.md beside the package."""

from candor_telemetry.answer import Answer
from candor_telemetry.environment import Kind
from candor_telemetry.program import Program
from candor_telemetry.telemetry import Telemetry

__all__ = ["Answer", "Kind", "Program", "Telemetry"]
