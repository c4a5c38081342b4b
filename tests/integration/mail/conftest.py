"""An office for each test."""

from collections.abc import AsyncIterator

import pytest

from shared.clock import utc_now
from shared.crypto import Keyring, SubjectKey, Vault, make_keyring
from shared.crypto.keyring import dump
from shared.mail import MailLog, MailRow, Post
from shared.mongo import Database
from tests.integration.mail.office import USES, FakeRelay, Office
from tests.support import NOON


@pytest.fixture(scope="session")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    path = tmp_path_factory.mktemp("keys") / "keyring"
    path.write_text(dump(make_keyring(USES, at=NOON)))
    return Keyring.load(path)


@pytest.fixture
async def office(database: Database, keyring: Keyring) -> AsyncIterator[Office]:
    await database.prepare([SubjectKey, MailRow, MailLog])
    vault, relay = Vault(database, keyring, utc_now), FakeRelay()
    await relay.open()
    yield Office(db=database, vault=vault, post=Post(database, vault, utc_now), relay=relay, keyring=keyring)
    await relay.close()
