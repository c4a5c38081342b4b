"""``make chaos``: its list, and what it makes of a test that holds, one that does not and one that is skipped."""

import re
from pathlib import Path

import pytest

from tests.chaos.__main__ import play
from tests.chaos.scenes import SCENES, Scene

ROOT = Path(__file__).resolve().parents[3]
TESTS = """
import pytest
def test_holds(record_property): record_property("events", 1500)
def test_breaks(): assert 1499 == 1500, "one event is lost"
@pytest.mark.skip
def test_is_skipped(): pass
"""


def test_every_scene_has_a_name_of_its_own_and_a_test() -> None:
    assert len({scene.name for scene in SCENES}) == len(SCENES)
    for scene in SCENES:
        file, _, test = scene.test.partition("::")
        assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8"), scene


def test_every_test_of_the_folder_is_a_scene() -> None:
    listed = {scene.test for scene in SCENES}
    for file in (ROOT / "tests" / "chaos").glob("test_*.py"):
        for test in re.findall(r"^(?:async )?def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE):
            assert f"tests/chaos/{file.name}::{test}" in listed, "list it in tests/chaos/scenes.py"


@pytest.mark.parametrize(
    ("test", "held", "figures"), [("holds", True, {"events": "1500"}), ("breaks", False, {}), ("is_skipped", False, {})]
)
def test_a_scene_holds_when_its_test_ran_and_passed(
    test: str, held: bool, figures: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_one.py").write_text(TESTS)
    result = play(Scene("one", "One thing breaks", f"{tmp_path}/test_one.py::test_{test}"), folder=tmp_path)
    assert (result.held, result.figures) == (held, figures)
    assert ("one event is lost" in result.detail) == (test == "breaks")
