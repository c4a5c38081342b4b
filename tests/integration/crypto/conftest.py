"""A keyring, and a vault on a real database."""

from pathlib import Path

import pytest

from shared.crypto import Keyring, KeyUse, SubjectKeyDocument, Vault, make_keyring
from shared.crypto.keyring import dump_keyring, with_new_key
from shared.mongo import Database
from tests.support import NOON, FixedClock


@pytest.fixture(scope="session")
def keyrings(tmp_path_factory: pytest.TempPathFactory) -> tuple[Keyring, Keyring]:
    """A keyring before and after the rotation of its wrapping key."""
    path: Path = tmp_path_factory.mktemp("keys") / "keyring"
    first = make_keyring([KeyUse.WRAP, KeyUse.BLIND], at=NOON)
    path.write_text(dump_keyring(first))
    before = Keyring.from_file(path)
    path.write_text(dump_keyring(with_new_key(first, KeyUse.WRAP, at=NOON.replace(hour=13))))
    return before, Keyring.from_file(path)


@pytest.fixture
async def vault(database: Database, keyrings: tuple[Keyring, Keyring], clock: FixedClock) -> Vault:
    await database.ensure_collections([SubjectKeyDocument])
    return Vault(database, keyrings[0], clock)
