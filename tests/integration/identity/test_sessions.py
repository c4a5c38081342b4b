"""Log-in, sessions, tokens: rotation, ending, and what is refused."""

import asyncio
from datetime import timedelta
from statistics import median
from time import perf_counter

import pytest

from services.identity.domain.sessions.access import REFRESH_REUSE_GRACE
from services.identity.service.sessions.tokens import RefreshTokens
from services.identity.store import RevokedSessions, SessionDocument, SignUpDocument
from shared.contracts import identity_v1
from shared.mail import EmailAddress
from shared.policy import Purpose
from tests.integration.identity.harness import IdentityHarness, Person, new_person
from tests.support import RawWriter

SESSIONS = "/v1/identity/sessions"
ME = "/v1/identity/me"
ABROAD = "193.0.6.139"
"""An address of the European registry itself."""


async def knows(identity: IdentityHarness, person: Person) -> int:
    return (await identity.call("GET", ME, by=person)).status


async def test_the_owner_sees_the_sessions_and_ends_one(identity: IdentityHarness) -> None:
    phone = await identity.member()
    laptop = await identity.log_in(phone)
    listed = (await identity.call("GET", SESSIONS, by=laptop)).body["items"]
    assert {(item["session_id"], item["current"]) for item in listed} == {
        (phone.session_id, False),
        (laptop.session_id, True),
    }
    assert (await identity.call("DELETE", f"{SESSIONS}/{phone.session_id}", by=laptop)).status == 204
    assert (await knows(identity, phone), await knows(identity, laptop)) == (401, 200)
    [fact] = await identity.events(identity_v1.SessionRevoked, about=laptop.account_id)
    assert fact.session_id == phone.session_id


async def test_the_owner_sees_the_country_of_each_session_and_no_address_is_kept(
    identity: IdentityHarness, planter: RawWriter
) -> None:
    ada = await identity.member()
    abroad = {"X-Forwarded-For": ABROAD}
    body = {"email": ada.email, "password": ada.password}
    there = (await identity.call("POST", SESSIONS, body, headers=abroad)).body["session_id"]
    listed = (await identity.call("GET", SESSIONS, by=ada)).body["items"]
    assert {item["session_id"]: item["country"] for item in listed} == {ada.session_id: "", there: "NL"}
    stored = {
        kind: str(await planter.read_raw(identity.chassis.db, kind.collection)) for kind in identity.parts.documents
    }
    assert there in stored[SessionDocument]
    assert not [kind for kind, rows in stored.items() if ABROAD in rows]


async def test_logging_out_ends_the_session_that_asks(identity: IdentityHarness) -> None:
    ada = await identity.member()
    assert (await identity.call("DELETE", f"{SESSIONS}/current", by=ada)).status == 204
    refused = await identity.call("GET", ME, by=ada)
    assert refused.code == "auth.session.revoked"


@pytest.mark.parametrize(("which", "left"), [("others", 200), ("all", 401), ("everything", 401)])
async def test_all_others_all_or_everything_can_be_ended(identity: IdentityHarness, which: str, left: int) -> None:
    ada = await identity.member()
    here = await identity.log_in(ada)
    made = await identity.call("POST", "/v1/identity/app-passwords", {"label": "laptop"}, by=here, once=True)
    assert made.status == 201
    ended = await identity.call("DELETE", f"{SESSIONS}?which={which}", by=here)
    assert ended.body["revoked_app_passwords"] == (1 if which == "everything" else 0)
    assert (await knows(identity, ada), await knows(identity, here)) == (401, left)


async def test_nobody_ends_the_session_of_another(identity: IdentityHarness) -> None:
    ada, eve = await identity.member(), await identity.member("eve")
    refused = await identity.call("DELETE", f"{SESSIONS}/{ada.session_id}", by=eve)
    assert refused.code == "identity.session.not_found"
    assert await knows(identity, ada) == 200


async def test_I19_each_log_in_has_a_session_of_its_own(identity: IdentityHarness) -> None:
    ada = await identity.member()
    again = await identity.log_in(ada)
    assert again.session_id != ada.session_id
    assert again.access != ada.access


