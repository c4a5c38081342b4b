"""An office for each test."""

from collections.abc import AsyncIterator

import pytest

from shared.clock import utc_now
from shared.crypto import Keyring, SubjectKeyDocument, Vault, make_keyring
from shared.crypto.keyring import dump_keyring
from shared.mail import MailLogDocument, MailQueue, QueuedMailDocument
from shared.mongo import Database
from tests.integration.mail.smtp_server import USES, FakeSmtpServer, MailHarness
from tests.support import NOON


@pytest.fixture(scope="session")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    path = tmp_path_factory.mktemp("keys") / "keyring"
    path.write_text(dump_keyring(make_keyring(USES, at=NOON)))
    return Keyring.from_file(path)


@pytest.fixture
async def office(database: Database, keyring: Keyring) -> AsyncIterator[MailHarness]:
    await database.ensure_collections([SubjectKeyDocument, QueuedMailDocument, MailLogDocument])
    vault, relay = Vault(database, keyring, utc_now), FakeSmtpServer()
    await relay.open()
    yield MailHarness(db=database, vault=vault, post=MailQueue(database, vault, utc_now), relay=relay, keyring=keyring)
    await relay.close()
