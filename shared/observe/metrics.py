"""Prometheus metrics in the registry of the process; requesting a name twice returns the same metric."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

__all__ = ["Counter", "Gauge", "Histogram", "counter", "gauge", "histogram", "render_metrics"]

_Metric = Counter | Gauge | Histogram
_M = TypeVar("_M", Counter, Gauge, Histogram)

DURATION_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Seconds, from a cached read to the longest request."""

_registry = CollectorRegistry()
_metrics: dict[str, _Metric] = {}
ProcessCollector(registry=_registry)


def counter(name: str, documentation: str, labels: Sequence[str] = ()) -> Counter:
    """Return the counter *name*; label values must be bounded: no ids, no addresses."""
    return _get_or_create(name, Counter, lambda: Counter(name, documentation, labels, registry=_registry))


def gauge(name: str, documentation: str, labels: Sequence[str] = ()) -> Gauge:
    """Return the gauge *name*."""
    return _get_or_create(name, Gauge, lambda: Gauge(name, documentation, labels, registry=_registry))


def histogram(
    name: str, documentation: str, labels: Sequence[str] = (), *, buckets: Sequence[float] = DURATION_BUCKETS
) -> Histogram:
    """Return the histogram *name*; the default buckets are in seconds."""
    return _get_or_create(
        name, Histogram, lambda: Histogram(name, documentation, labels, registry=_registry, buckets=buckets)
    )


def render_metrics() -> tuple[bytes, str]:
    """Return all metrics in the Prometheus text format, and its content type."""
    return generate_latest(_registry), CONTENT_TYPE_LATEST


def _get_or_create(name: str, kind: type[_M], make: Callable[[], _M]) -> _M:
    found = _metrics.get(name)
    if found is None:
        _metrics[name] = made = make()
        return made
    if not isinstance(found, kind):
        raise TypeError(f"the metric {name} already exists as another kind: choose another name")
    return found
