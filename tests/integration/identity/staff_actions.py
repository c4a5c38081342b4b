"""What members of the staff do at their console, in one line each."""

from datetime import timedelta

from tests.integration.identity.harness import IdentityHarness, Person, Reply

ACTS = "/v1/identity/admin-actions"
VERIFIED = {"verification": "reply_from_address"}


async def request_action(
    house: IdentityHarness, kind: str, about: Person | str, *, by: str = "support", **more: object
) -> Reply:
    account_id = about if isinstance(about, str) else about.account_id
    needs = kind in {"cancel_password", "unfreeze", "correct_email"}
    body = {"kind": kind, "account_id": account_id, "reason": "case 4711", **(VERIFIED if needs else {}), **more}
    return await house.call("POST", ACTS, body, by=house.staff[by], once=True)


async def approve_action(house: IdentityHarness, act: Reply, *, by: str = "admin") -> Reply:
    return await house.call("POST", f"{ACTS}/{act.body['admin_action_id']}/approvals", by=house.staff[by], once=True)


async def carry_out_action(
    house: IdentityHarness, kind: str, about: Person | str, *, by: str = "support", **more: object
) -> Reply:
    """Let two people do it."""
    asked = await request_action(house, kind, about, by=by, **more)
    assert asked.status == 201, asked
    allowed = await approve_action(house, asked)
    assert (allowed.status, allowed.body["state"]) == (200, "completed"), allowed
    return allowed


async def place_hold(house: IdentityHarness, about: Person, *, days: int = 90, scope: str = "account") -> Reply:
    """Put a hold on the account."""
    until = (house.clock() + timedelta(days=days)).isoformat()
    return await carry_out_action(house, "place_hold", about, by="disclosure", hold_scope=scope, hold_until=until)
