"""Spans are children of what came before them, say nothing personal, and leave the process only where told to."""

from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from shared import observe
from shared.observe.traces import _TracingState

GIVEN = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Spans:
    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        observe.configure_tracing("demo", None, exporter=self.exporter)

    def __call__(self) -> dict[str, ReadableSpan]:
        observe.flush_tracing()
        return {span.name: span for span in self.exporter.get_finished_spans()}


@pytest.fixture
def spans() -> Iterator[Spans]:
    before = _TracingState.provider, _TracingState.start_span
    yield Spans()
    assert _TracingState.provider is not None
    _TracingState.provider.shutdown()
    _TracingState.provider, _TracingState.start_span = before


def test_a_span_is_a_child_of_the_one_around_it(spans: Spans) -> None:
    with observe.span_from_traceparent(GIVEN, "handle"), observe.span("ask"):
        pass
    found = spans()
    outer, inner = found["handle"], found["ask"]
    assert outer.parent is not None
    assert inner.parent is not None
    assert f"{outer.context.trace_id:032x}" == f"{inner.context.trace_id:032x}" == GIVEN[3:35]
    assert (f"{outer.parent.span_id:016x}", inner.parent.span_id) == (GIVEN[36:52], outer.context.span_id)
    assert outer.resource.attributes["service.name"] == "demo"


def test_what_goes_to_a_neighbour_continues_the_span(spans: Spans) -> None:
    with observe.span_from_traceparent(GIVEN, "handle"):
        sent = observe.current_traceparent()
    assert sent == f"00-{GIVEN[3:35]}-{spans()['handle'].context.span_id:016x}-01"


def test_attributes_are_cleaned(spans: Spans) -> None:
    with observe.span("ask", email="ada", about="ada@secret.example", message_id="evt_1"):
        pass
    assert dict(spans()["ask"].attributes or {}) == {"email": "[redacted]", "about": "[email]", "message_id": "evt_1"}


def test_a_failure_is_told_by_its_kind_alone(spans: Spans) -> None:
    with pytest.raises(ValueError, match="secret"), observe.span("ask"):
        raise ValueError("ada@secret.example")
    span = spans()["ask"]
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "ValueError")
    assert span.events == ()


def test_a_trace_that_the_caller_does_not_record_is_not_recorded_here(spans: Spans) -> None:
    with observe.span_from_traceparent(GIVEN[:-1] + "0", "handle"):
        assert observe.current_traceparent().startswith(GIVEN[:35])
    assert spans() == {}


def test_without_an_address_nothing_is_recorded_and_the_trace_still_goes_through() -> None:
    with observe.span_from_traceparent(GIVEN, "handle"), observe.span("ask"):
        assert observe.current_traceparent().startswith(GIVEN[:35])


def test_outside_of_a_span_there_is_nothing_to_continue() -> None:
    assert observe.current_traceparent() == ""
