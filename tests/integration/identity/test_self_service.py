"""What owners do by themselves: another address and back, the security log, an erasure with time to think."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from services.identity.domain.privacy_requests.lifecycle import OTHER_SERVICES
from services.identity.store import Accounts, SecurityEventDocument
from shared.contracts import identity_v1
from shared.mail import EmailAddress, EmailMessage
from shared.mongo import RetentionSweeper
from tests.integration.identity.fake_services import receipt
from tests.integration.identity.harness import IdentityHarness, Person, Reply, new_person
from tests.integration.identity.second_factors import with_passkey, with_totp
from tests.support import RawWriter
from tests.support.fake_services import until

ADDRESS = "/v1/identity/email-changes"
ERASURES = "/v1/identity/erasures"
LOG = "/v1/identity/security-log"


async def letter(identity: IdentityHarness, email: str, kind: str) -> EmailMessage:
    return [one for one in await identity.emails_to(email) if one.kind == f"identity.{kind}"][-1]


def token_in(found: EmailMessage) -> dict[str, str]:
    return {"token": found.text.partition("token=")[2].split()[0]}


async def move(identity: IdentityHarness, ada: Person) -> Person:
    """Move *ada* to a new address; the person returned is there."""
    new = new_person("moved").email
    assert (await identity.call("POST", ADDRESS, {"email": new}, by=ada)).status == 202
    proof = token_in(await letter(identity, new, "email_change"))
    assert (await identity.call("POST", f"{ADDRESS}/confirmations", proof)).status == 204
    return replace(ada, email=new)


async def email_of(identity: IdentityHarness, ada: Person) -> str:
    return str((await identity.call("GET", "/v1/identity/me", by=ada)).body["email"])


async def test_an_address_changes_once_the_new_one_is_proven(identity: IdentityHarness) -> None:
    ada = await identity.member()
    new = new_person("moved").email
    await identity.call("POST", ADDRESS, {"email": new}, by=ada)
    assert await email_of(identity, ada) == ada.email
    proof = token_in(await letter(identity, new, "email_change"))
    assert (await identity.call("POST", f"{ADDRESS}/confirmations", proof)).status == 204
    assert await email_of(identity, ada) == new
    assert (
        await identity.call("POST", f"{ADDRESS}/confirmations", proof)
    ).code == "identity.email_change_token.invalid"
    [fact] = await identity.events(identity_v1.EmailChanged, about=ada.account_id)
    assert fact.account_id == ada.account_id
    assert (await identity.log_in(replace(ada, email=new))).account_id == ada.account_id
    old = {"email": ada.email, "password": ada.password}
    assert (await identity.call("POST", "/v1/identity/sessions", old)).status == 401


async def test_the_old_address_is_told_and_brings_the_account_back(identity: IdentityHarness) -> None:
    ada = await identity.member()
    thief = await identity.log_in(await move(identity, ada))
    made = await identity.call("POST", "/v1/identity/app-passwords", {"label": "x"}, by=thief, once=True)
    assert made.status == 201
    undo = token_in(await letter(identity, ada.email, "email_changed"))
    assert (await identity.call("POST", f"{ADDRESS}/reversals", undo)).status == 204
    assert (await identity.call("GET", "/v1/identity/me", by=thief)).code == "auth.session.revoked"
    back = await identity.log_in(ada)
    assert await email_of(identity, back) == ada.email
    assert (await identity.call("GET", "/v1/identity/app-passwords", by=back)).body["items"] == []
    assert (await identity.call("POST", f"{ADDRESS}/reversals", undo)).code == "identity.email_change_token.invalid"


async def test_an_undo_leads_back_through_later_moves(identity: IdentityHarness) -> None:
    ada = await identity.member()
    once = await move(identity, ada)
    await move(identity, once)
    undo = token_in(await letter(identity, ada.email, "email_changed"))
    assert (await identity.call("POST", f"{ADDRESS}/reversals", undo)).status == 204
    assert await email_of(identity, await identity.log_in(ada)) == ada.email
    later = token_in(await letter(identity, once.email, "email_changed"))
    assert (await identity.call("POST", f"{ADDRESS}/reversals", later)).status == 400


async def test_an_undo_is_possible_for_seven_days(identity: IdentityHarness) -> None:
    ada = await identity.member()
    await move(identity, ada)
    undo = token_in(await letter(identity, ada.email, "email_changed"))
    identity.clock.advance(timedelta(days=7))
    assert (await identity.call("POST", f"{ADDRESS}/reversals", undo)).code == "identity.email_change_token.invalid"


async def test_the_old_address_is_kept_for_its_owner_meanwhile(identity: IdentityHarness) -> None:
    ada = await identity.member()
    await move(identity, ada)
    eve = replace(new_person("eve"), email=ada.email)
    assert (await identity.ask_for_account(eve)).status == 202
    kinds = [one.kind for one in await identity.emails_to(ada.email)]
    assert kinds[-1] == "identity.already_registered"
    identity.clock.advance(timedelta(days=8))
    await identity.ask_for_account(eve)
    assert (await letter(identity, ada.email, "verification")).text


async def test_I15_a_taken_address_is_answered_like_a_free_one(identity: IdentityHarness) -> None:
    ada, eve = await identity.member(), await identity.member("eve")
    free = await identity.call("POST", ADDRESS, {"email": new_person().email}, by=eve)
    taken = await identity.call("POST", ADDRESS, {"email": ada.email}, by=eve)
    assert (free.status, free.body) == (taken.status, taken.body) == (202, free.body)
    assert "token=" not in (await letter(identity, ada.email, "email_in_use")).text
    again = [await identity.call("POST", ADDRESS, {"email": ada.email}, by=eve) for _ in range(5)]
    assert {reply.status for reply in again} == {202}
    assert [one.kind for one in await identity.emails_to(ada.email)].count("identity.email_in_use") == 1


async def test_of_two_accounts_at_once_one_gets_the_address(identity: IdentityHarness) -> None:
    ada, eve, new = await identity.member(), await identity.member("eve"), new_person("both").email
    proofs = []
    for person in (ada, eve):
        await identity.call("POST", ADDRESS, {"email": new}, by=person)
        proofs.append(token_in(await letter(identity, new, "email_change")))
        identity.clock.advance(timedelta(minutes=2))
    path = f"{ADDRESS}/confirmations"
    replies = await asyncio.gather(*(identity.call("POST", path, proof) for proof in proofs))
    assert sorted(reply.status for reply in replies) == [204, 400]


async def test_the_link_of_a_change_is_refused_late_altered_and_for_the_other_purpose(
    identity: IdentityHarness,
) -> None:
    ada, new = await identity.member(), new_person("moved").email
    await identity.call("POST", ADDRESS, {"email": new}, by=ada)
    proof = token_in(await letter(identity, new, "email_change"))
    assert (await identity.call("POST", f"{ADDRESS}/reversals", proof)).status == 400
    for size in range(1, len(proof["token"]), 5):
        cut = {"token": proof["token"][:size]}
        assert (await identity.call("POST", f"{ADDRESS}/confirmations", cut)).status == 400
    identity.clock.advance(timedelta(minutes=30))
    assert (await identity.call("POST", f"{ADDRESS}/confirmations", proof)).status == 400


async def test_the_security_log_tells_the_owner_page_by_page(identity: IdentityHarness) -> None:
    ada = await identity.member()
    identity.clock.advance(timedelta(seconds=1))
    again = await identity.log_in(ada)
    await identity.call("DELETE", f"/v1/identity/sessions/{ada.session_id}", by=again)
    page = (await identity.call("GET", f"{LOG}?limit=1", by=again)).body
    events = [item["event"] for item in page["items"]]
    for _ in range(2):
        page = (await identity.call("GET", f"{LOG}?limit=1&cursor={page['next_cursor']}", by=again)).body
        events += [item["event"] for item in page["items"]]
    assert sorted(events) == ["logged_in", "logged_in", "sessions_revoked"]
    assert page["next_cursor"] is None
    other = (await identity.call("GET", LOG, by=await identity.member("eve"))).body["items"]
    assert len(other) == 1


async def test_C17_the_security_log_is_kept_for_180_days(identity: IdentityHarness) -> None:
    ada = await identity.member()
    sweeper = RetentionSweeper(identity.chassis.db, [SecurityEventDocument], identity.clock)
    rows = identity.chassis.db.get_collection(SecurityEventDocument)
    identity.clock.advance(timedelta(days=179))
    await sweeper.delete_expired()
    assert await rows.count_documents({"account_id": ada.account_id}) == 1
    identity.clock.advance(timedelta(days=2))
    await sweeper.delete_expired()
    assert await rows.count_documents({"account_id": ada.account_id}) == 0


async def plan(identity: IdentityHarness, ada: Person, days: int = 7) -> Reply:
    return await identity.call("POST", ERASURES, {"password": ada.password, "grace_days": days}, by=ada, once=True)


async def test_C31_an_erasure_with_grace_logs_out_at_once_and_erases_on_the_day(identity: IdentityHarness) -> None:
    ada = await identity.member()
    planned = await plan(identity, ada)
    assert (planned.status, planned.body["state"]) == (202, "scheduled")
    assert (await identity.call("GET", "/v1/identity/me", by=ada)).code == "auth.session.revoked"
    path = f"{ERASURES}/{planned.body['erasure_id']}"
    assert (await identity.call("GET", path)).body["starts_at"] == planned.body["starts_at"]
    identity.clock.advance(timedelta(days=7))

    async def begun() -> bool:
        return bool((await identity.call("GET", path)).body["state"] == "running")

    async with identity.run_workers("purge-expired"):
        assert await until(begun)
    for service in OTHER_SERVICES:
        await identity.record_events(receipt(planned.body["erasure_id"]), of=service)
    assert (await identity.call("GET", path)).body["state"] == "completed"
    body = {"email": ada.email, "password": ada.password}
    assert (await identity.call("POST", "/v1/identity/sessions", body)).status == 401


async def test_a_planned_erasure_is_taken_back_by_link_or_log_in(identity: IdentityHarness) -> None:
    ada, eve = await identity.member(), await identity.member("eve")
    for person in (ada, eve):
        assert (await plan(identity, person)).status == 202
    keep = token_in(await letter(identity, ada.email, "erasure_scheduled"))
    assert (await identity.call("POST", f"{ERASURES}/cancellations", keep)).status == 204
    assert (await identity.call("POST", f"{ERASURES}/cancellations", keep)).status == 404
    back = await identity.log_in(eve)
    assert (await identity.call("GET", f"{ERASURES}/scheduled", by=back)).status == 200
    assert (await plan(identity, back)).code == "identity.erasure.already_scheduled"
    assert (await identity.call("DELETE", f"{ERASURES}/scheduled", by=back)).status == 204
    assert (await identity.call("GET", f"{ERASURES}/scheduled", by=back)).status == 404
    identity.clock.advance(timedelta(days=8))
    async with identity.run_workers("purge-expired"):
        await asyncio.sleep(0.3)
    assert (await identity.log_in(ada)).account_id == ada.account_id


async def test_C31_nothing_of_an_accounts_security_is_left(identity: IdentityHarness, planter: RawWriter) -> None:
    ada = await identity.member()
    await with_totp(identity, ada)
    await with_passkey(identity, ada)
    await identity.call("POST", "/v1/identity/password-resets", {"email": ada.email})
    await move(identity, ada)
    asked = await identity.call("POST", ERASURES, {"password": ada.password}, by=ada, once=True)
    index = Accounts(identity.chassis.db, identity.chassis.vault).blind_index(EmailAddress(ada.email))
    for service in OTHER_SERVICES:
        await identity.record_events(receipt(asked.body["erasure_id"]), of=service)
    left: set[tuple[str, str]] = set()
    for kind in identity.parts.documents:
        rows = str(await planter.read_raw(identity.chassis.db, kind.collection))
        left |= {(kind.collection, mark) for mark in (ada.account_id, index) if mark in rows}
    # Of the address that was left, bounds for a day: the next owner of the address finds them.
    assert left <= {("mail_cooldowns", index), ("password_reset_requests", index)}
