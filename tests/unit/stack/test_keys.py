"""Keys and passwords: made once, closed to others, never replaced."""

import json
from pathlib import Path

import pytest

from services.identity.domain.passwords import weakness
from shared.crypto import Keyring, Use
from shared.settings import SettingError
from shared.stack.home import Home
from shared.stack.keys import STAFF, USES, ensure_secrets, keyring_file


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("home"))
    home.make()
    ensure_secrets(home)
    return home


def test_each_service_has_a_keyring_with_its_uses(home: Home) -> None:
    for service, uses in USES.items():
        keyring = Keyring.load(keyring_file(home, service))
        assert all(keyring.find(use) for use in uses), service


def test_no_two_services_share_a_key(home: Home) -> None:
    secrets = [
        key.secret for service in USES for use in Use for key in Keyring.load(keyring_file(home, service)).all(use)
    ]
    assert len(secrets) == len(set(secrets)) == sum(map(len, USES.values()))


def test_nobody_else_can_read_them(home: Home) -> None:
    assert {path.stat().st_mode & 0o777 for path in home.keys.iterdir()} == {0o600}
    assert home.keys.stat().st_mode & 0o777 == 0o700


def test_a_second_start_changes_nothing(home: Home) -> None:
    before = {path: path.read_bytes() for path in home.keys.iterdir()}
    ensure_secrets(home)
    assert {path: path.read_bytes() for path in home.keys.iterdir()} == before


def test_a_use_that_a_service_has_come_to_need_is_added(home: Home) -> None:
    file = keyring_file(home, "portal")
    known = json.loads(file.read_text())
    known["keys"] = [key | {"use": "sign"} for key in known["keys"]]
    file.write_text(json.dumps(known))
    ensure_secrets(home)
    keyring = Keyring.load(file)
    assert keyring.find(Use.LINK)
    assert keyring.find(Use.SIGN)


def test_a_damaged_keyring_is_named_and_left_as_it_is(home: Home) -> None:
    file = keyring_file(home, "sync")
    whole = file.read_text()
    file.write_text(whole[:-20])
    with pytest.raises(SettingError, match=r"CANDOR_KEYRING=.*sync\.keyring\.json is not a keyring"):
        ensure_secrets(home)
    assert file.read_text() == whole[:-20]
    file.write_text(whole)


def test_the_staff_of_the_local_stack_can_act_in_pairs(home: Home) -> None:
    staff = ensure_secrets(home).staff
    assert tuple(member["role"] for member in staff) == STAFF
    assert len({member["email"] for member in staff}) == len(STAFF)


def test_the_passwords_of_the_staff_are_ones_that_identity_accepts(home: Home) -> None:
    for member in ensure_secrets(home).staff:
        assert len(member["password"]) >= 20
        assert weakness(member["password"], address=member["email"]) is None


def test_secrets_do_not_print(home: Home, tmp_path: Path) -> None:
    secrets = ensure_secrets(home)
    assert secrets.broker_password not in repr(secrets)
    assert secrets.staff[0]["password"] not in repr(secrets)
