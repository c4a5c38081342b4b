"""Telemetry as a device uses it, over HTTP: question, keys, tokens, a report, its deletion."""

import asyncio
from typing import Any

import pytest

from services.telemetry.domain import Calendar, Stream
from shared.clock import utc_now
from shared.mongo import Database
from tests.integration.telemetry.conftest import DEMO_WEEK
from tests.support import RawWriter
from tests.support.running import Running
from tests.support.telemetry import Drawing, DrawnToken, report_body

TOKENS, REPORTS = "/v1/telemetry/tokens", "/v1/telemetry/reports"
DEMO = Calendar(Stream.DEMO, DEMO_WEEK)


async def draw(service: Running, count: int = 13) -> list[DrawnToken]:
    """Say yes in the demonstration, whose weeks last a second; return the tokens."""
    drawing = Drawing([week.name for week in DEMO.token_weeks(utc_now())[:count]], program="candor-demo")
    keys = await service.call("GET", "/v1/telemetry/keys")
    reply = await service.call("POST", TOKENS, body=drawing.body)
    assert reply.status == 200, reply.body
    return drawing.finish_reply(reply.body, keys.body)


async def closed_token(service: Running) -> DrawnToken:
    """Return a token whose week has just closed."""
    drawn = (await draw(service, 2))[1]
    closes = DEMO.parse(drawn.week).closed_at
    await asyncio.sleep(max(0.0, (closes - utc_now()).total_seconds() + 0.05))
    return drawn


def demo_report(drawn: DrawnToken, **changed: object) -> dict[str, Any]:
    return report_body(drawn, program="candor-demo", version="1.1", **changed)


async def test_C03_a_yes_draws_tokens_and_a_report_of_a_closed_week_carries_one(
    service: Running, stored: Database, planter: RawWriter
) -> None:
    drawn = await closed_token(service)
    body = {"reports": [demo_report(drawn)]}
    taken = await service.call("POST", REPORTS, body=body)
    assert (taken.status, taken.body) == (202, {"accepted": 1, "refused": []})
    again = await service.call("POST", REPORTS, body=body)
    assert (again.status, again.body["fields"][0]["code"]) == (422, "token_spent")
    assert any(drawn.week in row["_id"] for row in await planter.read_raw(stored, "reports"))


async def test_a_number_has_its_report_deleted_and_stays_spent(
    service: Running, stored: Database, planter: RawWriter
) -> None:
    drawn = await closed_token(service)
    body = demo_report(drawn)
    await service.call("POST", REPORTS, body={"reports": [body]})
    deletion = {name: body[name] for name in ("question_version", "program", "week", "number", "token")}
    assert (await service.call("POST", f"{REPORTS}/deletions", body=deletion)).status == 204
    assert body["number"] not in str(await planter.read_raw(stored, "reports"))
    assert (await service.call("POST", REPORTS, body={"reports": [body]})).status == 422
    assert (await service.call("POST", f"{REPORTS}/deletions", body=deletion)).status == 204
    forged = {**deletion, "token": "A" * 86}
    refused = await service.call("POST", f"{REPORTS}/deletions", body=forged)
    assert (refused.status, refused.body["code"]) == (422, "telemetry.token.not_verified")


@pytest.mark.parametrize("path", ["question", "keys", "statistics"])
async def test_what_is_public_needs_no_log_in(service: Running, path: str) -> None:
    assert (await service.call("GET", f"/v1/telemetry/{path}")).status == 200
