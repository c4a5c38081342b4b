"""Breached passwords, offline: the shipped list, and one that is built from a corpus."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from services.identity.domain.authentication.breached import BreachedFileError, BreachedPasswords, build_file
from services.identity.domain.authentication.passwords import validate_password

PASSWORDS = [f"a breached password {number}" for number in range(500)]


@pytest.mark.parametrize("password", ["superman1", "password1", "qwertyuiop"])
def test_C24_the_shipped_list_knows_what_everybody_knows(password: str) -> None:
    assert password in BreachedPasswords()
    assert "kelp7Fjord" not in BreachedPasswords()


def test_C24_what_is_in_a_built_list_is_refused(tmp_path: Path) -> None:
    plain = [f"{password}\n".encode() for password in PASSWORDS]
    assert build_file([*plain, *plain, b"short\n"], tmp_path / "out") == 500
    known = BreachedPasswords(tmp_path / "out")
    assert all(password in known for password in PASSWORDS)
    assert not any(password.upper() in known for password in PASSWORDS)
    found = validate_password(PASSWORDS[7], address="ada@engines.example", breached=[known])
    assert found is not None
    assert found.code == "breached"


def test_the_command_reads_the_hashes_that_are_published(tmp_path: Path) -> None:
    lines = [f"{hashlib.sha1(one.encode()).hexdigest().upper()}:{7}\r\n" for one in PASSWORDS]
    (tmp_path / "corpus").write_text("".join(lines))
    module = "services.identity.domain.authentication.breached"
    done = subprocess.run(
        [sys.executable, "-m", module, str(tmp_path / "corpus"), str(tmp_path / "out")],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "500 passwords\n"
    assert all(one in BreachedPasswords(tmp_path / "out") for one in PASSWORDS)


@pytest.mark.parametrize("content", [b"", b"candor-breached1", b"candor-breached1 5", b"another file altogether"])
def test_another_file_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "out").write_bytes(content)
    with pytest.raises(BreachedFileError):
        BreachedPasswords(tmp_path / "out")


def test_even_half_a_letter_can_be_looked_up() -> None:
    assert "\ud800 is half a letter" not in BreachedPasswords()
