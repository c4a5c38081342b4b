"""An access token is what identity signed for this house, now, for a session that lasts; anything else is a 401."""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

from shared.errors import UnavailableError
from shared.web import ANONYMOUS, PUBLIC, RequestContext, TokenVerifier, View, build_app, customer, get
from shared.web.tokens import ALGORITHM, MAX_TOKEN_LIFETIME
from tests.support import NOON, FixedClock
from tests.support.http import PUBLIC_URL, KnownTrust, Reply, Site, a_customer, serving, site
from tests.support.logs import Lines

AT = int(NOON.timestamp())
CLAIMS: dict[str, Any] = {
    "iss": PUBLIC_URL,
    "aud": "candor",
    "sub": "acc_ada",
    "sid": "ses_acc_ada",
    "kind": "customer",
    "auth_time": AT,
    "iat": AT,
    "exp": AT + 600,
}
HEADER = {"alg": ALGORITHM, "kid": "key_1", "typ": "at+jwt"}


class Who(View):
    id: str


async def me(call: RequestContext) -> Who:
    """Say who calls."""
    return Who(id=call.principal.id)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
async def demo(clock: FixedClock) -> AsyncIterator[Site]:
    async with serving(get("/me", me, access=customer()), get("/open", me, access=PUBLIC), clock=clock) as site:
        yield site


async def test_an_anonymous_address_does_not_even_read_a_token(clock: FixedClock) -> None:
    async with serving(get("/me", me, access=ANONYMOUS), clock=clock) as site:
        for token in ("nonsense", site.trust.token(a_customer())):
            assert (await shown(site, token)).json == {"id": ""}


async def shown(demo: Site, token: str, path: str = "/me") -> Reply:
    return await demo.get(path, headers={"Authorization": f"Bearer {token}"})


def signed(trust: KnownTrust, claims: Mapping[str, Any] = CLAIMS, header: Mapping[str, Any] = HEADER) -> str:
    algorithms = [str(header["alg"])]
    return jws.serialize_compact(dict(header), json.dumps(claims).encode(), trust.signer, algorithms=algorithms)


async def test_a_token_of_identity_is_believed(demo: Site) -> None:
    assert (await shown(demo, signed(demo.trust))).json == {"id": "acc_ada"}
    assert (await shown(demo, demo.trust.token(a_customer()))).json == {"id": "acc_ada"}


WRONG_CLAIMS: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://evil.example"},
    "another audience": {"aud": "other"},
    "several audiences": {"aud": ["candor", "other"]},
    "no audience": {"aud": None},
    "no subject": {"sub": None},
    "a subject that is no text": {"sub": 7},
    "another kind": {"kind": "admin"},
    "an unknown kind": {"kind": "public"},
    "roles that are a text": {"roles": "admin"},
    "no session": {"sid": None},
    "issued in the future": {"iat": AT + 120, "exp": AT + 600},
    "not valid yet": {"nbf": AT + 120},
    "too long a life": {"exp": AT + 601},
    "a life without end": {"exp": 2**62},
    "times that are no numbers": {"exp": "tomorrow"},
    "a time before time": {"iat": -1},
    "a time that is half": {"exp": AT + 0.5},
    "a log-in beyond the calendar": {"auth_time": 2**60},
}


@pytest.mark.parametrize("wrong", WRONG_CLAIMS.values(), ids=WRONG_CLAIMS.keys())
async def test_a_token_that_says_something_wrong_is_refused(demo: Site, wrong: dict[str, Any]) -> None:
    claims = {name: value for name, value in {**CLAIMS, **wrong}.items() if value is not None}
    reply = await shown(demo, signed(demo.trust, claims))
    assert (reply.status, reply.code) == (401, "auth.access_token.invalid")
    assert reply.headers["WWW-Authenticate"] == 'Bearer realm="candor", error="invalid_token"'


WRONG_HEADERS: dict[str, dict[str, Any]] = {
    "another type": {"typ": "JWT"},
    "no type": {"typ": None},
    "an unknown key": {"kid": "key_2"},
    "no key": {"kid": None},
    "a key that is no text": {"kid": 7},
    "an extension it must know": {"crit": ["b64"], "b64": False},
    "an unknown extension": {"crit": ["ada"], "ada": 1},
    "another curve": {"alg": "ES384"},
    "the name of another signature": {"alg": "EdDSA"},
}


