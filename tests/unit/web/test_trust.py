"""A service believes what identity told it lately, hears at once of ended sessions, and never asks in a storm."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from joserfc.jwk import ECKey, OKPKey

from shared.bus.errors import RpcTimeoutError
from shared.contracts import identity_v1
from shared.errors import UnauthenticatedError
from shared.policy import Purpose
from shared.web import RemoteTokenTrust, TokenVerifier, parse_public_keys
from shared.web.errors import SessionRevokedError
from shared.web.jwks_cache import REFRESH_INTERVAL, SigningKeysUnavailableError
from shared.web.tokens import MAX_TOKEN_LIFETIME
from tests.support import FixedClock
from tests.support.http import PUBLIC_URL, KnownTrust, a_customer
from tests.support.logs import Lines


class Identity:
    """Answers for identity, or does not; counts the questions."""

    def __init__(self, *keys: ECKey) -> None:
        self.keys, self.away, self.asked = list(keys), False, 0
        self.ended: dict[str, datetime] = {}

    async def call(self, name: str, request: Any, reply: type[Any], *, purpose: Purpose) -> Any:
        assert (name, purpose) == ("identity.signing_keys.get", Purpose.SECURITY)
        self.asked += 1
        await asyncio.sleep(0)
        if self.away:
            raise RpcTimeoutError
        jwks = json.dumps({"keys": [key.as_dict(private=False) for key in self.keys]})
        snapshot = identity_v1.SigningKeysGetReply(jwks=jwks)
        for session, end in self.ended.items():
            snapshot.revoked.add(session_id=session).tokens_expire_at.FromDatetime(end)
        return snapshot


@pytest.fixture
def known() -> KnownTrust:
    return KnownTrust()


@pytest.fixture
def identity(known: KnownTrust) -> Identity:
    return Identity(known.signer)


@pytest.fixture
def trust(identity: Identity, clock: FixedClock) -> RemoteTokenTrust:
    asker: Any = identity
    return RemoteTokenTrust(asker, clock)


async def heard(trust: RemoteTokenTrust, session: str, until: datetime) -> None:
    fact = identity_v1.SessionRevoked(session_id=session)
    fact.tokens_expire_at.FromDatetime(until)
    delivery: Any = None
    await trust.on_session_revoked(fact, delivery)


async def test_before_the_first_answer_nobody_is_believed_and_nobody_refused(
    trust: RemoteTokenTrust, identity: Identity
) -> None:
    identity.away = True
    with pytest.raises(SigningKeysUnavailableError) as refused:
        await trust.get_key("key_1")
    assert (refused.value.status, refused.value.code) == (503, "auth.signing_keys.unavailable")


async def test_a_key_of_identity_is_believed(trust: RemoteTokenTrust) -> None:
    await trust.refresh_keys()
    assert await trust.get_key("key_1") is not None
    assert await trust.get_key("key_2") is None


async def test_a_silence_of_identity_is_waited_out_as_long_as_a_token_lives(
    trust: RemoteTokenTrust, identity: Identity, clock: FixedClock
) -> None:
    await trust.refresh_keys()
    identity.away = True
    clock.advance(MAX_TOKEN_LIFETIME)
    assert await trust.get_key("key_1") is not None
    clock.advance(timedelta(seconds=1))
    with pytest.raises(SigningKeysUnavailableError):
        await trust.get_key("key_1")


async def test_a_new_key_is_asked_for_when_a_token_names_it(
    trust: RemoteTokenTrust, identity: Identity, clock: FixedClock
) -> None:
    await trust.refresh_keys()
    identity.keys.append(ECKey.generate_key("P-256", {"kid": "key_2"}, auto_kid=False))
    clock.advance(REFRESH_INTERVAL + timedelta(seconds=1))
    assert await trust.get_key("key_2") is not None


async def test_a_key_that_identity_no_longer_names_is_no_longer_believed(
    trust: RemoteTokenTrust, identity: Identity
) -> None:
    await trust.refresh_keys()
    identity.keys.clear()
    await trust.refresh_keys()
    assert await trust.get_key("key_1") is None


async def test_a_storm_of_forged_keys_asks_once(trust: RemoteTokenTrust, identity: Identity, clock: FixedClock) -> None:
    await trust.refresh_keys()
    clock.advance(timedelta(seconds=30))
    found = await asyncio.gather(*(trust.get_key(f"forged_{number}") for number in range(500)))
    assert (identity.asked, set(found)) == (2, {None})


async def test_a_storm_while_identity_is_away_asks_once_too(
    trust: RemoteTokenTrust, identity: Identity, clock: FixedClock, logged: Lines
) -> None:
    await trust.refresh_keys()
    identity.away = True
    clock.advance(timedelta(seconds=30))
    await asyncio.gather(*(trust.get_key(f"forged_{number}") for number in range(500)))
    assert identity.asked == 2
    assert [line["event"] for line in logged()] == ["jwks.refresh_failed"]


async def test_C22_a_session_that_ended_is_refused_at_once(
    trust: RemoteTokenTrust, known: KnownTrust, clock: FixedClock
) -> None:
    await trust.refresh_keys()
    verifier = TokenVerifier(trust=trust, issuer=PUBLIC_URL)
    token = known.token(a_customer(), at=clock())
    assert (await verifier.authenticate(token, clock())).id == "acc_ada"
    await heard(trust, "ses_acc_ada", clock() + MAX_TOKEN_LIFETIME)
    with pytest.raises(SessionRevokedError):
        await verifier.authenticate(token, clock())


async def test_what_was_heard_is_not_forgotten_by_an_older_answer(trust: RemoteTokenTrust, clock: FixedClock) -> None:
    await heard(trust, "ses_1", clock() + MAX_TOKEN_LIFETIME)
    await trust.refresh_keys()
    assert trust.is_revoked("ses_1")


async def test_what_was_missed_is_in_the_next_answer(
    trust: RemoteTokenTrust, identity: Identity, clock: FixedClock
) -> None:
    identity.ended["ses_1"] = clock() + MAX_TOKEN_LIFETIME
    await trust.refresh_keys()
    assert trust.is_revoked("ses_1")


async def test_an_ended_session_is_remembered_until_its_tokens_are_dead(
    trust: RemoteTokenTrust, clock: FixedClock
) -> None:
    await heard(trust, "ses_1", clock() + MAX_TOKEN_LIFETIME)
    clock.advance(MAX_TOKEN_LIFETIME - timedelta(seconds=1))
    await trust.refresh_keys()
    assert trust.is_revoked("ses_1")
    clock.advance(timedelta(seconds=1))
    await trust.refresh_keys()
    assert not trust.is_revoked("ses_1")


def test_only_keys_that_sign_tokens_are_read() -> None:
    box = OKPKey.generate_key("X25519", {"kid": "box"}, auto_kid=False)
    longer = ECKey.generate_key("P-384", {"kid": "longer"}, auto_kid=False)
    nameless = ECKey.generate_key("P-256", auto_kid=False)
    good = ECKey.generate_key("P-256", {"kid": "good"}, auto_kid=False)
    public = [key.as_dict(private=False) for key in (nameless, box, longer, good)]
    public[0].pop("kid", None)
    jwks = json.dumps({"keys": [*public, {"kty": "oct", "k": "c2VjcmV0", "kid": "shared"}]})
    assert set(parse_public_keys(jwks)) == {"good"}


async def test_a_token_of_nobody_is_unauthenticated(trust: RemoteTokenTrust, clock: FixedClock) -> None:
    await trust.refresh_keys()
    with pytest.raises(UnauthenticatedError):
        await TokenVerifier(trust=trust, issuer=PUBLIC_URL).authenticate("a.b.c", clock())
