"""Staff are exactly those that the operator lists (C21)."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from services.identity.store import AccountDocument, CredentialDocument, SessionDocument
from shared.crypto import SubjectKeyDocument
from shared.ids import new_id
from shared.settings import SettingError
from tests.integration.identity.harness import IdentityHarness, Person, build_settings, open_harness
from tests.support import FixedClock, RawWriter

Open = Callable[..., AbstractAsyncContextManager[IdentityHarness]]
GRACE = {"email": "grace@staff.example", "password": "violet engine under seven rivers", "roles": ["support"]}
LINUS = {"email": "linus@staff.example", "password": "copper sailor over nine bridges", "roles": ["admin"]}


@pytest.fixture
async def open_with(mongo_url: str, amqp_url: str, planter: RawWriter, tmp_path: Path) -> AsyncIterator[Open]:
    """Open the service on one database with a list of staff."""
    database = new_id("test")

    def opened(*members: object) -> AbstractAsyncContextManager[IdentityHarness]:
        listed = {"IDENTITY_STAFF": json.dumps(members)} if members != (None,) else {}
        settings = build_settings(tmp_path, mongo_url=mongo_url, amqp_url=amqp_url, database=database, **listed)
        return open_harness(settings, FixedClock())

    yield opened
    await planter.drop_database(database)


def person(entry: Mapping[str, object]) -> Person:
    return Person(email=str(entry["email"]), password=str(entry["password"]))


async def test_who_is_listed_logs_in_with_the_listed_roles(open_with: Open) -> None:
    async with open_with(GRACE, LINUS) as identity:
        grace = await identity.log_in(person(GRACE))
        assert (await identity.call("GET", "/v1/identity/me", by=grace)).body["roles"] == ["support"]
        assert (await identity.call("GET", "/v1/identity/partner-clients", by=grace)).status == 403
        linus = await identity.log_in(person(LINUS))
        assert (await identity.call("GET", "/v1/identity/partner-clients", by=linus)).status == 200


async def test_I23_a_long_list_is_taken_in_whole_and_starting_again_in_another_order_changes_nothing(
    open_with: Open,
) -> None:
    many = [{**LINUS, "email": f"linus{number}@staff.example"} for number in range(60)]
    async with open_with(GRACE, *many) as identity:
        grace = await identity.log_in(person(GRACE))
        before = {account.id for account in await identity.chassis.db.get_collection(AccountDocument).list({})}
    async with open_with(*reversed(many), GRACE) as identity:
        assert (await identity.call("GET", "/v1/identity/me", by=grace)).body["account_id"] == grace.account_id
        after = {account.id for account in await identity.chassis.db.get_collection(AccountDocument).list({})}
    assert (len(before), after) == (61, before)


@pytest.mark.parametrize("changed", [{"password": "another engine over six oceans"}, {"roles": ["support", "admin"]}])
async def test_I01_another_password_or_other_roles_end_the_sessions(
    open_with: Open, changed: dict[str, object]
) -> None:
    async with open_with(GRACE) as identity:
        grace = await identity.log_in(person(GRACE))
    async with open_with({**GRACE, **changed}) as identity:
        assert (await identity.call("GET", "/v1/identity/me", by=grace)).code == "auth.session.revoked"
        assert (await identity.refresh(grace.refresh)).body["error"] == "invalid_grant"
        assert (await identity.log_in(person({**GRACE, **changed}))).account_id == grace.account_id


async def test_who_is_no_longer_listed_is_gone(open_with: Open) -> None:
    async with open_with(GRACE, LINUS) as identity:
        grace = await identity.log_in(person(GRACE))
    async with open_with(LINUS) as identity:
        assert (await identity.call("GET", "/v1/identity/me", by=grace)).code == "auth.session.revoked"
        db = identity.chassis.db
        for kind in (AccountDocument, CredentialDocument):
            assert await db.get_collection(kind).count_documents({}) == 1
        assert await db.get_collection(SessionDocument).count_documents({}) == 0
        assert await db.get_collection(SubjectKeyDocument).get(grace.account_id) is None


async def test_without_the_setting_the_staff_stays(open_with: Open) -> None:
    async with open_with(GRACE):
        pass
    async with open_with(None) as identity:
        assert (await identity.log_in(person(GRACE))).access


async def test_a_customer_does_not_become_staff_by_a_setting(open_with: Open) -> None:
    async with open_with() as identity:
        ada = await identity.member()
    async with open_with({**GRACE, "email": ada.email}) as identity:
        assert (await identity.call("GET", "/v1/identity/me", by=ada)).body["roles"] == []


@pytest.mark.parametrize(
    "changed",
    [
        {"password": "short"},
        {"password": "grace@staff.example"},
        {"roles": ["king"]},
        {"roles": []},
        {"email": "nobody"},
        {"more": 1},
    ],
)
async def test_I21_a_wrong_entry_is_one_line_without_the_password(open_with: Open, changed: dict[str, object]) -> None:
    with pytest.raises(SettingError) as told:
        async with open_with({**GRACE, **changed}):
            pass
    message = str(told.value)
    assert message.startswith("IDENTITY_STAFF")
    assert "\n" not in message
    assert str(GRACE["password"]) not in message
    assert "grace@" not in message
