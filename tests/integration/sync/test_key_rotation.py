"""The keys of accounts and backups follow when the wrap key is replaced: they are sealed under subject keys."""

from datetime import timedelta
from pathlib import Path

from services.sync.store import AccountKeys, BackupKeys
from services.sync.store.documents import AccountKeyDocument, BackupKeyDocument
from shared.crypto import Keyring, KeyUse, Rewrapper, SubjectKeyDocument, Vault, make_keyring
from shared.crypto.keyring import dump_keyring, with_new_key, without_key
from shared.mongo import Database
from tests.support import NOON, FixedClock


async def test_accounts_and_backups_open_after_the_old_wrap_key_was_removed(
    database: Database, clock: FixedClock, tmp_path: Path
) -> None:
    await database.ensure_collections([SubjectKeyDocument, AccountKeyDocument, BackupKeyDocument])

    def read(contents: dict[str, object]) -> Keyring:
        path = tmp_path / "keyring.json"
        path.write_text(dump_keyring(contents), encoding="utf-8")
        return Keyring.from_file(path)

    first = make_keyring([KeyUse.WRAP, KeyUse.BLIND], at=NOON)
    vault = Vault(database, read(first), clock)
    name = (await AccountKeys(database, vault).create("acc_1")).name_key("fld_1", "letter.txt")
    backup = await BackupKeys(database, vault).create("bak_1")
    clock.advance(timedelta(days=1))
    second = with_new_key(first, KeyUse.WRAP, at=NOON + timedelta(hours=1))
    rotated = read(second)
    await Rewrapper(database, rotated, clock).run()
    old = rotated.list_by_use(KeyUse.WRAP)[0].id
    await Rewrapper(database, rotated, clock).check_removable(old)
    after = Vault(database, read(without_key(second, old)), clock)
    cipher = await AccountKeys(database, after).get_cipher("acc_1")
    assert cipher is not None
    assert cipher.name_key("fld_1", "letter.txt") == name
    assert await BackupKeys(database, after).get("bak_1") == backup
