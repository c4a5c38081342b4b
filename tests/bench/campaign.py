"""Campaigns: from the queue to the relay's yes and the stored answer, and a million recipients made durable."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import aiosmtplib

from shared.clock import monotonic
from shared.mail import BulkComposer
from shared.stack.settings import ROOT
from tests.bench.base import BaseError, check_out
from tests.bench.figure import Area, Bench, Figure, Goal, ratio_at_least
from tests.bench.mail import AT, EMAIL, SENDER, make_recipient
from tests.support.smtp_sink import find_smtp_sink, smtp_sink

AREA = Area("campaign")
BASE = Area("campaign-base")
AUDIENCE = Area("campaign-audience")

EMAILS, PROCESSES, CONNECTIONS = 16_000, 2, 24
BASE_COMMIT, BASE_EMAILS = "a61e42e", 1_200
PREBUILT, PREBUILT_CONNECTIONS = 4_000, 4
RECIPIENTS = 1_000_000
MEMORY_LIMIT = 300.0

NO_SINK = "smtp-sink is missing: it is in the Debian package postfix"


@AREA.measures
async def relaying(bench: Bench) -> list[Figure]:
    """Send a campaign by two workers into smtp-sink, beside aiosmtplib with prebuilt bytes on four connections."""
    program = find_smtp_sink()
    if program is None:
        bench.tell(NO_SINK)
        return []
    async with smtp_sink(program) as url:
        bench.tell(f"  {PREBUILT:,} prebuilt emails by aiosmtplib")
        reference = await send_prebuilt(url)
        bench.tell(f"  {EMAILS:,} emails by newsletter")
        ours = await run_campaign(bench, ROOT, url, EMAILS, PROCESSES)
    return [
        Figure(
            name="campaign emails from the queue to the stored answer",
            ours=ours,
            reference=reference,
            unit="mails/s",
            goal=Goal("ours >= 1000/s", lambda figure: figure.ours >= 1000),
            note=f"aiosmtplib alone, {PREBUILT_CONNECTIONS} connections, prebuilt bytes, nothing stored, same sink",
        )
    ]


@BASE.measures
async def against_the_base(bench: Bench) -> list[Figure]:
    """Send a campaign by the build at which the newsletter was rebuilt, and by this one, into the same sink."""
    program = find_smtp_sink()
    if program is None:
        bench.tell(NO_SINK)
        return []
    try:
        base = await asyncio.to_thread(check_out, BASE_COMMIT)
    except BaseError as fault:
        bench.tell(str(fault))
        return []
    async with smtp_sink(program) as url:
        bench.tell(f"  {BASE_EMAILS:,} emails by {BASE_COMMIT}")
        reference = await run_campaign(bench, base.root, url, BASE_EMAILS, PROCESSES)
        bench.tell(f"  {EMAILS:,} emails by this tree")
        ours = await run_campaign(bench, ROOT, url, EMAILS, PROCESSES)
    return [
        Figure(
            name=f"campaign emails against {BASE_COMMIT}",
            ours=ours,
            reference=reference,
            unit="mails/s",
            goal=ratio_at_least(5.0),
            note=f"the same campaign, sink and number of processes at {BASE_COMMIT}",
        )
    ]


async def run_campaign(bench: Bench, tree: Path, smtp_url: str, emails: int, processes: int) -> float:
    """Send a campaign by the code in *tree*; return the emails a second."""
    words = ("--mongo", bench.mongo_url, "--amqp", bench.amqp_url, "--smtp", smtp_url)
    sizes = ("--count", str(emails), "--processes", str(processes), "--set", f"NEWSLETTER_CONNECTIONS={CONNECTIONS}")
    found = await run_program(tree, ROOT / "tests" / "bench" / "campaign_run.py", *words, *sizes)
    if found["state"] != "sent" or found["counts"]["accepted"] != emails:
        raise RuntimeError(f"the campaign did not reach everybody: {found}")
    return emails / float(found["seconds"])


async def run_program(tree: Path, program: Path, *words: str) -> dict[str, Any]:
    """Run *program* with the packages of *tree*; return what it prints."""
    process = await asyncio.create_subprocess_exec(
        *(str(tree / ".venv" / "bin" / "python"), str(program), *words),
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), "PYTHONNOUSERSITE": "1"},
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{program.name} failed in {tree.name}")
    result: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return result


async def send_prebuilt(url: str) -> float:
    """Send prebuilt bytes by aiosmtplib, as fast as it can; return the emails a second."""
    composer = BulkComposer(EMAIL, SENDER, at=AT, dkim=None)
    mails = [composer.render(make_recipient(number)) for number in range(64)]
    port = int(url.rpartition(":")[2])
    numbers = iter(range(PREBUILT))

    async def send_on_one() -> None:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port) as client:
            for number in numbers:
                await client.sendmail("news@candor.example", f"reader{number}@candor.example", mails[number % 64])

    began = monotonic()
    await asyncio.gather(*(send_on_one() for _ in range(PREBUILT_CONNECTIONS)))
    return PREBUILT / (monotonic() - began)


@AUDIENCE.measures
async def storing_a_million(bench: Bench) -> list[Figure]:
    """Make the recipients of a campaign durable, in a process of its own, against inserting the same rows."""
    program = ROOT / "tests" / "bench" / "audience_run.py"
    found = await run_program(ROOT, program, "--mongo", bench.mongo_url, "--count", str(RECIPIENTS))
    rate, reference = RECIPIENTS / found["seconds"], RECIPIENTS / found["bare_seconds"]
    return [
        Figure(
            name=f"{RECIPIENTS:,} recipients stored",
            ours=rate,
            reference=reference,
            unit="rows/s",
            goal=Goal(
                "< 60 s or ratio >= 0.6", lambda figure: RECIPIENTS / figure.ours < 60 or (figure.ratio or 0) >= 0.6
            ),
            note="insert_many of the same rows into an equal collection",
        ),
        Figure(
            name="memory of the process that stores them",
            ours=found["peak_mib"],
            reference=None,
            unit="MiB",
            goal=Goal(f"ours < {MEMORY_LIMIT:g} MiB", lambda figure: figure.ours < MEMORY_LIMIT),
        ),
    ]
