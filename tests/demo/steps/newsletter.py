"""Chapter 2: a list is joined, read and left."""

import asyncio
import time

from tests.demo.story import expect, step
from tests.demo.world import World, link_in


async def _send_campaign(world: World, subject: str) -> dict[str, int]:
    editor = await world.staff_of("support")
    body = {"list_id": world.notes["list_id"], "subject": subject, "text": "What is new this month.\n\nThat is all."}
    campaign = await world.call("POST", "/v1/newsletter/campaigns", by=editor, json_body=body, once=True, expected=201)
    path = f"/v1/newsletter/campaigns/{campaign['campaign_id']}"
    await world.call("POST", f"{path}/send", by=editor, once=True, expected=202)
    sent = await world.until(path, by=editor, key="state", is_="sent")
    return dict(sent["counts"])


@step("Ada joins a newsletter; only her confirmation makes her a subscriber", "C06", "C10")
async def join(world: World) -> str:
    editor = await world.staff_of("support")
    body = {"name": f"Monthly letter {int(time.time())}", "description": "Once a month, nothing else."}
    made = await world.call("POST", "/v1/newsletter/lists", by=editor, json_body=body, once=True, expected=201)
    world.notes["list_id"] = made["list_id"]
    wish = {"list_id": made["list_id"], "email": world.ada.email}
    await world.call("POST", "/v1/newsletter/subscriptions", by=world.ada, json_body=wish, expected=202)
    before = await _send_campaign(world, "Before the confirmation")
    expect(before["accepted"] == 0, "nobody reached before the confirmation")
    mail = await world.mail_to(world.ada, about=body["name"])
    token = link_in(mail, "/newsletter/confirm")
    await world.call("POST", "/v1/newsletter/confirmations", by=world.ada, json_body={"token": token})
    return f"list {made['list_id']}: a campaign before the confirmation reached 0 people"


@step("A campaign reaches Ada, with a working one-click unsubscribe (RFC 8058)", "C10")
async def campaign(world: World) -> str:
    counts = await _send_campaign(world, "The first letter")
    mail = await world.mail_to(world.ada, about="The first letter")
    headers = {name.lower(): value for name, value in mail["headers"].items()}
    expect("list-unsubscribe=one-click" in headers["list-unsubscribe-post"].lower(), "List-Unsubscribe-Post")
    world.notes["one_click"] = headers["list-unsubscribe"].partition(",")[0].strip("<>")
    expect(world.notes["one_click"].startswith(world.base_url), "a link back to us")
    expect(mail["to"] == world.ada.email, "exactly one recipient")
    return f"{counts['accepted']} accepted by the relay; To: names exactly one recipient"


@step("One click ends it: the very next campaign does not reach her", "C10")
async def unsubscribe(world: World) -> str:
    path = world.notes["one_click"].removeprefix(world.base_url)
    async with world.http.get(world.notes["one_click"], allow_redirects=False) as looked:
        expect(looked.status in {200, 303}, "a page when only looked at")
    still = await _send_campaign(world, "The second letter")
    expect(still["accepted"] == 1, "a mail scanner's GET to change nothing")
    await world.call("POST", path, form={"List-Unsubscribe": "One-Click"})
    counts = await _send_campaign(world, "The third letter")
    await asyncio.sleep(0.5)
    subjects = [mail["subject"] for mail in await world.mails_to(world.ada)]
    expect("The third letter" not in subjects and counts["accepted"] == 0, "no further letter")
    return "looking at the link changed nothing, one POST ended it, the next campaign reached 0"


STEPS = [join, campaign, unsubscribe]
