"""A keyring, and a vault on a real database."""

from pathlib import Path

import pytest

from shared.crypto import Keyring, SubjectKey, Use, Vault, make_keyring
from shared.crypto.keyring import dump, rotated
from shared.mongo import Database
from tests.support import NOON, FixedClock


@pytest.fixture(scope="session")
def keyrings(tmp_path_factory: pytest.TempPathFactory) -> tuple[Keyring, Keyring]:
    """A keyring before and after the rotation of its wrapping key."""
    path: Path = tmp_path_factory.mktemp("keys") / "keyring"
    first = make_keyring([Use.WRAP, Use.BLIND], at=NOON)
    path.write_text(dump(first))
    before = Keyring.load(path)
    path.write_text(dump(rotated(first, Use.WRAP, at=NOON.replace(hour=13))))
    return before, Keyring.load(path)


@pytest.fixture
async def vault(database: Database, keyrings: tuple[Keyring, Keyring], clock: FixedClock) -> Vault:
    await database.prepare([SubjectKey])
    return Vault(database, keyrings[0], clock)
