"""Who may call what: kinds, roles, scopes, and a log-in that is recent enough."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from shared.web import Access, Principal, RequestContext, View, customer, get, partner, staff
from tests.support import NOON
from tests.support.http import Reply, Site, a_customer, a_member_of_staff, a_partner, serving

FRESH = timedelta(minutes=5)


class Done(View):
    done: bool = True


async def done(call: RequestContext) -> Done:
    """Do it."""
    return Done()


RULES: dict[str, Access] = {
    "customer": customer(),
    "any-staff": staff(),
    "support-or-admin": staff("support", "admin"),
    "scope": partner("statistics"),
    "either": customer() | staff("support"),
    "recent": customer(max_age=FRESH),
    "recent-or-staff": customer(max_age=FRESH) | staff("admin"),
}
ADMIN, SUPPORT, ENGINEER = a_member_of_staff("admin"), a_member_of_staff("support"), a_member_of_staff("engineer")
PARTNER, OTHER_PARTNER = a_partner("statistics", "more"), a_partner("statistic")
CUSTOMER, STALE = a_customer(), a_customer(auth_time=NOON - FRESH - timedelta(seconds=1))

TABLE = [
    (CUSTOMER, {"customer", "either", "recent", "recent-or-staff"}),
    (STALE, {"customer", "either"}),
    (ADMIN, {"any-staff", "support-or-admin", "recent-or-staff"}),
    (SUPPORT, {"any-staff", "support-or-admin", "either"}),
    (ENGINEER, {"any-staff"}),
    (PARTNER, {"scope"}),
    (OTHER_PARTNER, set()),
]


@pytest.fixture(scope="module")
async def demo() -> AsyncIterator[Site]:
    async with serving(*(get(f"/{name}", done, access=rule) for name, rule in RULES.items())) as site:
        yield site


async def asked(demo: Site, rule: str, who: Principal) -> Reply:
    return await demo.get(f"/{rule}", headers=demo.trust.headers(who))


@pytest.mark.parametrize(("who", "allowed"), TABLE)
async def test_each_caller_gets_in_where_a_rule_says_so_and_nowhere_else(
    demo: Site, who: Principal, allowed: set[str]
) -> None:
    replies = {rule: await asked(demo, rule, who) for rule in RULES}
    assert {rule for rule, reply in replies.items() if reply.status == 200} == allowed
    refused = {reply.code for reply in replies.values() if reply.status != 200}
    assert refused <= {"auth.access.forbidden", "auth.session.reauthentication_required"}


async def test_a_forbidden_caller_learns_whom_it_is_for(demo: Site) -> None:
    reply = await asked(demo, "support-or-admin", CUSTOMER)
    assert (reply.status, reply.code) == (403, "auth.access.forbidden")
    assert reply.json["detail"] == "This is for staff (admin or support)."
    assert 'error="insufficient_scope"' in reply.headers["WWW-Authenticate"]


async def test_an_old_login_is_told_how_recent_it_must_be_as_rfc_9470_has_it(demo: Site) -> None:
    reply = await asked(demo, "recent", STALE)
    assert (reply.status, reply.code) == (401, "auth.session.reauthentication_required")
    assert reply.headers["WWW-Authenticate"] == (
        'Bearer realm="candor", error="insufficient_user_authentication", max_age="300"'
    )


async def test_a_login_exactly_as_old_as_allowed_is_recent(demo: Site) -> None:
    assert (await asked(demo, "recent", a_customer(auth_time=NOON - FRESH))).status == 200
