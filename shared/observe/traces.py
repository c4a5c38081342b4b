"""W3C trace context through HTTP, outbox rows and AMQP; exported only where an OTLP address is given."""

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
_ids = RandomIdGenerator()
_EMPTY_CONTEXT = context.Context()


def _start_unrecorded_span(_name: str, parent_context: context.Context | None) -> trace.Span:
    """Return a span that has ids and is not recorded: a fifth of the work of the SDK's, at every request."""
    parent = trace.get_current_span(parent_context).get_span_context()
    trace_id = parent.trace_id if parent.is_valid else _ids.generate_trace_id()
    return trace.NonRecordingSpan(trace.SpanContext(trace_id, _ids.generate_span_id(), is_remote=False))


class _TracingState:
    """What this process traces with: until configured, context flows and nothing is recorded."""

    provider: TracerProvider | None = None
    start_span: Callable[[str, context.Context | None], trace.Span] = staticmethod(_start_unrecorded_span)


def configure_tracing(service: str, otlp_url: str | None, *, exporter: SpanExporter | None = None) -> None:
    """Export spans to *otlp_url* (OTLP over HTTP) or to *exporter*; with neither, only the context is carried."""
    if exporter is None and otlp_url is not None:
        exporter = OTLPSpanExporter(endpoint=f"{otlp_url.rstrip('/')}/v1/traces", timeout=5)
    if exporter is None:
        return
    provider = TracerProvider(
        resource=Resource.create({"service.name": service}), sampler=ParentBased(ALWAYS_ON), shutdown_on_exit=False
    )
    provider.add_span_processor(BatchSpanProcessor(exporter))
    _TracingState.provider, _TracingState.start_span = provider, provider.get_tracer("candor").start_span


def flush_tracing(timeout_seconds: float = 3.0) -> None:
    """Send what is waiting; for the end of a process."""
    if _TracingState.provider is not None:
        _TracingState.provider.force_flush(int(timeout_seconds * 1000))


class TraceSpan:
    """Times a block; of a failure only the type is recorded."""

    __slots__ = ("_span", "_token", "_within")

    def __init__(
        self, name: str, attributes: dict[str, str | float], parent_context: context.Context | None = None
    ) -> None:
        self._span, self._within = _TracingState.start_span(name, parent_context), parent_context
        if self._span.is_recording():
            self._span.set_attributes({key: str(redact_value(key, value)) for key, value in attributes.items()})

    def __enter__(self) -> None:
        self._token = context.attach(trace.set_span_in_context(self._span, self._within))

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._span.set_status(trace.StatusCode.ERROR, kind.__name__)
        context.detach(self._token)
        self._span.end()


def span(name: str, **attributes: str | float) -> TraceSpan:
    """Time a ``with`` block as a child of the current span; attributes are cleaned."""
    return TraceSpan(name, attributes)


def span_from_traceparent(traceparent: str, name: str, **attributes: str | float) -> TraceSpan:
    """Time a ``with`` block as a child of a span elsewhere; an empty or broken *traceparent* begins a new trace."""
    return TraceSpan(
        name, attributes, _W3C.extract({"traceparent": traceparent}, _EMPTY_CONTEXT) if traceparent else _EMPTY_CONTEXT
    )


def current_traceparent() -> str:
    """Return the header that continues the current span elsewhere, or an empty string."""
    carrier: dict[str, str] = {}
    _W3C.inject(carrier)
    return carrier.get("traceparent", "")
