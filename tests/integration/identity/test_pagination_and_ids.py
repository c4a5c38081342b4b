"""Lists that change while they are read, and the ids by which everything is known outside (I-23, I-24)."""

import re
from collections.abc import Iterable
from datetime import timedelta
from itertools import combinations
from operator import eq
from typing import Any

from tests.integration.identity.harness import IdentityHarness
from tests.integration.identity.staff_actions import ACTS, request_action


async def page(house: IdentityHarness, cursor: str | None) -> tuple[list[str], str | None]:
    query = f"?state=pending&limit=2{f'&cursor={cursor}' if cursor else ''}"
    reply = await house.call("GET", f"{ACTS}{query}", by=house.staff["admin"])
    assert reply.status == 200, reply
    return [one["admin_action_id"] for one in reply.body["items"]], reply.body["next_cursor"]


async def an_act(house: IdentityHarness) -> str:
    house.clock.advance(timedelta(seconds=1))
    return str((await request_action(house, "cancel_password", await house.member())).body["admin_action_id"])


async def test_I23_a_list_that_changes_while_it_is_read_ends_and_has_what_stayed_exactly_once(
    apart: IdentityHarness,
) -> None:
    acts = [await an_act(apart) for _ in range(7)]
    seen, cursor, refused = list[str](), None, set[str]()
    for _ in range(10):
        items, cursor = await page(apart, cursor)
        seen += items
        if cursor is None:
            break
        # One that was read is settled, and another is asked for: no page may shift by that.
        refused.add(items[0])
        await apart.call("POST", f"{ACTS}/{items[0]}/rejections", by=apart.staff["support"], once=True)
        await an_act(apart)
    assert cursor is None
    assert len(seen) == len(set(seen))
    assert set(acts) - refused <= set(seen)


async def test_I24_nothing_is_known_outside_by_a_number_that_counts_up(identity: IdentityHarness) -> None:
    ids = []
    for _ in range(4):
        ada = await identity.member()
        made = await identity.call("POST", "/v1/identity/app-passwords", {"label": "laptop"}, by=ada, once=True)
        body = {"kind": "security_problem", "text": "a hole in the fence"}
        report = await identity.call("POST", "/v1/identity/abuse-reports", body)
        ids += [ada.account_id, ada.session_id, made.body["app_password_id"], report.body["report_id"]]
        ids.append((await identity.call("POST", "/v1/identity/exports", by=ada, once=True)).body["export_id"])
    assert [each for each in ids if not re.fullmatch(r"[a-z]{3}_[0-9a-hjkmnp-tv-z]{26}", each)] == []
    # Of two random ones about one letter of 26 is the same in the same place; of a counter, nearly all are.
    alike = [sum(map(eq, one[4:], other[4:])) for one, other in combinations(ids, 2)]
    assert max(alike) < 12


def test_I24_no_answer_and_no_address_holds_an_id_that_is_a_number(identity: IdentityHarness) -> None:
    shown = [route.replies for route in identity.parts.routes if isinstance(route.replies, type)]
    numbers = {name for model in shown for name in numeric_ids(model.model_json_schema())}
    assert numbers == set()
    assert len(shown) > 20
    assert {"thing_id", "id"} == set(
        numeric_ids({"properties": {"thing_id": {"type": "integer"}, "id": {"type": "integer"}}})
    )


def numeric_ids(schema: Any) -> Iterable[str]:
    """Return the names of ids in *schema* that are numbers."""
    if isinstance(schema, dict):
        for name, of in schema.get("properties", {}).items():
            if (name == "id" or name.endswith("_id")) and "integer" in str(of):
                yield name
        for part in schema.values():
            yield from numeric_ids(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from numeric_ids(part)