async def test_a_refresh_token_works_once_and_its_second_use_ends_the_session(identity: IdentityHarness) -> None:
    ada = await identity.member()
    first = await identity.refresh(ada.refresh)
    assert (first.status, first.body["token_type"]) == (200, "Bearer")
    ada.access = first.body["access_token"]
    assert await knows(identity, ada) == 200
    identity.clock.advance(REFRESH_REUSE_GRACE)
    stolen = await identity.refresh(ada.refresh)
    assert (stolen.status, stolen.body["error"]) == (400, "invalid_grant")
    assert (await identity.refresh(first.body["refresh_token"])).body["error"] == "invalid_grant"
    assert await knows(identity, ada) == 401


async def test_of_six_refreshes_at_once_all_get_tokens_and_one_refresh_token_is_valid(
    identity: IdentityHarness,
) -> None:
    ada = await identity.member()
    replies = await asyncio.gather(*(identity.refresh(ada.refresh) for _ in range(6)))
    assert {reply.status for reply in replies} == {200}
    for reply in replies:
        ada.access = reply.body["access_token"]
        assert await knows(identity, ada) == 200
    opened = RefreshTokens(identity.chassis.token_sealer)
    tokens = {opened.open(reply.body["refresh_token"], at=identity.clock()).generation: reply for reply in replies}
    assert sorted(tokens) == [1, 2, 3, 4, 5, 6]
    identity.clock.advance(REFRESH_REUSE_GRACE)
    assert (await identity.refresh(tokens[6].body["refresh_token"])).body["refresh_token"]
    assert (await identity.refresh(tokens[5].body["refresh_token"])).body["error"] == "invalid_grant"


async def test_the_late_refresh_of_two_gets_the_refresh_token_that_is_valid_from_then_on(
    identity: IdentityHarness,
) -> None:
    ada = await identity.member()
    lost = await identity.refresh(ada.refresh)
    identity.clock.advance(REFRESH_REUSE_GRACE - timedelta(seconds=1))
    late = await identity.refresh(ada.refresh)
    assert late.body["refresh_token"] != lost.body["refresh_token"]
    identity.clock.advance(timedelta(days=1))
    assert (await identity.refresh(late.body["refresh_token"])).body["refresh_token"]


@pytest.mark.parametrize("shown", ["void", "rotated"])
async def test_a_void_or_rotated_refresh_token_that_is_shown_after_the_grace_ends_the_session(
    identity: IdentityHarness, shown: str
) -> None:
    ada = await identity.member()
    void = (await identity.refresh(ada.refresh)).body["refresh_token"]
    identity.clock.advance(REFRESH_REUSE_GRACE - timedelta(seconds=1))
    newest = (await identity.refresh(ada.refresh)).body
    identity.clock.advance(timedelta(seconds=1))
    wrong = await identity.refresh(void if shown == "void" else ada.refresh)
    assert wrong.body["error"] == "invalid_grant"
    assert (await identity.refresh(newest["refresh_token"])).body["error"] == "invalid_grant"
    ada.access = newest["access_token"]
    assert await knows(identity, ada) == 401


async def test_a_void_refresh_token_ends_the_session_also_within_the_grace(identity: IdentityHarness) -> None:
    ada = await identity.member()
    void = (await identity.refresh(ada.refresh)).body["refresh_token"]
    newest = (await identity.refresh(ada.refresh)).body["refresh_token"]
    assert (await identity.refresh(void)).body["error"] == "invalid_grant"
    assert (await identity.refresh(newest)).body["error"] == "invalid_grant"


async def test_a_client_may_leave_the_refresh_token_to_the_process_that_was_first(identity: IdentityHarness) -> None:
    ada = await identity.member()
    newest = (await identity.refresh(ada.refresh)).body["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": ada.refresh, "on_reuse": "access_token"}
    late = await identity.call("POST", "/oauth/token", form=form)
    assert (late.status, "refresh_token" in late.body) == (200, False)
    identity.clock.advance(REFRESH_REUSE_GRACE)
    assert (await identity.refresh(newest)).body["refresh_token"]


