"""W3C trace context through HTTP, outbox rows and AMQP; spans are exported only if an OTLP endpoint is set."""

import re
from collections.abc import Callable

from opentelemetry import context, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from shared.observe.redaction import redact_value

_W3C = TraceContextTextMapPropagator()
_CARD_DIGITS = re.compile(r"[0-9]{12}")
"""As many digits in a row as the shortest card number has: a trace id is logged, and must not have one (C18)."""
_EMPTY_CONTEXT = context.Context()


class _IdGenerator(RandomIdGenerator):
    """Generates ids without a long row of digits, so that a trace of this platform is continued everywhere."""

    def generate_trace_id(self) -> int:
        while _CARD_DIGITS.search(format(found := super().generate_trace_id(), "032x")):
            pass
        return found

    def generate_span_id(self) -> int:
        while _CARD_DIGITS.search(format(found := super().generate_span_id(), "016x")):
            pass
        return found


_ids = _IdGenerator()


def _start_unrecorded_span(_name: str, parent_context: context.Context | None) -> trace.Span:
    """Return a span with ids that is not recorded: a fifth of the cost of an SDK span, on every request."""
    parent = trace.get_current_span(parent_context).get_span_context()
    trace_id = parent.trace_id if parent.is_valid else _ids.generate_trace_id()
    return trace.NonRecordingSpan(trace.SpanContext(trace_id, _ids.generate_span_id(), is_remote=False))


class _TracingState:
    """The tracing of this process; until configured, the context is propagated and no span is recorded."""

    provider: TracerProvider | None = None
    start_span: Callable[[str, context.Context | None], trace.Span] = staticmethod(_start_unrecorded_span)


def configure_tracing(service: str, otlp_url: str | None, *, exporter: SpanExporter | None = None) -> None:
    """Export spans to *otlp_url* (OTLP over HTTP) or to *exporter*; with neither, only propagate the context."""
    if exporter is None and otlp_url is not None:
        exporter = OTLPSpanExporter(endpoint=f"{otlp_url.rstrip('/')}/v1/traces", timeout=5)
    if exporter is None:
        return
    provider = TracerProvider(
        resource=Resource.create({"service.name": service}),
        sampler=ParentBased(ALWAYS_ON),
        id_generator=_ids,
        shutdown_on_exit=False,
    )
    provider.add_span_processor(BatchSpanProcessor(exporter))
    _TracingState.provider, _TracingState.start_span = provider, provider.get_tracer("candor").start_span


def flush_tracing(timeout_seconds: float = 3.0) -> None:
    """Export pending spans; called at shutdown."""
    if _TracingState.provider is not None:
        _TracingState.provider.force_flush(int(timeout_seconds * 1000))


class TraceSpan:
    """A span for a ``with`` block; of an exception only the type is recorded."""

    __slots__ = ("_parent", "_span", "_token")

    def __init__(
        self, name: str, attributes: dict[str, str | float], parent_context: context.Context | None = None
    ) -> None:
        self._span, self._parent = _TracingState.start_span(name, parent_context), parent_context
        if self._span.is_recording():
            self._span.set_attributes({key: str(redact_value(key, value)) for key, value in attributes.items()})

    def __enter__(self) -> None:
        self._token = context.attach(trace.set_span_in_context(self._span, self._parent))

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._span.set_status(trace.StatusCode.ERROR, kind.__name__)
        context.detach(self._token)
        self._span.end()


def span(name: str, **attributes: str | float) -> TraceSpan:
    """Time a ``with`` block as a child of the current span; attributes are redacted."""
    return TraceSpan(name, attributes)


def span_from_traceparent(traceparent: str, name: str, **attributes: str | float) -> TraceSpan:
    """Time a ``with`` block as a child of a remote span.

    An empty or invalid *traceparent* starts a new trace, as does one with so many digits in a row that they may be a
    card number: the sender of a request chooses them.
    """
    is_followed = traceparent and not _CARD_DIGITS.search(traceparent)
    return TraceSpan(
        name, attributes, _W3C.extract({"traceparent": traceparent}, _EMPTY_CONTEXT) if is_followed else _EMPTY_CONTEXT
    )


def current_traceparent() -> str:
    """Return the W3C traceparent header of the current span, or an empty string."""
    carrier: dict[str, str] = {}
    _W3C.inject(carrier)
    return carrier.get("traceparent", "")
