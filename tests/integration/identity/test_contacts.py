"""Addresses are shown to others for a purpose that they are held for, and on record (C06, C21)."""

from typing import Any

import pytest

from services.identity.errors import InvalidReasonError
from shared.contracts import common_v1, identity_v1
from shared.crypto import PurposeDeniedError
from shared.policy import Purpose
from tests.integration.identity.harness import IdentityHarness, Person, new_person

FIND = "/v1/identity/accounts/find"
ALLOWED = {
    Purpose.ACCOUNT,
    Purpose.SECURITY,
    Purpose.CRITICAL_NOTICE,
    Purpose.LEGAL_DISCLOSURE,
    Purpose.SUPPORT,
    Purpose.EXPORT,
}


async def resolve(identity: IdentityHarness, account_id: str, purpose: Purpose, basis: str = "dis_1") -> Any:
    request = identity_v1.ContactResolveRequest(account_id=account_id, basis=basis)
    return await identity.call_rpc("identity.contact.resolve", request, purpose=purpose, asker="disclosure")


async def find(identity: IdentityHarness, email: str, purpose: Purpose) -> Any:
    request = identity_v1.AccountFindRequest(email=email, basis="dis_1")
    return await identity.call_rpc("identity.account.find", request, purpose=purpose, asker="disclosure")


async def shown(identity: IdentityHarness, person: Person) -> list[common_v1.PersonalDataAccessed]:
    return await identity.events(common_v1.PersonalDataAccessed, about=person.account_id)


async def test_an_address_is_told_for_its_purposes_and_the_ledger_hears_of_it(identity: IdentityHarness) -> None:
    ada = await identity.member()
    assert (await resolve(identity, ada.account_id, Purpose.LEGAL_DISCLOSURE)).email == ada.email
    [entry] = await shown(identity, ada)
    assert (entry.recipient_kind, entry.recipient_id, entry.purpose) == ("service", "disclosure", "legal_disclosure")
    assert (list(entry.fields), entry.basis) == (["identity.accounts.email"], "dis_1")
    assert ada.email.encode() not in entry.SerializeToString()


@pytest.mark.parametrize("purpose", sorted(set(Purpose) - ALLOWED))
async def test_C06_for_any_other_purpose_it_is_refused_and_the_refusal_recorded(
    identity: IdentityHarness, purpose: Purpose
) -> None:
    ada = await identity.member()
    with pytest.raises(PurposeDeniedError):
        await resolve(identity, ada.account_id, purpose)
    [refusal] = await identity.events(common_v1.PurposeDenied, about=ada.account_id)
    assert (refusal.recipient_id, refusal.purpose) == ("disclosure", purpose)
    assert await shown(identity, ada) == []


async def test_an_unknown_account_has_no_address(identity: IdentityHarness) -> None:
    assert not (await resolve(identity, "acc_nobody", Purpose.LEGAL_DISCLOSURE)).found


async def test_an_account_is_found_by_its_address_and_on_record(identity: IdentityHarness) -> None:
    ada = await identity.member()
    found = await find(identity, ada.email.upper(), Purpose.LEGAL_DISCLOSURE)
    assert (found.found, found.account_id) == (True, ada.account_id)
    assert [list(entry.fields) for entry in await shown(identity, ada)] == [["identity.accounts.email_index"]]
    assert not (await find(identity, new_person().email, Purpose.LEGAL_DISCLOSURE)).found


async def test_C06_nobody_is_found_for_a_newsletter(identity: IdentityHarness) -> None:
    ada = await identity.member()
    with pytest.raises(PurposeDeniedError):
        await find(identity, ada.email, Purpose.NEWSLETTER)


async def test_the_basis_holds_no_address(identity: IdentityHarness) -> None:
    ada = await identity.member()
    with pytest.raises(InvalidReasonError):
        await resolve(identity, ada.account_id, Purpose.SUPPORT, basis=f"asked by {ada.email}")


async def test_C21_staff_find_an_account_with_a_reason_that_the_owner_can_read(identity: IdentityHarness) -> None:
    ada = await identity.member()
    body = {"email": ada.email, "reason": "ticket 4711"}
    found = await identity.call("POST", FIND, body, by=identity.staff["support"])
    assert found.body["account_id"] == ada.account_id
    assert ada.email not in str(found.body)
    [entry] = await shown(identity, ada)
    assert (entry.recipient_kind, entry.recipient_id) == ("staff", identity.staff["support"].account_id)
    assert (entry.purpose, entry.basis) == ("support", "ticket 4711")


async def test_C21_disclosure_looks_for_the_law_and_not_for_support(identity: IdentityHarness) -> None:
    ada = await identity.member()
    await identity.call("POST", FIND, {"email": ada.email, "reason": "dis_1"}, by=identity.staff["disclosure"])
    assert [entry.purpose for entry in await shown(identity, ada)] == ["legal_disclosure"]


@pytest.mark.parametrize("reason", ["", "ab", "from ada@example.org", "two\nlines", "x" * 201])
async def test_without_a_decent_reason_nothing_is_shown(identity: IdentityHarness, reason: str) -> None:
    ada = await identity.member()
    refused = await identity.call("POST", FIND, {"email": ada.email, "reason": reason}, by=identity.staff["support"])
    assert refused.status == 422
    assert await shown(identity, ada) == []


async def test_customers_and_strangers_find_nobody(identity: IdentityHarness) -> None:
    ada = await identity.member()
    body = {"email": ada.email, "reason": "ticket 4711"}
    assert (await identity.call("POST", FIND, body, by=ada)).status == 403
    assert (await identity.call("POST", FIND, body)).status == 401
