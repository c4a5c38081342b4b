"""The keyring: one key for each use, the newest acts; whatever is wrong with the file is one line."""

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.crypto import Keyring, KeyUse, make_keyring
from shared.crypto.keyring import dump_keyring, with_new_key
from shared.settings import SettingError
from tests.support import NOON

USES = [KeyUse.WRAP, KeyUse.BLIND, KeyUse.LINK]


def written(path: Path, keyring: object) -> Path:
    path.write_text(json.dumps(keyring))
    return path


def test_a_new_keyring_holds_one_key_for_each_use(tmp_path: Path) -> None:
    keyring = Keyring.from_file(written(tmp_path / "k", make_keyring(USES, at=NOON)))
    assert [len(keyring.list_by_use(use)) for use in USES] == [1, 1, 1]
    assert keyring.find_active(KeyUse.SIGN) is None


def test_after_a_rotation_the_new_key_acts_and_the_old_one_still_opens(tmp_path: Path) -> None:
    first = make_keyring(USES, at=NOON)
    old = Keyring.from_file(written(tmp_path / "old", first)).get_active(KeyUse.WRAP)
    second = with_new_key(first, KeyUse.WRAP, at=NOON + timedelta(days=1))
    keyring = Keyring.from_file(written(tmp_path / "new", second))
    assert keyring.get_active(KeyUse.WRAP).id != old.id
    assert keyring.get(KeyUse.WRAP, old.id) == old


def test_a_retired_key_does_not_act_but_still_opens(tmp_path: Path) -> None:
    made: dict[str, Any] = make_keyring([KeyUse.SIGN], at=NOON)
    made["keys"][0]["retired"] = True
    keyring = Keyring.from_file(written(tmp_path / "k", made))
    with pytest.raises(SettingError, match=r"no active key for .*rotate FILE --use sign"):
        keyring.get_active(KeyUse.SIGN)
    assert keyring.get(KeyUse.SIGN, made["keys"][0]["id"]) is not None


def test_a_key_never_serves_another_use(tmp_path: Path) -> None:
    keyring = Keyring.from_file(written(tmp_path / "k", make_keyring(USES, at=NOON)))
    assert keyring.get(KeyUse.LINK, keyring.get_active(KeyUse.WRAP).id) is None


def test_the_blind_key_is_not_rotated() -> None:
    with pytest.raises(SettingError, match="rebuild the indexes"):
        with_new_key(make_keyring(USES, at=NOON), KeyUse.BLIND, at=NOON)


def test_a_key_does_not_print_its_secret(tmp_path: Path) -> None:
    key = Keyring.from_file(written(tmp_path / "k", make_keyring([KeyUse.WRAP], at=NOON))).get_active(KeyUse.WRAP)
    assert "secret" not in repr(key)


def _entry(**changes: object) -> Callable[[dict[str, Any]], object]:
    def change(keyring: dict[str, Any]) -> object:
        keyring["keys"][0].update(changes)
        return keyring

    return change


def _without(name: str) -> Callable[[dict[str, Any]], object]:
    def change(keyring: dict[str, Any]) -> object:
        del keyring["keys"][0][name]
        return keyring

    return change


WRONG: dict[str, Callable[[dict[str, Any]], object]] = {
    "a list": lambda keyring: keyring["keys"],
    "no keys": lambda _: {},
    "a stranger beside the keys": lambda keyring: {**keyring, "comment": "hello"},
    "a stranger in a key": _entry(owner="ops"),
    "no id": _without("id"),
    "no secret": _without("secret"),
    "an unknown use": _entry(use="everything"),
    "a time that is none": _entry(created="yesterday"),
    "a time without a zone": _entry(created="2027-01-04T12:00:00"),
    "a short secret": _entry(secret="c2hvcnQ"),
    "a secret that is no base64": _entry(secret="£" * 43),
    "two keys of one id": lambda keyring: {"keys": [keyring["keys"][0], keyring["keys"][0]]},
}


@pytest.mark.parametrize("how", WRONG)
def test_a_wrong_keyring_is_one_line_that_names_the_setting_and_no_secret(tmp_path: Path, how: str) -> None:
    made: dict[str, Any] = make_keyring(USES, at=NOON)
    secrets = [str(key["secret"]) for key in made["keys"]]
    path = written(tmp_path / "k", WRONG[how](made))
    with pytest.raises(SettingError) as refused:
        Keyring.from_file(path)
    assert str(refused.value).startswith("CANDOR_KEYRING")
    assert "\n" not in str(refused.value)
    assert not any(secret in str(refused.value) for secret in secrets)


@pytest.mark.parametrize("contents", [None, b"", b"{", b"\xff\xfe", b"[]"])
def test_a_file_that_is_no_json_is_one_line_too(tmp_path: Path, contents: bytes | None) -> None:
    path = tmp_path / "k"
    if contents is not None:
        path.write_bytes(contents)
    with pytest.raises(SettingError, match=r"^CANDOR_KEYRING=[^\n]+$"):
        Keyring.from_file(path)


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "shared.crypto", *words], capture_output=True, text=True, check=False)


def test_the_command_makes_a_keyring_that_only_its_owner_reads_and_rotates_it(tmp_path: Path) -> None:
    path = tmp_path / "k.json"
    assert command("new-keyring", str(path), "--use", "wrap", "--use", "blind").returncode == 0
    assert path.stat().st_mode & 0o777 == 0o600
    first = Keyring.from_file(path).get_active(KeyUse.WRAP)
    assert command("rotate", str(path), "--use", "wrap").returncode == 0
    assert path.stat().st_mode & 0o777 == 0o600
    old, new = Keyring.from_file(path).list_by_use(KeyUse.WRAP)
    assert old.id == first.id != new.id


def test_the_command_overwrites_no_keyring_and_says_so_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "k.json"
    path.write_text(dump_keyring(make_keyring(USES, at=NOON)))
    before = path.read_bytes()
    done = command("new-keyring", str(path), "--use", "wrap")
    assert (done.returncode, done.stderr.count("\n"), path.read_bytes()) == (2, 1, before)


def test_the_command_tells_a_folder_that_is_not_there_in_one_line(tmp_path: Path) -> None:
    done = command("new-keyring", str(tmp_path / "nowhere" / "k.json"), "--use", "wrap")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "nowhere" in done.stderr