@pytest.mark.parametrize("wrong", WRONG_HEADERS.values(), ids=WRONG_HEADERS.keys())
async def test_I20_a_token_with_a_wrong_header_is_refused(demo: Site, wrong: dict[str, Any]) -> None:
    header = {name: value for name, value in {**HEADER, **wrong}.items() if value is not None}
    reply = await shown(demo, forged(demo.trust.signer, header))
    assert (reply.status, reply.code) == (401, "auth.access_token.invalid")


def forged(key: ECKey, header: Mapping[str, Any]) -> str:
    """Sign whatever the header says with ECDSA, as no library would."""
    parts = [encoded(json.dumps(header).encode()), encoded(json.dumps(CLAIMS).encode())]
    private: Any = key.private_key
    signature = private.sign(".".join(parts).encode(), ECDSA(SHA256()))
    return ".".join([*parts, encoded(b"".join(each.to_bytes(32) for each in decode_dss_signature(signature)))])


def encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


async def test_the_forger_of_these_tests_can_forge(demo: Site) -> None:
    assert (await shown(demo, forged(demo.trust.signer, HEADER))).status == 200


async def test_a_token_without_a_signature_is_refused(demo: Site) -> None:
    for alg in ("none", "None", "NONE", ALGORITHM):
        header = encoded(json.dumps({**HEADER, "alg": alg}).encode())
        body = encoded(json.dumps(CLAIMS).encode())
        for token in (f"{header}.{body}.", f"{header}.{body}"):
            assert (await shown(demo, token)).code == "auth.access_token.invalid", (alg, token)


async def test_I20_a_public_key_is_no_shared_secret(demo: Site) -> None:
    public = str(demo.trust.signer.as_dict(private=False)["x"])
    said = f"{encoded(json.dumps({**HEADER, 'alg': 'HS256'}).encode())}.{encoded(json.dumps(CLAIMS).encode())}"
    for secret in (public.encode(), urlsafe_b64decode(public + "="), demo.trust.signer.as_pem(private=False)):
        token = f"{said}.{encoded(hmac.digest(secret, said.encode(), 'sha256'))}"
        assert (await shown(demo, token)).code == "auth.access_token.invalid"


@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES384", "Ed25519"])
async def test_I20_another_algorithm_is_refused_however_well_it_is_signed(demo: Site, alg: str) -> None:
    if alg == "ES384":
        key: ECKey | OKPKey | RSAKey = ECKey.generate_key("P-384")
    else:
        key = OKPKey.generate_key("Ed25519") if alg == "Ed25519" else RSAKey.generate_key(2048)
    token = jws.serialize_compact({**HEADER, "alg": alg}, json.dumps(CLAIMS), key, algorithms=[alg])
    assert (await shown(demo, token)).code == "auth.access_token.invalid"


async def test_I20_a_key_inside_the_token_is_not_believed(demo: Site) -> None:
    mallory = ECKey.generate_key("P-256", {"kid": "key_1"}, auto_kid=False)
    header = {**HEADER, "jwk": mallory.as_dict(private=False)}
    assert (await shown(demo, forged(mallory, header))).code == "auth.access_token.invalid"


async def test_a_token_altered_at_any_byte_is_refused(demo: Site) -> None:
    token = demo.trust.token(a_customer())
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for place, old in enumerate(token):
        new = letters[(letters.find(old) + 1) % 64] if old != "." else "A"
        altered = token[:place] + new + token[place + 1 :]
        reply = await shown(demo, altered)
        assert (reply.status, reply.json["code"]) == (401, "auth.access_token.invalid"), (place, altered)


@pytest.mark.parametrize("tail", ["=", "==", "\t", ".", "A", "%", "\xe9"])
async def test_a_token_has_one_spelling(demo: Site, tail: str) -> None:
    head = f"GET /me HTTP/1.1\r\nHost: demo\r\nAuthorization: Bearer {demo.trust.token(a_customer())}{tail}x\r\n\r\n"
    assert (await demo.say(head.encode("latin-1"))).code == "auth.access_token.invalid"


