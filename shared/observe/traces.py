"""W3C trace context through HTTP, outbox rows and AMQP; exported only where an OTLP address is given."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import context, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from shared.observe.redaction import redact_value

_W3C = TraceContextTextMapPropagator()


class _Tracing:
    """What this process traces with: until configured, context flows and nothing is recorded."""

    provider = TracerProvider(sampler=ALWAYS_OFF, shutdown_on_exit=False)
    tracer = provider.get_tracer("candor")
    """Asked for once: the library takes longer to find it than to use it."""


def configure_tracing(service: str, otlp_url: str | None, *, exporter: SpanExporter | None = None) -> None:
    """Export spans to *otlp_url* (OTLP over HTTP) or to *exporter*; with neither, only the context is carried."""
    if exporter is None and otlp_url is not None:
        exporter = OTLPSpanExporter(endpoint=f"{otlp_url.rstrip('/')}/v1/traces", timeout=5)
    if exporter is None:
        return
    _Tracing.provider = TracerProvider(
        resource=Resource.create({"service.name": service}), sampler=ParentBased(ALWAYS_ON), shutdown_on_exit=False
    )
    _Tracing.provider.add_span_processor(BatchSpanProcessor(exporter))
    _Tracing.tracer = _Tracing.provider.get_tracer("candor")


def flush_tracing(seconds: float = 3.0) -> None:
    """Send what is waiting; for the end of a process."""
    _Tracing.provider.force_flush(int(seconds * 1000))


@contextmanager
def span(name: str, **attributes: str | float) -> Iterator[None]:
    """Time the block as a child of the current span; attributes are cleaned, a failure is told by its type alone."""
    with _started(name, attributes):
        yield


@contextmanager
def continued(traceparent: str, name: str, **attributes: str | float) -> Iterator[None]:
    """Time the block as a child of a span elsewhere; an empty or broken *traceparent* begins a new trace."""
    with _started(name, attributes, _W3C.extract({"traceparent": traceparent}, context.Context())):
        yield


def current_traceparent() -> str:
    """Return the header that continues the current span elsewhere, or an empty string."""
    carrier: dict[str, str] = {}
    _W3C.inject(carrier)
    return carrier.get("traceparent", "")


@contextmanager
def _started(name: str, attributes: Mapping[str, str | float], parent: context.Context | None = None) -> Iterator[None]:
    current = _Tracing.tracer.start_span(name, parent)
    if current.is_recording():
        current.set_attributes({key: str(redact_value(key, value)) for key, value in attributes.items()})
    token = context.attach(trace.set_span_in_context(current, parent))
    try:
        yield
    except BaseException as fault:
        current.set_status(trace.StatusCode.ERROR, type(fault).__name__)
        raise
    finally:
        context.detach(token)
        current.end()
