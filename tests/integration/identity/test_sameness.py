"""One rule for addresses, passwords and codes at every door (decision 15)."""

import unicodedata
from dataclasses import replace

import pyotp
import pytest
from argon2 import PasswordHasher

from services.identity.store import CredentialDocument
from shared.contracts import identity_v1
from shared.ids import new_token
from shared.policy import Purpose
from tests.integration.identity.harness import IdentityHarness, Person
from tests.integration.identity.second_factors import TOTP, first_step, second_step, with_totp

SESSIONS = "/v1/identity/sessions"
PASSWORD = "grüne Türme übers Jahr"
DECOMPOSED = unicodedata.normalize("NFD", PASSWORD)


def mark() -> str:
    return "".join(sign for sign in new_token(64).lower() if sign.isalnum())


async def join(identity: IdentityHarness, person: Person) -> Person:
    assert (await identity.ask_for_account(person)).status == 202
    token = {"token": await identity.emailed_token(person)}
    assert (await identity.call("POST", "/v1/identity/verifications", token)).status == 200
    return person


async def try_log_in(identity: IdentityHarness, email: str, password: str) -> int:
    return (await identity.call("POST", SESSIONS, {"email": email, "password": password})).status


@pytest.mark.parametrize(
    ("one", "other"),
    [("x@faß-{}.example", "x@fass-{}.example"), ("straße-{}@customers.example", "strasse-{}@customers.example")],
)
async def test_two_mailboxes_have_two_accounts(identity: IdentityHarness, one: str, other: str) -> None:
    tag = mark()
    first = await join(identity, Person(email=one.format(tag), password=PASSWORD))
    assert await try_log_in(identity, other.format(tag), PASSWORD) == 401
    second = await join(identity, Person(email=other.format(tag), password="another tower in the morning"))
    letters = [letter.kind for letter in await identity.emails_to(second.email)]
    assert letters == ["identity.verification"]
    assert await try_log_in(identity, first.email, first.password) == 201
    assert await try_log_in(identity, second.email, first.password) == 401


async def test_a_domain_is_one_in_unicode_capitals_and_punycode(identity: IdentityHarness) -> None:
    tag = mark()
    await join(identity, Person(email=f"x@bücher-{tag}.example", password=PASSWORD))
    punycode = f"bücher-{tag}".encode("idna").decode()
    for email in (f"X@BÜCHER-{tag}.example", f"x@{punycode}.example", f"x@bu\u0308cher-{tag}.example"):
        assert await try_log_in(identity, email, PASSWORD) == 201, email


async def test_staff_learn_that_the_stored_address_is_spelled_in_another_way(identity: IdentityHarness) -> None:
    ada = await identity.member("Ada")

    async def differs(email: str) -> bool:
        body = {"email": email, "reason": "case 4711"}
        found = await identity.call("POST", "/v1/identity/accounts/find", body, by=identity.staff["support"])
        assert found.body["account_id"] == ada.account_id
        return bool(found.body["spelling_differs"])

    assert not await differs(ada.email)
    assert await differs(ada.email.lower())


@pytest.mark.parametrize(("set_as", "typed"), [(PASSWORD, DECOMPOSED), (DECOMPOSED, PASSWORD)])
async def test_a_password_is_the_same_from_another_keyboard(identity: IdentityHarness, set_as: str, typed: str) -> None:
    ada = replace(await identity.member(), access="", password=set_as)
    ada = await join(identity, replace(ada, email=f"mac-{mark()}@customers.example"))
    assert await try_log_in(identity, ada.email, typed.replace(" ", "\u00a0")) == 201
    owner = await identity.log_in(replace(ada, password=typed))
    body = {"old_password": typed, "new_password": f"{set_as} again"}
    assert (await identity.call("POST", "/v1/identity/password-changes", body, by=owner, once=True)).status < 300
    assert await try_log_in(identity, ada.email, f"{typed} again") == 201


async def test_a_hash_from_before_opens_once_more_and_is_renewed(identity: IdentityHarness) -> None:
    ada = await identity.member()
    rows = identity.chassis.db.get_collection(CredentialDocument)
    wanted = {"account_id": ada.account_id}
    before = PasswordHasher(1, 64, 1).hash(DECOMPOSED)
    await rows.update_one(wanted, {"$set": {"password_hash": before}})
    assert await try_log_in(identity, ada.email, PASSWORD) == 401
    assert await try_log_in(identity, ada.email, DECOMPOSED) == 201
    stored = await rows.find_one(wanted)
    assert stored is not None
    assert stored.password_hash != before
    assert await try_log_in(identity, ada.email, PASSWORD) == 201


@pytest.mark.parametrize("typed", ["{} {}", "{}-{}", "{}\u00a0{}"])
async def test_an_app_is_added_with_its_code_as_it_is_shown(identity: IdentityHarness, typed: str) -> None:
    ada = await identity.member()
    begun = await identity.call("POST", TOTP, by=ada, once=True)
    code = pyotp.TOTP(begun.body["secret"]).at(identity.clock())
    shown = {"code": typed.format(code[:3], code[3:])}
    assert (await identity.call("POST", f"{TOTP}/confirmation", shown, by=ada, once=True)).status == 201


async def test_a_recovery_code_is_taken_with_other_separators(identity: IdentityHarness) -> None:
    ada = await identity.member()
    _, codes = await with_totp(identity, ada)
    for typed in (codes[0].replace("-", " ").upper(), codes[1].replace("-", "")):
        step = await first_step(identity, ada)
        assert (await second_step(identity, step.body["challenge_token"], code=typed)).status == 201


async def test_an_app_password_is_taken_as_a_person_types_it(identity: IdentityHarness) -> None:
    ada = await identity.member()
    made = (await identity.call("POST", "/v1/identity/app-passwords", {"label": "tv"}, by=ada, once=True)).body
    for typed in (made["app_password"].replace("-", ""), made["app_password"].replace("-", " ")):
        request = identity_v1.CredentialVerifyRequest(username=made["username"], app_password=typed)
        reply = await identity.call_rpc("identity.credential.verify", request, purpose=Purpose.SYNC)
        assert reply.accepted
