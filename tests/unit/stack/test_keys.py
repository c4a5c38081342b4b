"""Keys and passwords: made once, closed to others, never replaced."""

import json
from pathlib import Path

import pytest

from services.identity.domain.authentication.passwords import validate_password
from shared.crypto import Keyring, KeyUse
from shared.settings import SettingError
from shared.stack.directory import StackDirectory
from shared.stack.keys import KEY_USES, STAFF_ROLES, ensure_secrets, keyring_path


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> StackDirectory:
    home = StackDirectory(tmp_path_factory.mktemp("home"))
    home.create_folders()
    ensure_secrets(home)
    return home


def test_each_service_has_a_keyring_with_its_uses(home: StackDirectory) -> None:
    for service, uses in KEY_USES.items():
        keyring = Keyring.from_file(keyring_path(home, service))
        assert all(keyring.find_active(use) for use in uses), service


def test_no_two_services_share_a_key(home: StackDirectory) -> None:
    secrets = [
        key.secret
        for service in KEY_USES
        for use in KeyUse
        for key in Keyring.from_file(keyring_path(home, service)).list_by_use(use)
    ]
    assert len(secrets) == len(set(secrets)) == sum(map(len, KEY_USES.values()))


def test_nobody_else_can_read_them(home: StackDirectory) -> None:
    assert {path.stat().st_mode & 0o777 for path in home.keys.iterdir()} == {0o600}
    assert home.keys.stat().st_mode & 0o777 == 0o700


def test_a_second_start_changes_nothing(home: StackDirectory) -> None:
    before = {path: path.read_bytes() for path in home.keys.iterdir()}
    ensure_secrets(home)
    assert {path: path.read_bytes() for path in home.keys.iterdir()} == before


def test_a_use_that_a_service_has_come_to_need_is_added(home: StackDirectory) -> None:
    file = keyring_path(home, "portal")
    known = json.loads(file.read_text())
    known["keys"] = [key | {"use": "sign"} for key in known["keys"]]
    file.write_text(json.dumps(known))
    ensure_secrets(home)
    keyring = Keyring.from_file(file)
    assert keyring.find_active(KeyUse.LINK)
    assert keyring.find_active(KeyUse.SIGN)


def test_a_damaged_keyring_is_named_and_left_as_it_is(home: StackDirectory) -> None:
    file = keyring_path(home, "sync")
    whole = file.read_text()
    file.write_text(whole[:-20])
    with pytest.raises(SettingError, match=r"CANDOR_KEYRING=.*sync\.keyring\.json is not a keyring"):
        ensure_secrets(home)
    assert file.read_text() == whole[:-20]
    file.write_text(whole)


def test_the_staff_of_the_local_stack_can_act_in_pairs(home: StackDirectory) -> None:
    staff = ensure_secrets(home).staff
    assert tuple(member["role"] for member in staff) == STAFF_ROLES
    assert len({member["email"] for member in staff}) == len(STAFF_ROLES)


def test_the_passwords_of_the_staff_are_ones_that_identity_accepts(home: StackDirectory) -> None:
    for member in ensure_secrets(home).staff:
        assert len(member["password"]) >= 20
        assert validate_password(member["password"], address=member["email"]) is None


def test_secrets_do_not_print(home: StackDirectory, tmp_path: Path) -> None:
    secrets = ensure_secrets(home)
    assert secrets.broker_password not in repr(secrets)
    assert secrets.staff[0]["password"] not in repr(secrets)