@pytest.mark.parametrize("tail", [1, 2, 3])
async def test_the_unused_bits_of_its_last_letter_are_no_second_spelling(demo: Site, tail: int) -> None:
    token = demo.trust.token(a_customer())
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    altered = token[:-1] + letters[letters.index(token[-1]) + tail]
    assert (await shown(demo, altered)).code == "auth.access_token.invalid"


async def test_a_token_ends_with_its_life(demo: Site, clock: FixedClock) -> None:
    token = demo.trust.token(a_customer())
    clock.advance(MAX_TOKEN_LIFETIME - timedelta(seconds=1))
    assert (await shown(demo, token)).status == 200
    clock.advance(timedelta(seconds=1))
    reply = await shown(demo, token)
    assert (reply.status, reply.code) == (401, "auth.access_token.expired")


async def test_a_token_of_a_session_that_has_ended_is_refused_at_once(demo: Site) -> None:
    token = demo.trust.token(a_customer())
    assert (await shown(demo, token)).status == 200
    demo.trust.over.add("ses_acc_ada")
    reply = await shown(demo, token)
    assert (reply.status, reply.code) == (401, "auth.session.revoked")


async def test_a_token_of_a_key_that_was_withdrawn_is_refused_at_once(demo: Site) -> None:
    token = demo.trust.token(a_customer())
    assert (await shown(demo, token)).status == 200
    demo.trust.keys.clear()
    assert (await shown(demo, token)).code == "auth.access_token.invalid"


async def test_a_token_that_is_not_valid_counts_as_none_on_a_public_route(demo: Site, clock: FixedClock) -> None:
    token = demo.trust.token(a_customer())
    assert (await demo.get("/open")).json == {"id": ""}
    assert (await shown(demo, token, "/open")).json == {"id": "acc_ada"}
    for wrong in ("nonsense", "", token[:-4] + "AAAA", forged(demo.trust.signer, {"alg": "none"})):
        assert (await shown(demo, wrong, "/open")).json == {"id": ""}
    demo.trust.over.add("ses_acc_ada")
    assert (await shown(demo, token, "/open")).json == {"id": ""}
    demo.trust.over.clear()
    clock.advance(MAX_TOKEN_LIFETIME)
    assert (await shown(demo, token, "/open")).json == {"id": ""}


async def test_a_public_route_needs_no_key_to_be_known() -> None:
    trust = UnknownTrust()
    verifier = TokenVerifier(trust=trust, issuer=PUBLIC_URL)
    app = build_app("demo", [get("/open", me, access=PUBLIC)], public_url=PUBLIC_URL, verifier=verifier)
    async with site(app, trust) as demo:
        assert (await shown(demo, trust.token(a_customer()), "/open")).json == {"id": ""}


@pytest.mark.parametrize("scheme", ["Basic YWRhOnB3", "bearer", "Bearer ", "Token x", ""])
async def test_a_credential_of_another_kind_is_none(demo: Site, scheme: str) -> None:
    assert (await demo.get("/me", headers={"Authorization": scheme})).code == "auth.credentials.required"


async def test_the_log_of_a_refused_token_does_not_hold_it(demo: Site, logged: Lines) -> None:
    token = demo.trust.token(a_customer())[:-4] + "AAAA"
    await shown(demo, token)
    [line] = logged()
    assert line["code"] == "auth.access_token.invalid"
    assert not any(part in str(line) for part in token.split("."))


class UnknownTrust(KnownTrust):
    async def get_key(self, kid: str) -> ECKey | None:
        raise UnavailableError


async def test_while_nobody_is_known_to_be_trusted_the_answer_is_later(demo: Site, clock: FixedClock) -> None:
    verifier = TokenVerifier(trust=UnknownTrust(), issuer=PUBLIC_URL)
    with pytest.raises(UnavailableError):
        await verifier.authenticate(demo.trust.token(a_customer()), clock())


async def test_what_a_verifier_remembers_is_bounded(clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.web.tokens._MAX_CACHED_TOKENS", 10)
    trust = KnownTrust()
    verifier = TokenVerifier(trust=trust, issuer=PUBLIC_URL)
    for number in range(50):
        await verifier.authenticate(trust.token(a_customer(f"acc_{number}")), clock())
    assert len(verifier._cache) <= 10
