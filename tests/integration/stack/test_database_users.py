"""The embedded database with access control: each service is a user that reads and writes its own database only."""

from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure

from shared.mongo import ADMIN_DATABASE, DatabaseUser, StoreUnavailableError, open_database
from shared.stack.parts import mongo
from shared.stack.settings import StackPorts
from tests.support.parts import free_ports

UNAUTHORIZED, AUTHENTICATION_FAILED = 13, 18


@cache
def ports() -> StackPorts:
    """Choose the ports when they are first needed: those of the collection may be taken by then."""
    return free_ports()


def access(**passwords: str) -> mongo.AccessControl:
    users = [
        DatabaseUser(name=name, database=ADMIN_DATABASE if name == "root" else f"candor_{name}", password=password)
        for name, password in passwords.items()
    ]
    return mongo.AccessControl(users=users, setup_port=ports()["mongo-setup"])


def client(user: str, password: str) -> "AsyncMongoClient[dict[str, Any]]":
    database = ADMIN_DATABASE if user == "root" else f"candor_{user}"
    return AsyncMongoClient(f"mongodb://{user}:{password}@127.0.0.1:{ports()['mongo']}/{database}")


@pytest.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    home = tmp_path_factory.mktemp("mongo")
    users = access(root="root-pass", sync="sync-pass", payments="payments-pass")
    async with mongo.start(port=ports()["mongo"], data=home / "data", log=home / "log", access=users) as url:
        async with client("payments", "payments-pass") as payments:
            await payments.candor_payments.charges.insert_one({"_id": "chg_1"})
        yield url


@pytest.mark.usefixtures("server")
async def test_a_service_does_with_its_own_database_what_it_needs() -> None:
    async with client("sync", "sync-pass") as sync:
        database = sync.candor_sync
        await database.create_collection("nodes", validator={"$jsonSchema": {"required": ["size"]}})
        await database.nodes.create_index("size")
        await database.command("collMod", "nodes", validator={"$jsonSchema": {"required": ["_id"]}})
        async with sync.start_session() as session, await session.start_transaction():
            await database.nodes.insert_one({"size": 1}, session=session)
        assert await database.nodes.count_documents({}) == 1


@pytest.mark.usefixtures("server")
async def test_a_service_neither_reads_nor_changes_the_database_of_another() -> None:
    async with client("sync", "sync-pass") as sync:
        others = sync.candor_payments
        for attempt in (
            others.charges.find_one,
            others.list_collection_names,
            others.charges.drop,
            lambda: others.charges.insert_one({}),
            lambda: others.charges.delete_many({}),
            lambda: sync.candor_sync.nodes.aggregate([{"$out": {"db": "candor_payments", "coll": "charges"}}]),
            lambda: sync.admin.command("renameCollection", "candor_payments.charges", to="candor_sync.charges"),
            sync.list_database_names,
            lambda: sync.candor_sync.command("createUser", "mallory", pwd="x", roles=["root"]),
        ):
            with pytest.raises(OperationFailure) as refused:
                await attempt()
            assert refused.value.code == UNAUTHORIZED


async def test_nobody_gets_in_without_the_password(server: str) -> None:
    async with AsyncMongoClient[dict[str, Any]](server) as stranger:
        with pytest.raises(OperationFailure) as refused:
            await stranger.candor_sync.nodes.find_one()
        assert refused.value.code == UNAUTHORIZED
    async with client("sync", "payments-pass") as impostor:
        with pytest.raises(OperationFailure) as refused:
            await impostor.candor_sync.nodes.insert_one({})
        assert refused.value.code == AUTHENTICATION_FAILED


@pytest.mark.parametrize("driver", ["motor", "pymongo"])
async def test_a_wrong_password_is_an_outage_that_names_no_password(server: str, driver: str) -> None:
    place = server.partition("//")[2]
    async with open_database(f"mongodb://sync:wrong-pass@{place}/candor_sync", "candor_sync", driver=driver) as db:
        with pytest.raises(StoreUnavailableError, match="refuses the user or the password") as refused:
            await db.check_connection()
    assert "wrong-pass" not in str(refused.value)


@pytest.mark.usefixtures("server")
async def test_the_stack_ends_orphaned_transactions_as_root() -> None:
    await mongo.abort_orphaned_transactions(f"mongodb://root:root-pass@127.0.0.1:{ports()['mongo']}/{ADMIN_DATABASE}")
    async with client("root", "root-pass") as root:
        assert {"candor_payments"} <= set(await root.list_database_names())


async def test_users_follow_the_stack_and_data_stay_also_those_of_a_server_without_users(tmp_path: Path) -> None:
    ports = free_ports()

    def start(**passwords: str) -> Any:
        users = [DatabaseUser(name="sync", database="candor_sync", password=passwords["sync"])] if passwords else []
        control = mongo.AccessControl(users=users, setup_port=ports["mongo-setup"]) if users else None
        return mongo.start(port=ports["mongo"], data=tmp_path / "data", log=tmp_path / "log", access=control)

    async with start() as url, AsyncMongoClient[dict[str, Any]](url) as before:
        await before.candor_sync.nodes.insert_one({"_id": 1})
    for password in ("first", "first", "second"):
        async with (
            start(sync=password),
            AsyncMongoClient[dict[str, Any]](
                f"mongodb://sync:{password}@127.0.0.1:{ports['mongo']}/candor_sync"
            ) as after,
        ):
            assert await after.candor_sync.nodes.find_one() == {"_id": 1}
