"""A blocking call of the product in the loop is an error; of a test, or outside of a loop, it is none."""

from pathlib import Path

import pytest
from blockbuster import BlockingError

from shared.crypto import Keyring, KeyUse, make_keyring
from shared.crypto.keyring import dump_keyring
from tests.support import NOON


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "keyring.json"
    path.write_text(dump_keyring(make_keyring([KeyUse.LINK], at=NOON)))
    return path


async def test_the_product_may_not_read_a_file_in_the_loop(path: Path) -> None:
    with pytest.raises(BlockingError):
        Keyring.from_file(path)


async def test_a_test_may(path: Path) -> None:
    assert path.read_text()  # noqa: ASYNC240 - that is what is tested


def test_outside_of_a_loop_everybody_may(path: Path) -> None:
    Keyring.from_file(path).get_active(KeyUse.LINK)
