"""Metrics are made once by name and read as Prometheus reads them."""

import pytest

from shared import observe


def test_the_same_name_is_the_same_metric() -> None:
    one = observe.counter("demo_made_total", "Things made.", ("kind",))
    assert observe.counter("demo_made_total", "Things made.", ("kind",)) is one
    one.labels("round").inc(2)
    text, content_type = observe.render_metrics()
    assert b'demo_made_total{kind="round"} 2.0' in text
    assert content_type.startswith("text/plain")


def test_a_name_of_two_kinds_is_a_mistake() -> None:
    observe.gauge("demo_waiting", "Things that wait.")
    with pytest.raises(TypeError, match="demo_waiting"):
        observe.counter("demo_waiting", "Things that wait.")


def test_a_histogram_counts_seconds_up_to_the_longest_wait() -> None:
    observe.histogram("demo_seconds", "How long.").observe(29)
    text, _ = observe.render_metrics()
    assert b'demo_seconds_bucket{le="30.0"} 1.0' in text
    assert b'demo_seconds_bucket{le="10.0"} 0.0' in text
