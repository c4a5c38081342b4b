"""What was begun with a proof that is good no longer opens nothing: passwords changed or cancelled, accounts closed."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest

from services.identity.service.sessions.sessions import SessionRevoker, SessionService
from services.identity.service.sessions.tokens import RefreshTokens, SigningKeys
from services.identity.store import Accounts, Credentials, RevokedSessions, SecurityEvents, SessionDocument, Sessions
from tests.integration.identity.harness import PUBLIC_URL, IdentityHarness, Person, Reply, new_person
from tests.integration.identity.second_factors import first_step, passkey_log_in, second_step, with_passkey, with_totp
from tests.integration.identity.staff_actions import carry_out_action, request_action
from tests.integration.identity.test_password_changes import DONE, change, link_for
from tests.support import RawWriter

SESSIONS = "/v1/identity/sessions"
CANCELLED = (403, "identity.account.password_cancelled")


async def knows(house: IdentityHarness, person: Person) -> bool:
    return (await house.call("GET", "/v1/identity/me", by=person)).status == 200


async def refreshes(house: IdentityHarness, person: Person) -> bool:
    return (await house.refresh(person.refresh)).status == 200


async def reset(house: IdentityHarness, person: Person) -> None:
    """Choose another password by the link of a mail."""
    person.password = new_person().password
    body = {"token": await link_for(house, person.email), "password": person.password}
    assert (await house.call("POST", DONE, body)).status < 300


def refusal(reply: Reply) -> tuple[int, str]:
    return reply.status, reply.body.get("code", "")


@pytest.mark.parametrize("how", ["changed", "reset", "cancelled"])
async def test_I01_a_log_in_that_waits_for_its_second_factor_dies_with_the_password(
    identity: IdentityHarness, how: str
) -> None:
    ada = await identity.member()
    _, codes = await with_totp(identity, ada)
    waiting = (await first_step(identity, ada)).body["challenge_token"]
    identity.clock.advance(timedelta(seconds=30))
    if how == "changed":
        assert (await change(identity, ada, ada.password, new_person().password)).status == 200
    elif how == "reset":
        await reset(identity, ada)
    else:
        await carry_out_action(identity, "cancel_password", ada)
    refused = await second_step(identity, waiting, code=codes[0])
    assert refusal(refused) == (CANCELLED if how == "cancelled" else (401, "identity.login.invalid_credentials"))


async def test_I01_a_password_hashed_anew_at_the_log_in_is_still_the_same_one(identity: IdentityHarness) -> None:
    ada = await identity.member()
    _, codes = await with_totp(identity, ada)
    waiting = (await first_step(identity, ada)).body["challenge_token"]
    assert (await second_step(identity, waiting, code=codes[0])).status == 201


async def test_C27_a_passkey_alone_opens_nothing_until_there_is_another_password(identity: IdentityHarness) -> None:
    ada = await identity.member()
    passkey = await with_passkey(identity, ada)
    assert (await passkey_log_in(identity, passkey)).status == 201
    identity.clock.advance(timedelta(seconds=1))
    await carry_out_action(identity, "cancel_password", ada)
    assert refusal(await passkey_log_in(identity, passkey)) == CANCELLED
    assert (await identity.run_probe("C27")).state == "kept"
    await reset(identity, ada)
    assert (await passkey_log_in(identity, passkey)).status == 201
    assert (await identity.run_probe("C27")).state == "kept"


async def test_C27_the_second_factors_stay_so_that_a_mail_alone_opens_nothing(identity: IdentityHarness) -> None:
    ada = await identity.member()
    _, codes = await with_totp(identity, ada)
    await carry_out_action(identity, "cancel_password", ada)
    await reset(identity, ada)
    waiting = (await first_step(identity, ada)).body["challenge_token"]
    assert (await second_step(identity, waiting, code=codes[0])).status == 201


async def test_C27_a_session_that_begins_while_the_password_is_cancelled_is_seen(
    identity: IdentityHarness, planter: RawWriter
) -> None:
    ada = await identity.member()
    rows = planter.client[identity.chassis.db.name][SessionDocument.collection]
    before = await rows.find_one({"account_id": ada.account_id})
    assert before is not None
    await carry_out_action(identity, "cancel_password", ada)
    later = {**before, "created_at": identity.clock() + timedelta(seconds=1)}
    await planter.write_raw(identity.chassis.db, SessionDocument.collection, later)
    assert (await identity.run_probe("C27")).state == "broken"
    await rows.delete_one({"_id": later["_id"]})
    assert (await identity.run_probe("C27")).state == "kept"


async def test_I02_a_frozen_account_refreshes_nothing_and_no_other_door_opens_it(identity: IdentityHarness) -> None:
    ada = await identity.member()
    _, codes = await with_totp(identity, ada)
    passkey = await with_passkey(identity, ada)
    waiting = (await first_step(identity, ada)).body["challenge_token"]
    assert (await done_alone(identity, "freeze", ada)).body["state"] == "completed"
    assert not await knows(identity, ada)
    assert not await refreshes(identity, ada)
    frozen = (403, "identity.account.frozen")
    assert refusal(await second_step(identity, waiting, code=codes[0])) == frozen
    assert refusal(await passkey_log_in(identity, passkey)) == frozen


async def done_alone(house: IdentityHarness, kind: str, about: Person) -> Reply:
    body = {"kind": kind, "account_id": about.account_id, "reason": "case 4711"}
    return await house.call("POST", "/v1/identity/admin-actions", body, by=house.staff["support"], once=True)


ENDERS = ("one", "others", "password", "everything")


async def end(house: IdentityHarness, how: str, live: list[Person]) -> set[str]:
    """Let the first of *live* end sessions in one of the ways; return the sessions that are to be over."""
    first, *others = live
    ids = {one.session_id for one in others}
    if how == "one":
        assert (await house.call("DELETE", f"{SESSIONS}/{others[-1].session_id}", by=first)).status == 204
        return {others[-1].session_id}
    if how == "password":
        new = new_person().password
        assert (await change(house, first, first.password, new)).status == 200
        first.password = new
        return ids
    assert (await house.call("DELETE", f"{SESSIONS}?which={how}", by=first)).status == 200
    return ids | ({first.session_id} if how == "everything" else set())


@pytest.mark.parametrize("order", [*permutations(ENDERS, 3)], ids="-".join)
async def test_I03_a_token_is_good_until_the_first_of_all_that_ends_it_and_never_again(
    identity: IdentityHarness, order: tuple[str, ...]
) -> None:
    ada = await identity.member()
    everybody, over = [ada], set[str]()
    for how in order:
        live = [one for one in everybody if one.session_id not in over]
        live += [await identity.log_in(ada) for _ in range(3 - len(live))]
        everybody = [*everybody, *(one for one in live if one not in everybody)]
        over |= await end(identity, how, live)
        ada = replace(ada, password=live[0].password)
        identity.clock.advance(timedelta(seconds=1))
        assert {one.session_id for one in everybody if not await knows(identity, one)} == over
    assert {one.session_id for one in everybody if not await refreshes(identity, one)} == over


def live_sessions(house: IdentityHarness) -> SessionService:
    """The sessions of *house*, for a log-in that stops half-way."""
    chassis = house.chassis
    return SessionService(
        sessions=Sessions(chassis.db),
        accounts=Accounts(chassis.db, chassis.vault),
        credentials=Credentials(chassis.db),
        session_revoker=SessionRevoker(revoked_sessions=RevokedSessions(chassis.db), outbox=chassis.outbox),
        signing_keys=SigningKeys(chassis.keyring, issuer=PUBLIC_URL),
        refresh_tokens=RefreshTokens(chassis.token_sealer),
        security_events=SecurityEvents(chassis.db, chassis.new_id),
        transact=chassis.db.with_transaction,
        new_id=chassis.new_id,
    )


@pytest.mark.parametrize("how", ["changed", "frozen"])
async def test_I01_a_log_in_that_is_under_way_does_not_outlive_what_ends_all_sessions(
    identity: IdentityHarness, how: str
) -> None:
    ada, live = await identity.member(), live_sessions(identity)
    account = await live.accounts.get_active(ada.account_id)
    password = await live.credentials.get_password(ada.account_id)
    assert account is not None
    assert password is not None
    under_way, go_on = asyncio.Event(), asyncio.Event()

    async def log_in() -> None:
        await live.create(
            account, user_agent="", client_ip="", password_changed_at=password.changed_at, at=identity.clock()
        )
        under_way.set()
        await go_on.wait()

    entering = asyncio.create_task(identity.chassis.db.with_transaction(log_in))
    await under_way.wait()
    if how == "changed":
        ending = asyncio.create_task(change(identity, ada, ada.password, new_person().password))
    else:
        ending = asyncio.create_task(request_action(identity, "freeze", ada))
    await asyncio.wait({ending}, timeout=0.5)  # it ends, or waits for the log-in
    go_on.set()
    await asyncio.gather(entering, return_exceptions=True)  # refused, or begun and ended
    assert (await ending).status < 300
    left = {session.id for session in await live.list_by_account(ada.account_id)}
    assert left == ({ada.session_id} if how == "changed" else set())
