"""Looks, while the platform runs, whether it keeps its promises: a probe, what it finds, the runner, the metric."""

from shared.promises.common import retention_probe, undeclared_fields_probe
from shared.promises.probe import Finding, Probe, broken_finding, kept_finding, unknown_finding
from shared.promises.runner import ProbeRunner

__all__ = [
    "Finding",
    "Probe",
    "ProbeRunner",
    "broken_finding",
    "kept_finding",
    "retention_probe",
    "undeclared_fields_probe",
    "unknown_finding",
]
