"""A caller gets a stated number of requests in a stated time, is told what is left, and costs a bounded memory."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import TooManyRequestsError
from shared.web import PUBLIC, RateLimit, RequestContext, View, customer, get
from shared.web.rate_limits import TokenBuckets
from tests.support.http import a_customer, serving

HOUR = timedelta(hours=1)
FIVE = RateLimit(5, timedelta(seconds=10))


class Done(View):
    done: bool = True


async def done(call: RequestContext) -> Done:
    """Do it."""
    return Done()


def test_so_many_and_no_more_then_steadily_again() -> None:
    buckets = TokenBuckets(FIVE)
    left = [buckets.hit("ada", at=0.0)["RateLimit"] for _ in range(5)]
    assert left == [f'"default";r={4 - used};t={2 * (used + 1)}' for used in range(5)]
    with pytest.raises(TooManyRequestsError) as refused:
        buckets.hit("ada", at=0.0)
    assert refused.value.retry_after == 2
    assert buckets.hit("ada", at=2.0)["RateLimit"] == '"default";r=0;t=10'


def test_who_waits_as_long_as_told_is_served() -> None:
    buckets, now = TokenBuckets(RateLimit(3, timedelta(seconds=7))), 0.0
    for _ in range(50):
        try:
            buckets.hit("ada", at=now)
        except TooManyRequestsError as fault:
            now += fault.retry_after or 0
            buckets.hit("ada", at=now)


def test_a_refused_request_costs_nothing() -> None:
    buckets = TokenBuckets(FIVE)
    for _ in range(5):
        buckets.hit("ada", at=0.0)
    for _ in range(100):
        with pytest.raises(TooManyRequestsError):
            buckets.hit("ada", at=0.0)
    buckets.hit("ada", at=2.0)


def test_callers_do_not_share() -> None:
    buckets = TokenBuckets(RateLimit(1, timedelta(seconds=1)))
    buckets.hit("ada", at=0.0)
    buckets.hit("grace", at=0.0)


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.7", "192.0.2.7", True),
        ("192.0.2.7", "192.0.2.8", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("acc_1", "acc_2", False),
    ],
)
def test_one_line_has_one_bucket_however_many_addresses_it_has(one: str, other: str, *, shared: bool) -> None:
    buckets = TokenBuckets(RateLimit(1, timedelta(seconds=1)))
    buckets.hit(one, at=0.0)
    if shared:
        with pytest.raises(TooManyRequestsError):
            buckets.hit(other, at=0.0)
    else:
        buckets.hit(other, at=0.0)


def test_a_token_that_is_given_back_was_not_taken() -> None:
    buckets = TokenBuckets(RateLimit(1, timedelta(seconds=1)))
    for _ in range(5):
        buckets.hit("2001:db8::1", at=0.0)
        buckets.give_back("2001:db8::2")
    buckets.give_back("never seen")
    buckets.hit("2001:db8::1", at=0.0)
    with pytest.raises(TooManyRequestsError):
        buckets.hit("2001:db8::1", at=0.0)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(min_value=0, max_value=3), max_size=60))
def test_in_any_window_there_is_at_most_a_burst_and_a_refill(pauses: list[float]) -> None:
    buckets, now, taken = TokenBuckets(FIVE), 0.0, []
    for pause in pauses:
        now += pause
        try:
            buckets.hit("ada", at=now)
        except TooManyRequestsError:
            continue
        taken.append(now)
    assert all(sum(1 for at in taken if begin <= at < begin + 10) <= 10 for begin in taken)


def test_memory_is_bounded_and_the_longest_unseen_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.web.rate_limits._MAX_CALLERS", 100)
    buckets = TokenBuckets(FIVE)
    for number in range(1_000):
        buckets.hit(f"caller {number}", at=0.0)
    assert len(buckets._full_at) <= 100
    assert "caller 999" in buckets._full_at


def test_a_busy_caller_is_not_washed_out_by_many_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.web.rate_limits._MAX_CALLERS", 100)
    buckets = TokenBuckets(RateLimit(2, timedelta(hours=1)))
    buckets.hit("mallory", at=0.0)
    buckets.hit("mallory", at=0.0)
    for number in range(0, 1_000, 4):
        for each in range(4):
            buckets.hit(f"caller {number + each}", at=0.0)
        with pytest.raises(TooManyRequestsError):
            buckets.hit("mallory", at=0.0)


async def test_every_reply_of_a_limited_route_tells_the_limit() -> None:
    route = get("/done", done, access=PUBLIC, limit=RateLimit(2, timedelta(minutes=1)))
    async with serving(route) as site:
        replies = [await site.get("/done") for _ in range(3)]
    assert [reply.status for reply in replies] == [200, 200, 429]
    assert {reply.headers["RateLimit-Policy"] for reply in replies} == {'"default";q=2;w=60'}
    assert [reply.headers["RateLimit"] for reply in replies] == [
        '"default";r=1;t=30',
        '"default";r=0;t=60',
        '"default";r=0;t=30',
    ]
    assert (replies[2].code, replies[2].headers["Retry-After"]) == ("http.request.rate_limited", "30")


async def test_each_account_has_its_own_limit_wherever_it_comes_from() -> None:
    route = get("/done", done, access=customer(), limit=RateLimit(1, timedelta(minutes=1)))
    async with serving(route) as site:
        ada, grace = site.trust.headers(a_customer("acc_ada")), site.trust.headers(a_customer("acc_grace"))
        statuses = [(await site.get("/done", headers=who)).status for who in (ada, grace, ada)]
    assert statuses == [200, 200, 429]


async def test_clients_behind_the_edge_are_told_apart_by_what_the_edge_wrote() -> None:
    route = get("/done", done, access=PUBLIC, limit=RateLimit(1, timedelta(minutes=1)))
    async with serving(route) as site:
        hops = ["203.0.113.7", "203.0.113.8", "198.51.100.1, 203.0.113.7"]
        statuses = [(await site.get("/done", headers={"X-Forwarded-For": hop})).status for hop in hops]
    assert statuses == [200, 200, 429], "what a client wrote before the last hop is not believed"


def test_b20_a_limit_that_forgets_its_callers_keeps_no_address_in_memory() -> None:
    buckets = TokenBuckets(RateLimit(3, HOUR, "reports", forgets_callers=True))
    for _ in range(3):
        buckets.hit("203.0.113.9", 100.0)
    with pytest.raises(TooManyRequestsError):
        buckets.hit("203.0.113.9", 100.0)
    buckets.hit("203.0.113.10", 100.0)
    assert "203.0.113" not in repr(vars(buckets))


def test_b20_the_key_of_the_callers_is_renewed_each_hour_and_the_counts_go_with_it() -> None:
    buckets = TokenBuckets(RateLimit(1, HOUR, "reports", forgets_callers=True))
    buckets.hit("203.0.113.9", 100.0)
    before = set(vars(buckets)["_full_at"])
    buckets.hit("203.0.113.9", 3_700.0)
    assert before.isdisjoint(vars(buckets)["_full_at"])
