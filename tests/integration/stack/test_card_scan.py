"""What a scan reads beside files: metrics, exports, answers."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from shared.stack.scan import places
from shared.stack.scan.finder import CardNumberFinder
from shared.stack.scan.run import scan_folder, scan_items
from shared.stack.settings import StackSettings
from tests.scan.drive import Driven, everything
from tests.support.parts import free_ports

NUMBER = "4000056655665556"


@pytest.fixture
async def settings(tmp_path: Path) -> AsyncIterator[StackSettings]:
    """A stack of which only the page for operators of payments runs."""
    made = StackSettings.from_env({"CANDOR_PORT": str(free_ports().base), "CANDOR_HOME": str(tmp_path)})
    app = web.Application()

    async def show(_: web.Request) -> web.Response:
        return web.Response(text=f'candor_planted_total{{card="{NUMBER}"}} 1.0\n')

    app.router.add_get("/metrics", show)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", made.ports["payments"]).start()
    yield made
    await runner.cleanup()


async def test_C18_a_number_in_a_label_of_a_metric_is_found(settings: StackSettings) -> None:
    result = await scan_items(places.iter_metrics(settings), [NUMBER])
    assert result.found == ("metrics: payments: digits (…5556)",)


async def test_C18_a_number_in_an_export_or_an_answer_is_found(settings: StackSettings) -> None:
    driven = Driven(
        sent=1, statuses={}, answers={"GET /x": f"echo {NUMBER}".encode()}, exports={"a.zip": f"{NUMBER}".encode()}
    )
    result = await scan_items(everything(settings, driven), [NUMBER])
    assert {line.partition(":")[0] for line in result.found} == {"answers", "exports"}


async def test_a_folder_is_searched_names_included(tmp_path: Path) -> None:
    (tmp_path / f"card {NUMBER}.txt").write_text("empty of digits")
    (tmp_path / "empty").touch()
    result = await scan_folder(tmp_path, [NUMBER])
    assert (len(result.found), NUMBER in result.to_json()) == (1, False)
    assert sum(result.items.values()) == 1


def test_a_file_that_shrinks_during_the_scan_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"x" * 5_000_000)
    for item in places.iter_files(tmp_path):
        path.write_bytes(b"")
        assert item.data[0:10] == b""
        assert CardNumberFinder([NUMBER]).find_numbers(item.data) == set()