async def test_a_token_two_generations_old_is_never_merely_late(identity: IdentityHarness) -> None:
    ada = await identity.member()
    second = (await identity.refresh(ada.refresh)).body["refresh_token"]
    await identity.refresh(second)
    assert (await identity.refresh(ada.refresh)).body["error"] == "invalid_grant"


async def test_I02_whoever_comes_late_to_an_ended_session_gets_nothing(identity: IdentityHarness) -> None:
    ada = await identity.member()
    ada.access = (await identity.refresh(ada.refresh)).body["access_token"]
    await identity.call("DELETE", f"{SESSIONS}/current", by=ada)
    assert (await identity.refresh(ada.refresh)).body["error"] == "invalid_grant"


async def test_I05_a_refresh_token_cut_or_changed_anywhere_is_refused(identity: IdentityHarness) -> None:
    ada = await identity.member()
    token = ada.refresh
    cut = [token[:length] for length in range(0, len(token), 5)]
    changed = [token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :] for at in range(len(token))]
    for forged in [*cut, *changed, token + "A", token + "=", token.upper()]:
        assert (await identity.refresh(forged)).body["error"] == "invalid_grant"
    assert (await identity.refresh(token)).status == 200


async def test_I06_an_access_token_changed_anywhere_is_refused(identity: IdentityHarness) -> None:
    ada = await identity.member()
    token = ada.access
    for at in range(0, len(token), 5):
        ada.access = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
        assert await knows(identity, ada) == 401


async def test_I04_an_ended_session_stays_ended_after_a_restart(identity: IdentityHarness) -> None:
    ada = await identity.member()
    await identity.call("DELETE", f"{SESSIONS}/current", by=ada)
    after_restart = RevokedSessions(identity.chassis.db)
    assert not after_restart.is_revoked(ada.session_id)
    await after_restart.reload_cache(at=identity.clock())
    assert after_restart.is_revoked(ada.session_id)
    assert (await identity.refresh(ada.refresh)).body["error"] == "invalid_grant"


async def test_what_another_replica_has_ended_is_refused_here(identity: IdentityHarness) -> None:
    ada = await identity.member()
    fact = identity_v1.SessionRevoked(session_id=ada.session_id, account_id=ada.account_id)
    fact.tokens_expire_at.FromDatetime(identity.clock() + timedelta(minutes=6))
    await identity.record_events(fact, of="identity")
    assert await knows(identity, ada) == 401


async def test_everybody_learns_the_keys_and_the_ended_sessions(identity: IdentityHarness) -> None:
    ada = await identity.member()
    await identity.call("DELETE", f"{SESSIONS}/current", by=ada)
    request = identity_v1.SigningKeysGetRequest()
    told = await identity.call_rpc("identity.signing_keys.get", request, purpose=Purpose.SECURITY)
    assert ada.session_id in {session.session_id for session in told.revoked}
    served = await identity.call("GET", "/.well-known/jwks.json")
    assert '"kid": "' + served.body["keys"][0]["kid"] in told.jwks
    assert '"d"' not in told.jwks
    assert "d" not in served.body["keys"][0]


async def test_a_session_ends_at_last(identity: IdentityHarness) -> None:
    ada = await identity.member()
    token = ada.refresh
    for _ in range(7):
        identity.clock.advance(timedelta(days=25))
        token = (await identity.refresh(token)).body["refresh_token"]
    identity.clock.advance(timedelta(days=10))
    assert (await identity.refresh(token)).body["error"] == "invalid_grant"


async def test_the_hundred_and_first_session_ends_the_longest_unseen(identity: IdentityHarness) -> None:
    ada = last = await identity.member()
    for _ in range(100):
        identity.clock.advance(timedelta(seconds=1))
        last = await identity.log_in(ada)
    assert (await identity.refresh(ada.refresh)).body["error"] == "invalid_grant"
    assert await knows(identity, last) == 200


