"""Chapter 1: the age screen, the sign-up, the mail, the log-in."""

from tests.demo.story import expect, step
from tests.demo.world import World, link_in, new_person


@step("A child is turned away at the age screen, and nothing is kept", "C23")
async def child(world: World) -> str:
    answer = await world.call("POST", "/v1/identity/age-screens", json_body={"birth_year": 2019, "birth_month": 5})
    expect(answer["passed"] is False and not answer["age_token"], "no way past the age screen")
    body = {"age_token": "none", "email": new_person("kid").email, "password": "a long enough pass phrase"}
    await world.call("POST", "/v1/identity/accounts", json_body=body, expected=400)
    return "no token given; signing up without one is refused"


@step("Ada passes the age screen and signs up", "C01", "C23")
async def sign_up(world: World) -> str:
    screen = await world.call("POST", "/v1/identity/age-screens", json_body={"birth_year": 1985, "birth_month": 12})
    expect(screen["passed"], "a way past the age screen")
    body = {"age_token": screen["age_token"], "email": world.ada.email, "password": world.ada.password}
    await world.call("POST", "/v1/identity/accounts", json_body=body, expected=202)
    refused = {"email": world.ada.email, "password": world.ada.password}
    await world.call("POST", "/v1/identity/sessions", json_body=refused, expected=401)
    return "asked for an address and a password, nothing else; not active before the address is proven"


@step("The verification mail arrives; its link proves the address", "C24")
async def verify(world: World) -> str:
    mail = await world.mail_to(world.ada, about="confirm")
    token = link_in(mail, "/account/verify")
    proven = await world.call("POST", "/v1/identity/verifications", json_body={"token": token})
    world.ada.account_id = proven["account_id"]
    await world.call("POST", "/v1/identity/verifications", json_body={"token": token}, expected=400)
    return f"{proven['account_id']}: proven once; the same link a second time is refused"


@step("Ada logs in and sees what is held about her", "C22", "C26")
async def log_in(world: World) -> str:
    await world.log_in(world.ada)
    me = await world.call("GET", "/v1/identity/me", by=world.ada)
    expect(me["email"] == world.ada.email, "her own address")
    sessions = await world.call("GET", "/v1/identity/sessions", by=world.ada)
    expect(len(sessions["items"]) == 1, "exactly one session")
    return f"{', '.join(sorted(me))}; one session, which she can end"


STEPS = [child, sign_up, verify, log_in]
