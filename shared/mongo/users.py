"""Users of a MongoDB-wire server: one for each database, so that a service can access only its own data."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from pymongo.errors import OperationFailure, PyMongoError

from shared.mongo.driver import RawDatabase, create_client
from shared.mongo.errors import translate_error

ADMIN_DATABASE: Final = "admin"
_USER_EXISTS: Final = 51003


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseUser:
    """A user created in *database*, which is also its authSource. In ``admin`` it is a root user."""

    name: str
    database: str
    password: str = field(repr=False)

    @property
    def roles(self) -> list[Any]:
        """The roles: a service reads and writes its data, and manages its collections, indexes and validators."""
        if self.database == ADMIN_DATABASE:
            return ["root"]
        return [{"role": role, "db": self.database} for role in ("readWrite", "dbAdmin")]


async def ensure_users(url: str, users: Iterable[DatabaseUser]) -> None:
    """Create or update *users* at *url*; StoreUnavailableError when the server does not answer."""
    client = create_client(url, "pymongo")
    try:
        for user in users:
            await _ensure_user(client.get_database(user.database), user)
    except PyMongoError as fault:
        raise translate_error(fault) from None
    finally:
        await client.close()


async def _ensure_user(database: RawDatabase, user: DatabaseUser) -> None:
    try:
        await database.command("createUser", user.name, pwd=user.password, roles=user.roles)
    except OperationFailure as fault:
        if fault.code != _USER_EXISTS:
            raise
        await database.command("updateUser", user.name, pwd=user.password, roles=user.roles)
