"""Pods that are deleted, restarted and replaced while people are at work."""

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from tests.architecture.tree import ROOT
from tests.cluster import release
from tests.cluster.cluster import SCRIPT, ClusterError, kubectl, read, until
from tests.support.traffic import Traffic, assert_charges, assert_files, assert_ledger, going_on, open_traffic

STAGGER = 3.0
"""Seconds between two deletions, so that people are at work between them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What people were told is done, all of which was found again, once."""

    pods: int
    seconds: float
    files: int
    charges: int
    events: int
    refused: dict[int, int]


def deleted_under_traffic(home: Path) -> Kept:
    """Delete each pod once while people work; every accepted file, payment and event must be there, once."""
    return asyncio.run(_deleted_under_traffic(home))


async def _deleted_under_traffic(home: Path) -> Kept:
    loop = asyncio.get_running_loop()
    began = loop.time()
    with tempfile.TemporaryDirectory() as folder:
        async with open_traffic(home, Path(folder)) as traffic:
            people = asyncio.create_task(_work(traffic))
            pods = await asyncio.to_thread(_delete_each)
            people.cancel()
            await asyncio.gather(people, return_exceptions=True)
            seconds = loop.time() - began
            await _found_again(traffic)
    return Kept(
        pods=pods,
        seconds=seconds,
        files=len(traffic.files),
        charges=len(traffic.charges),
        events=len(traffic.reasons),
        refused=dict(traffic.refused),
    )


async def _work(traffic: Traffic) -> None:
    acts = [(traffic.put_file, 0.1), (traffic.put_file, 0.1), (traffic.charge, 0.4), (traffic.look_somebody_up, 0.2)]
    await asyncio.gather(*(going_on(act, pause, lasts=900) for act, pause in acts))


async def _found_again(traffic: Traffic) -> None:
    await traffic.world.log_in(traffic.world.ada)
    try:
        await assert_files(traffic)
        await assert_charges(traffic)
        await assert_ledger(traffic)
    except (AssertionError, TimeoutError) as lost:
        raise ClusterError(f"something accepted was lost: {type(lost).__name__} {lost}") from lost


def _delete_each() -> int:
    """Delete every pod that is there now, one after the other; the next of a kind only when the last is replaced."""
    asyncio.run(asyncio.sleep(STAGGER))
    pods = sorted(release.running(), key=lambda pod: str(pod["metadata"]["name"])[::-1])
    for pod in pods:
        part = release.component(pod)
        until(f"{part} is whole", partial(_whole, part), limit=180)
        kubectl("delete", "pod", pod["metadata"]["name"], "--wait=false")
        asyncio.run(asyncio.sleep(STAGGER))
    release.wait_ready()
    asyncio.run(asyncio.sleep(STAGGER))
    return len(pods)


def _whole(component: str) -> bool:
    """Tell whether all pods of a component are ready."""
    owners = read("deployment,statefulset", "-l", f"app.kubernetes.io/component={component}")["items"]
    return all(one["status"].get("readyReplicas", 0) == one["spec"]["replicas"] for one in owners)


@dataclass(slots=True)
class Load:
    """What the clients of tests.cluster.load were told."""

    seen: dict[str, Any] = field(default_factory=dict)

    def require_no_failure(self, least: int) -> None:
        """Fail unless at least *least* requests were answered as they must be, and none was not."""
        if self.seen["failed"] or self.seen["answered"] < least:
            raise ClusterError(f"{self.seen}")


@contextmanager
def under_load(home: Path, least: int) -> Iterator[Load]:
    """Send requests from inside the node's network for as long as the context lasts, at least *least*."""
    address = read("service", f"{release.NAME}-edge")["spec"]["clusterIP"]
    url = f"http://{address}:8080"
    command = [str(SCRIPT), "exec", sys.executable, "-m", "tests.cluster.load", url, str(home), str(least)]
    load = Load()
    clients = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield load
        out, err = clients.communicate(timeout=600)
        if clients.returncode:
            raise ClusterError(f"the clients ended: {err[-400:]}")
        load.seen = json.loads(out)
    finally:
        clients.kill()
        clients.wait(10)


def nothing_fails_during(change: Callable[[], float], home: Path, least: int) -> tuple[float, dict[str, Any]]:
    """Do *change* under load; return its seconds and what the clients saw: no failure."""
    with under_load(home, least) as load:
        seconds = change()
    load.require_no_failure(least)
    return seconds, load.seen
