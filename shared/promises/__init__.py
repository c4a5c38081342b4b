"""Checks at run time whether the platform keeps its promises: probes, findings, the runner, the metric."""

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
