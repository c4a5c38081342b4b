"""Workers that record at the wrong time are found by the judge of ``test_campaign``; `make chaos` plays this file."""

from pathlib import Path

import pytest

from tests.chaos.test_campaign import send_under_kills

pytestmark = pytest.mark.timeout(900)

RECIPIENTS, KILLS = 600, 8


@pytest.mark.parametrize("kind", ["records-first", "records-in-batches"])
async def test_a_worker_that_records_at_the_wrong_time_is_found(
    mongo_url: str, amqp_url: str, tmp_path: Path, kind: str
) -> None:
    verdict, _, kills = await send_under_kills(
        kind, RECIPIENTS, KILLS, mongo_url=mongo_url, amqp_url=amqp_url, home=tmp_path
    )
    assert not verdict.holds(kills), verdict
