"""The conformance suite of WebDAV, through the edge, with the app password of the demo customer."""

import re
import shutil
from pathlib import Path

import pytest

from tests.conformance.sync.programs import run
from tests.support.stack import StackUnderTest


@pytest.mark.skipif(shutil.which("litmus") is None, reason="litmus is not installed (apt-get install litmus)")
async def test_litmus_passes_in_full_through_the_edge(stack: StackUnderTest, tmp_path: Path) -> None:
    customer = stack.access["customer"]
    address = f"{stack.url}/sync/{customer['username']}/"
    told = await run("litmus", "-k", address, customer["username"], customer["app_password"], cwd=tmp_path)
    summaries = re.findall(r"of (\d+) tests run: (\d+) passed", told)
    assert (sum(int(ran) for ran, _ in summaries), sum(int(passed) for _, passed in summaries)) == (104, 104), told
    assert "WARNING" not in told