async def test_upper_and_lower_case_of_an_address_are_one_persons(identity: IdentityHarness) -> None:
    ada = await identity.member()
    ada.email = ada.email.upper()
    assert (await identity.log_in(ada)).account_id == ada.account_id


async def test_I13_of_a_thousand_guesses_twenty_are_looked_at(identity: IdentityHarness) -> None:
    ada = await identity.member()
    right = {"email": ada.email, "password": ada.password}
    wrong = {"email": ada.email, "password": "not it, whatever it may be"}
    guesses = await asyncio.gather(*(identity.call("POST", SESSIONS, wrong) for _ in range(40)))
    assert sum(reply.status == 401 for reply in guesses) <= 20
    refused = await identity.call("POST", SESSIONS, right)
    assert refused.code == "identity.login.too_many_attempts"
    assert 0 < int(refused.headers["Retry-After"]) <= 900
    identity.clock.advance(timedelta(minutes=15))
    assert (await identity.call("POST", SESSIONS, right)).status == 201


async def test_log_ins_at_the_same_moment_do_not_shut_each_other_out(identity: IdentityHarness) -> None:
    ada = await identity.member()
    right = {"email": ada.email, "password": ada.password}
    replies = await asyncio.gather(*(identity.call("POST", SESSIONS, right) for _ in range(8)))
    assert {reply.status for reply in replies} <= {201, 503}
    assert sum(reply.status == 201 for reply in replies) >= 1


async def test_I13_guesses_at_an_unknown_address_end_the_same_way(identity: IdentityHarness) -> None:
    wrong = {"email": new_person().email, "password": "not it, whatever it may be"}
    statuses = [(await identity.call("POST", SESSIONS, wrong)).status for _ in range(21)]
    assert statuses == [401] * 20 + [429]


@pytest.mark.parametrize("password", ["", "x" * 1024, "wrong but of a usual length"])
async def test_I14_an_unknown_address_is_refused_like_a_known_one(identity: IdentityHarness, password: str) -> None:
    ada, stranger = await identity.member(), new_person()
    known = await identity.call("POST", SESSIONS, {"email": ada.email, "password": password})
    unknown = await identity.call("POST", SESSIONS, {"email": stranger.email, "password": password})
    known.body.pop("instance"), unknown.body.pop("instance")
    assert (known.status, known.body) == (unknown.status, unknown.body) == (401, unknown.body)


async def test_I14_signing_up_with_a_known_address_takes_the_time_of_a_new_one(identity: IdentityHarness) -> None:
    known = [await identity.member() for _ in range(15)]
    new = [new_person() for _ in known]
    identity.clock.advance(timedelta(minutes=2))
    seconds: dict[bool, list[float]] = {True: [], False: []}
    token = await identity.age_token()
    for pair in zip(known, new, strict=True):
        for person in pair:
            body = {"age_token": token, "email": person.email, "password": person.password}
            began = perf_counter()
            assert (await identity.call("POST", "/v1/identity/accounts", body)).status == 202
            seconds[person in known].append(perf_counter() - began)
    # The goal of 5 ms is measured by the bench on a quiet machine; here the two must be of one kind.
    assert 0.5 < median(seconds[True]) / median(seconds[False]) < 2


async def test_I14_both_kinds_of_sign_up_store_the_same(identity: IdentityHarness) -> None:
    ada, new = await identity.member(), new_person()
    sign_ups = identity.chassis.db.get_collection(SignUpDocument)
    before = await sign_ups.count_documents({})
    await identity.ask_for_account(ada)
    await identity.ask_for_account(new)
    assert await sign_ups.count_documents({}) == before + 2
    assert EmailAddress(ada.email).email == ada.email


async def test_I20_tokens_of_other_algorithms_and_strange_headers_are_refused(identity: IdentityHarness) -> None:
    ada = await identity.member()
    _, claims, signature = ada.access.split(".")
    none = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0"  # {"alg":"none","typ":"at+jwt"}
    for forged in (f"{none}.{claims}.", f"{none}.{claims}.{signature}", f".{claims}.{signature}", "x.y.z"):
        ada.access = forged
        assert await knows(identity, ada) == 401
