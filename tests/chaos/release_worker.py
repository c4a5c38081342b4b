"""The weekly job in a process that may be killed at any moment: ``python -m tests.chaos.release_worker``.

Without a lease, so that several run at once: the worst case.
"""

import asyncio
import random
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from datetime import datetime

import uvloop

from services.telemetry.domain.noise import NoiseScale
from shared.mongo import open_database
from tests.support.statistics.jobs import EPSILON, build_job

PAUSE = 0.05
"""Seconds before and after a draw, at most: the window in which a kill loses a draw."""


async def draw(counts: Sequence[int], noise: NoiseScale) -> tuple[int, ...]:
    """Return the counts with some noise, after a while."""
    choice = random.Random()
    await asyncio.sleep(choice.random() * PAUSE)
    noised = tuple(count + choice.randrange(-noise.scale, noise.scale) for count in counts)
    await asyncio.sleep(choice.random() * PAUSE)
    return noised


async def main(wanted: Namespace) -> None:
    """Run rounds of the job until killed."""
    async with open_database(wanted.mongo, wanted.database) as database:
        job = build_job(database, draw, yearly=1_000 * EPSILON)
        while True:
            await job.run_round(at=datetime.fromisoformat(wanted.at))
            await asyncio.sleep(PAUSE)


if __name__ == "__main__":
    parser = ArgumentParser()
    parser.add_argument("--mongo", required=True)
    parser.add_argument("--database", required=True)
    parser.add_argument("--at", required=True)
    uvloop.run(main(parser.parse_args()))
