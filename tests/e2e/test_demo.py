"""The whole story, as users tell it to the running stack."""

from pathlib import Path

from tests.demo.steps import STORY
from tests.demo.story import tell
from tests.demo.world import open_world
from tests.support.stack import StackUnderTest

INSTALLATIONS = 40
"""Few, so that the test is quick; `make demo` has thousands."""


async def test_every_step_of_the_demonstration_turns_out_as_promised(stack: StackUnderTest, tmp_path: Path) -> None:
    async with open_world(stack.home.root, tmp_path) as world:
        world.notes["installations"] = INSTALLATIONS
        record = await tell(STORY, world, said=lambda _: None)
    failed = [f"{line.step}: {line.detail}" for line in record.told if line.outcome != "ok"]
    assert not failed
    assert len(record.told) == len(STORY)
