"""``python -m tests.cluster``: exit 0 when every step turned out as it must, 1 at the first that did not."""

import asyncio
import sys
import tempfile
from pathlib import Path

import helm_python

from tests.chart.rendering import example, render
from tests.cluster import encryption, images, release, traffic, walls
from tests.cluster.cluster import SCRIPT, ClusterError, cluster, forwarded, versions
from tests.cluster.people import make_people
from tests.cluster.report import CONSOLE, Report
from tests.demo.steps import STORY
from tests.demo.story import Record, tell
from tests.demo.world import open_world

LEAST = 10_000
"""Requests under which everything is restarted; under half as many it is upgraded and brought back."""


def main(arguments: list[str]) -> int:
    """Run; ``--keep`` leaves the cluster up."""
    if not SCRIPT.exists():
        CONSOLE.print(f"Skipped: no {SCRIPT.name} beside the project (CANDOR_CLUSTER_SCRIPT may name another place).")
        return 0
    report = Report()
    try:
        with tempfile.TemporaryDirectory(prefix="candor-cluster-") as folder:
            _run(report, Path(folder))
    except (ClusterError, OSError) as fault:
        CONSOLE.print(f"[red]✗[/] {type(fault).__name__}", end=": ")
        CONSOLE.print(str(fault), markup=False)
        return 1
    finally:
        if "--keep" not in arguments:
            cluster("down")
    report.write()
    CONSOLE.print(f"[green]All {len(report.steps)} steps passed[/]: docs/reference/cluster-test.md")
    return 0


def _run(report: Report, folder: Path) -> None:
    _prepare(report)
    with forwarded(release.PORT, f"{release.NAME}-edge", 8080):
        _serve(report, folder)
    _wall_off(report)
    _change(report, folder)
    _encrypt(report, folder)


def _prepare(report: Report) -> None:
    with report.step("The cluster starts, from nothing") as seen:
        cluster("build", limit=3600)
        cluster("down")
        cluster("up")
        report.versions += versions()
        seen.append(f"Kubernetes {dict(report.versions)['Kubernetes']}")
    with report.step("The images are built without a network, and loaded") as seen:
        report.versions += images.build_all()
        seen.append(f"one image for all services: {dict(report.versions)['image of the services']}")
    with report.step("A misspelt value is refused by its name") as seen:
        seen.append(_refused({**example("tryout"), "publicURL": "http://127.0.0.1"}))
    with report.step("The chart installs; every pod is ready") as seen:
        release.install(release.values())
        seen.append(f"{len(release.running())} pods")
    with report.step("helm test passes") as seen:
        seen.append(f"the edge says {release.helm_test(release.values())}")


def _refused(values: dict[str, object]) -> str:
    try:
        render(values)
    except helm_python.HelmError as refused:
        if "publicURL" in str(refused):
            return "publicURL is not publicUrl"
        raise ClusterError(f"refused for another reason: {refused}") from refused
    raise ClusterError("a misspelt value was accepted")


def _serve(report: Report, folder: Path) -> None:
    with report.step("The demonstration is told at the cluster's edge") as seen:
        make_people(folder)
        record = asyncio.run(_demo(folder))
        if not record.passed:
            raise ClusterError(f"the demonstration: {record.told[-1].step}: {record.told[-1].detail}")
        promises = {promise for line in record.told for promise in line.shows}
        seen.append(f"{len(record.told)} steps, showing {len(promises)} promises")
    with report.step("Each pod is deleted once while people work, MongoDB and RabbitMQ among them") as seen:
        kept = traffic.deleted_under_traffic(folder)
        seen.append(f"{kept.pods} pods deleted within {kept.seconds:.0f} s")
        seen.append(f"of {kept.files} accepted files, {kept.charges} payments and {kept.events} events 0 are lost")
        told = ", ".join(f"{number} × {status or 'no answer'}" for status, number in sorted(kept.refused.items()))
        seen.append(f"refused in that time, so not accepted: {told or 'nothing'}")


async def _demo(home: Path) -> Record:
    with tempfile.TemporaryDirectory() as scratch:
        async with open_world(home, Path(scratch)) as world:
            return await tell(STORY, world, said=lambda line: None)


def _wall_off(report: Report) -> None:
    with report.step("Only the declared pairs connect, each ordered pair tried from its pod (C20)") as seen:
        tried = walls.only_declared_pairs_connect()
        seen.append(f"{tried.allowed} allowed pairs connect, {tried.refused} others are refused")
        tried = walls.a_stranger_reaches_the_edge_alone()
        seen.append(f"a pod of another namespace reaches the edge, and is refused at {tried.refused} other doors")
    with report.step("No container is root, has a capability, or can write its root") as seen:
        seen.append(f"{walls.no_container_is_root_or_writes_its_root()} containers")


def _change(report: Report, folder: Path) -> None:
    with report.step("Every process is restarted, pod by pod, under requests") as seen:
        seen.extend(_of_load(*traffic.nothing_fails_during(release.restart, folder, LEAST)))
    for title, version in (("An upgrade", images.NEXT), ("The way back", images.VERSION)):
        with report.step(f"{title} to {version} under requests") as seen:
            change = lambda wanted=version: release.upgrade(release.values(wanted))  # noqa: E731 - one line of wiring
            seen.extend(_of_load(*traffic.nothing_fails_during(change, folder, LEAST // 2)))


def _of_load(seconds: float, seen: dict[str, object]) -> list[str]:
    idle = seen["closed_while_idle"]
    return [
        f"rolled out in {seconds:.0f} s",
        f"{seen['answered']} requests in {seen['seconds']} s, 0 failed",
        f"{idle} kept connections found closed and opened again",
        f"the slowest answer took {float(str(seen['slowest'])):.1f} s",
    ]


def _encrypt(report: Report, folder: Path) -> None:
    authority = encryption.Authority(folder / "authority.pem")
    with report.step("An upgrade to TLS on every hop") as seen:
        encryption.install_certificates(authority)
        release.upgrade(encryption.encrypted_values())
        with forwarded(release.PORT, f"{release.NAME}-edge", 8080):
            asked = encryption.every_hop_is_encrypted(authority)
        seen.append(f"every pod ready by https probes; the edge and {asked} services answer https, and no plain http")
    with (
        report.step("A certificate that ends soon is told, and another one taken up by what runs") as seen,
        forwarded(release.PORT, f"{release.NAME}-edge", 8080),
    ):
        for days in (5, 60):
            seconds = encryption.renewed(authority, days=days)
            seen.append(f"one of {days} days: told and shown by every edge after {seconds:.0f} s")
        seen.append("nothing was restarted")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
