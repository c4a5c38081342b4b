"""Observability of a process: logs without personal data, metrics by route template, traces over HTTP and AMQP."""

from shared.observe.logs import configure_logging, get_logger
from shared.observe.metrics import Counter, Gauge, Histogram, counter, gauge, histogram, render_metrics
from shared.observe.redaction import redact
from shared.observe.traces import configure_tracing, current_traceparent, flush_tracing, span, span_from_traceparent

__all__ = [
    "Counter",
    "Gauge",
    "Histogram",
    "configure_logging",
    "configure_tracing",
    "counter",
    "current_traceparent",
    "flush_tracing",
    "gauge",
    "get_logger",
    "histogram",
    "redact",
    "render_metrics",
    "span",
    "span_from_traceparent",
]
