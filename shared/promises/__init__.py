"""Looks, while the platform runs, whether it keeps its promises: a probe, what it finds, the runner, the metric."""

from shared.promises.common import closed_documents, retention_probe
from shared.promises.probe import Finding, Probe, broken, kept, unknown
from shared.promises.runner import ProbeRunner

__all__ = ["Finding", "Probe", "ProbeRunner", "broken", "closed_documents", "kept", "retention_probe", "unknown"]
