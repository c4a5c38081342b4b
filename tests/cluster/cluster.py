"""The real single-node Kubernetes beside the project, driven by its script."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.architecture.tree import ROOT
from tests.chart.rendering import Manifest

HERE = ROOT.parent / "shared/k8s"
SCRIPT = Path(os.environ.get("CANDOR_CLUSTER_SCRIPT", HERE / "cluster.sh"))
COMPAT = SCRIPT.with_name("compat.py")
NAMESPACE = "candor"


class ClusterError(Exception):
    """Something did not turn out as it must; the message says what was seen."""


def run(*command: str, given: str | None = None, limit: float = 900) -> str:
    """Return what *command* prints; ClusterError with its last lines when it fails."""
    done = subprocess.run(command, input=given, capture_output=True, text=True, cwd=ROOT, timeout=limit, check=False)
    if done.returncode:
        raise ClusterError(f"{' '.join(command[:4])} exited {done.returncode}: {(done.stderr or done.stdout)[-800:]}")
    return done.stdout


def cluster(*arguments: str, given: str | None = None, limit: float = 900) -> str:
    """Call the cluster's script."""
    return run(str(SCRIPT), *arguments, given=given, limit=limit)


def kubectl(*arguments: str, given: str | None = None, limit: float = 300) -> str:
    """Call kubectl in the namespace of the platform."""
    return cluster("kubectl", "-n", NAMESPACE, *arguments, given=given, limit=limit)


def read(*arguments: str) -> Any:
    """Return what ``kubectl get`` says as data."""
    return json.loads(kubectl("get", *arguments, "-o", "json"))


def apply(manifests: list[Manifest]) -> None:
    """Apply *manifests*, their versions moved to those that this old Kubernetes takes."""
    text = yaml.safe_dump_all(manifests, sort_keys=False)
    old = run(sys.executable, str(COMPAT), given=text)
    kubectl("apply", "-f", "-", given=old)


def until(what: str, look: Callable[[], bool], *, limit: float = 300) -> None:
    """Wait until *look* is true."""
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        if look():
            return
        time.sleep(1)
    raise ClusterError(f"{what}: not within {limit:.0f} s")


def node_pid() -> str:
    """Return the id of the node's first process: the way into its network."""
    home = Path(os.environ.get("K8S_HOME", "/tmp/k8s"))
    return (Path(os.environ.get("K8S_RUN", home / "run")) / "node.pid").read_text().strip()


@contextmanager
def forwarded(port: int, service: str, service_port: int) -> Iterator[None]:
    """Let 127.0.0.1:*port* lead to a service's address inside the node, through kube-proxy like any client in there."""
    address = read("service", service)["spec"]["clusterIP"]
    inner = f"nsenter -t {node_pid()} -n socat STDIO TCP\\:{address}\\:{service_port}"
    forward = subprocess.Popen(["socat", f"TCP-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr", f"EXEC:{inner}"])
    try:
        until(f"port {port} listens", lambda: _listens(port), limit=10)
        yield
    finally:
        forward.terminate()
        forward.wait(10)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def versions() -> list[tuple[str, str]]:
    """Return what the cluster is made of."""
    node = json.loads(cluster("kubectl", "get", "nodes", "-o", "json"))["items"][0]["status"]["nodeInfo"]
    return [
        ("Kubernetes", node["kubeletVersion"]),
        ("container runtime", node["containerRuntimeVersion"]),
        ("kernel", node["kernelVersion"]),
    ]
