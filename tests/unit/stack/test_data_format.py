"""The stack's folder of another build is refused, with one line that names the remedy."""

from pathlib import Path

import pytest

from shared.stack.directory import IncompatibleDirectoryError, StackDirectory
from shared.stack.status import read_status


def test_a_new_folder_is_marked_and_accepted_again(tmp_path: Path) -> None:
    home = StackDirectory(tmp_path / "home")
    home.create_folders()
    (home.data / "mongo").mkdir()
    home.create_folders()
    assert read_status(home) is None


def test_a_folder_with_data_and_no_mark_is_of_an_older_build(tmp_path: Path) -> None:
    (tmp_path / "data" / "mongo").mkdir(parents=True)
    with pytest.raises(IncompatibleDirectoryError, match=f"CANDOR_HOME={tmp_path} .*: delete the folder") as refused:
        StackDirectory(tmp_path).create_folders()
    assert "\n" not in str(refused.value)


def test_the_status_of_another_format_is_not_read(tmp_path: Path) -> None:
    home = StackDirectory(tmp_path)
    home.create_folders()
    home.format_file.write_text("1\n", encoding="utf-8")
    home.status_file.write_text('{"supervisor": 1}', encoding="utf-8")
    with pytest.raises(IncompatibleDirectoryError, match="in format 1"):
        read_status(home)
