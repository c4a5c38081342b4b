"""A service believes what identity told it lately, hears at once of ended sessions, and never asks in a storm."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from joserfc.jwk import OKPKey

from shared.bus.errors import QuestionTimeoutError
from shared.contracts import identity_v1
from shared.errors import UnauthenticatedError
from shared.policy import Purpose
from shared.web import AskedTrust, Verifier, public_keys
from shared.web.errors import SessionOverError
from shared.web.tokens import LONGEST_LIFE
from shared.web.trust import EVERY, TrustUnknownError
from tests.support import FixedClock
from tests.support.http import PUBLIC_URL, KnownTrust, a_customer
from tests.support.logs import Lines


class Identity:
    """Answers for identity, or does not; counts the questions."""

    def __init__(self, *keys: OKPKey) -> None:
        self.keys, self.away, self.asked = list(keys), False, 0
        self.ended: dict[str, datetime] = {}

    async def ask(self, name: str, request: Any, reply: type[Any], *, purpose: Purpose) -> Any:
        assert (name, purpose) == ("identity.trust.snapshot", Purpose.SECURITY)
        self.asked += 1
        await asyncio.sleep(0)
        if self.away:
            raise QuestionTimeoutError
        jwks = json.dumps({"keys": [key.as_dict(private=False) for key in self.keys]})
        snapshot = identity_v1.TrustSnapshotReply(jwks=jwks)
        for session, end in self.ended.items():
            snapshot.ended.add(session_id=session).tokens_end_at.FromDatetime(end)
        return snapshot


@pytest.fixture
def known() -> KnownTrust:
    return KnownTrust()


@pytest.fixture
def identity(known: KnownTrust) -> Identity:
    return Identity(known.signer)


@pytest.fixture
def trust(identity: Identity, clock: FixedClock) -> AskedTrust:
    asker: Any = identity
    return AskedTrust(asker, clock)


async def heard(trust: AskedTrust, session: str, until: datetime) -> None:
    fact = identity_v1.SessionEnded(session_id=session)
    fact.tokens_end_at.FromDatetime(until)
    delivery: Any = None
    await trust.on_session_ended(fact, delivery)


async def test_before_the_first_answer_nobody_is_believed_and_nobody_refused(
    trust: AskedTrust, identity: Identity
) -> None:
    identity.away = True
    with pytest.raises(TrustUnknownError) as refused:
        await trust.key("key_1")
    assert (refused.value.status, refused.value.code) == (503, "auth.trust_unknown")


async def test_a_key_of_identity_is_believed(trust: AskedTrust) -> None:
    await trust.refresh()
    assert await trust.key("key_1") is not None
    assert await trust.key("key_2") is None


async def test_a_silence_of_identity_is_waited_out_as_long_as_a_token_lives(
    trust: AskedTrust, identity: Identity, clock: FixedClock
) -> None:
    await trust.refresh()
    identity.away = True
    clock.advance(LONGEST_LIFE)
    assert await trust.key("key_1") is not None
    clock.advance(timedelta(seconds=1))
    with pytest.raises(TrustUnknownError):
        await trust.key("key_1")


async def test_a_new_key_is_asked_for_when_a_token_names_it(
    trust: AskedTrust, identity: Identity, clock: FixedClock
) -> None:
    await trust.refresh()
    identity.keys.append(OKPKey.generate_key("Ed25519", {"kid": "key_2"}, auto_kid=False))
    clock.advance(EVERY + timedelta(seconds=1))
    assert await trust.key("key_2") is not None


async def test_a_key_that_identity_no_longer_names_is_no_longer_believed(trust: AskedTrust, identity: Identity) -> None:
    await trust.refresh()
    identity.keys.clear()
    await trust.refresh()
    assert await trust.key("key_1") is None


async def test_a_storm_of_forged_keys_asks_once(trust: AskedTrust, identity: Identity, clock: FixedClock) -> None:
    await trust.refresh()
    clock.advance(timedelta(seconds=30))
    found = await asyncio.gather(*(trust.key(f"forged_{number}") for number in range(500)))
    assert (identity.asked, set(found)) == (2, {None})


async def test_a_storm_while_identity_is_away_asks_once_too(
    trust: AskedTrust, identity: Identity, clock: FixedClock, logged: Lines
) -> None:
    await trust.refresh()
    identity.away = True
    clock.advance(timedelta(seconds=30))
    await asyncio.gather(*(trust.key(f"forged_{number}") for number in range(500)))
    assert identity.asked == 2
    assert [line["event"] for line in logged()] == ["trust.not_refreshed"]


async def test_C22_a_session_that_ended_is_refused_at_once(
    trust: AskedTrust, known: KnownTrust, clock: FixedClock
) -> None:
    await trust.refresh()
    verifier = Verifier(trust=trust, issuer=PUBLIC_URL)
    token = known.token(a_customer(), at=clock())
    assert (await verifier.who(token, clock())).id == "acc_ada"
    await heard(trust, "ses_acc_ada", clock() + LONGEST_LIFE)
    with pytest.raises(SessionOverError):
        await verifier.who(token, clock())


async def test_what_was_heard_is_not_forgotten_by_an_older_answer(trust: AskedTrust, clock: FixedClock) -> None:
    await heard(trust, "ses_1", clock() + LONGEST_LIFE)
    await trust.refresh()
    assert trust.ended("ses_1")


async def test_what_was_missed_is_in_the_next_answer(trust: AskedTrust, identity: Identity, clock: FixedClock) -> None:
    identity.ended["ses_1"] = clock() + LONGEST_LIFE
    await trust.refresh()
    assert trust.ended("ses_1")


async def test_an_ended_session_is_remembered_until_its_tokens_are_dead(trust: AskedTrust, clock: FixedClock) -> None:
    await heard(trust, "ses_1", clock() + LONGEST_LIFE)
    clock.advance(LONGEST_LIFE - timedelta(seconds=1))
    await trust.refresh()
    assert trust.ended("ses_1")
    clock.advance(timedelta(seconds=1))
    await trust.refresh()
    assert not trust.ended("ses_1")


def test_only_keys_that_sign_tokens_are_read() -> None:
    other = OKPKey.generate_key("X25519", {"kid": "box"}, auto_kid=False)
    nameless = OKPKey.generate_key("Ed25519", auto_kid=False)
    good = OKPKey.generate_key("Ed25519", {"kid": "good"}, auto_kid=False)
    public = [key.as_dict(private=False) for key in (other, nameless, good)]
    public[1].pop("kid", None)
    jwks = json.dumps({"keys": [*public, {"kty": "oct", "k": "c2VjcmV0", "kid": "shared"}]})
    assert set(public_keys(jwks)) == {"good"}


async def test_a_token_of_nobody_is_unauthenticated(trust: AskedTrust, clock: FixedClock) -> None:
    await trust.refresh()
    with pytest.raises(UnauthenticatedError):
        await Verifier(trust=trust, issuer=PUBLIC_URL).who("a.b.c", clock())
