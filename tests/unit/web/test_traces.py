"""One trace goes through a request: what the caller began is continued, what it says is checked."""

from collections.abc import AsyncIterator

import pytest

from shared import observe
from shared.web import PUBLIC, RequestContext, View, get
from tests.support.http import Site, serving
from tests.support.logs import Lines

TRACE = "0af7651916cd43dd8448eb211c80319c"


class Parent(View):
    traceparent: str


async def parent(call: RequestContext) -> Parent:
    """Say what a neighbour would be sent."""
    observe.get_logger("demo").info("demo.asked")
    return Parent(traceparent=observe.current_traceparent())


@pytest.fixture(scope="module")
async def demo() -> AsyncIterator[Site]:
    async with serving(get("/parent", parent, access=PUBLIC)) as site:
        yield site


async def test_the_trace_of_the_caller_goes_on_in_the_log_and_to_the_neighbour(demo: Site, logged: Lines) -> None:
    given = f"00-{TRACE}-b7ad6b7169203331-01"
    _, trace, span, _ = (await demo.get("/parent", headers={"traceparent": given})).json["traceparent"].split("-")
    assert trace == TRACE
    assert span != "b7ad6b7169203331"
    assert [line["trace_id"] for line in logged()] == [TRACE]


@pytest.mark.parametrize(
    "given", ["", "nonsense", "00-0-0-01", f"ff-{TRACE}-b7ad6b7169203331-01", f"00-{TRACE}-{'0' * 16}-01"]
)
async def test_a_broken_trace_begins_anew(demo: Site, given: str) -> None:
    version, trace, _, _ = (await demo.get("/parent", headers={"traceparent": given})).json["traceparent"].split("-")
    assert version == "00"
    assert trace not in {TRACE, "0" * 32}


async def test_two_requests_are_two_traces(demo: Site) -> None:
    traces = {(await demo.get("/parent")).json["traceparent"].split("-")[1] for _ in range(2)}
    assert len(traces) == 2


@pytest.mark.parametrize("trace", ["42" * 16, "42" * 8 + "abcdefab" * 2, "a675964982648" + "b" * 19])
async def test_C18_a_card_number_as_a_trace_is_not_logged(demo: Site, logged: Lines, trace: str) -> None:
    given = f"00-{trace}-b7ad6b7169203331-01"
    answer = await demo.get("/parent", headers={"traceparent": given})
    assert trace not in answer.json["traceparent"]
    assert trace not in str(logged())


async def test_a_trace_of_our_own_is_followed_by_the_next_service(demo: Site) -> None:
    for _ in range(50):  # one random id in fifteen would have twelve digits in a row
        given = (await demo.get("/parent")).json["traceparent"]
        followed = (await demo.get("/parent", headers={"traceparent": given})).json["traceparent"]
        assert followed.split("-")[1] == given.split("-")[1]
