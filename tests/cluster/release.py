"""Installs, upgrades and looks at a release of the chart, as Helm does (the library renders; kubectl applies)."""

import base64
import json
import time
from typing import Any

from tests.chart.rendering import Manifest, example, render
from tests.cluster.cluster import NAMESPACE, ClusterError, apply, cluster, kubectl, read, until
from tests.cluster.images import VERSION

PORT = 18080
NAME = "candor"


def values(version: str = VERSION, **more: Any) -> dict[str, Any]:
    """Return the try-out, with the images that were built here."""
    ours = {"pullPolicy": "Never", "repository": "localhost/candor", "tag": version}
    found = example("tryout") | {
        "publicUrl": f"http://127.0.0.1:{PORT}",
        "image": ours,
        "defaults": {"replicas": 2},
        "edge": {
            "replicas": 2,
            "image": "localhost/candor-edge:1",
            "service": {"type": "ClusterIP", "port": 8080},
            # Here all clients have one address.
            "limits": {"totalRequestsPerSecond": 5000, "clientRequestsPerSecond": 5000, "connections": 5000},
        },
        "dev": {
            "enabled": True,
            "mongo": {"image": "localhost/candor-mongo:1", "args": [], "dataPath": "/data", "initiate": False}
            | {"userId": 65532},
            "rabbitmq": {"image": "localhost/candor-rabbitmq:1", "userId": 65532},
            "mailbox": {"image": f"localhost/candor-dev:{VERSION}"},
        },
    }
    return found | more


def install(wanted: dict[str, Any]) -> float:
    """Install the chart; return the seconds until everything was ready."""
    began = time.monotonic()
    cluster("kubectl", "create", "namespace", NAMESPACE)
    manifests = render(wanted)
    hooks = [one for one in manifests if "pre-install" in _hook(one)]
    apply(hooks)
    apply([one for one in manifests if not _hook(one)])
    _open_volumes()
    wait_ready()
    return time.monotonic() - began


def upgrade(wanted: dict[str, Any]) -> float:
    """Upgrade the release in place; return the seconds until the new pods were ready and the old ones gone."""
    began = time.monotonic()
    apply([one for one in render(wanted) if not _hook(one)])
    wait_ready()
    until("the old pods gone", lambda: not _on_their_way_out())
    return time.monotonic() - began


def wait_ready(limit: float = 600) -> None:
    """Wait until all has rolled out; a container that fails again and again ends the wait, with its last words."""
    until("everything ready", _rolled_out, limit=limit)


def _rolled_out() -> bool:
    pods = running()
    for pod in pods:
        for status in pod["status"].get("containerStatuses", []):
            if status["restartCount"] > 3 and not status["ready"]:
                raise ClusterError(last_words(pod["metadata"]["name"]))
    return all(_rolled(one) for kind in ("statefulset", "deployment") for one in read(kind)["items"])


def _rolled(one: Manifest) -> bool:
    """Tell whether a Deployment or StatefulSet is as it should be, with no pod of an older form left."""
    status, wanted = one["status"], one["spec"]["replicas"]
    seen = status.get("observedGeneration", 0) >= one["metadata"]["generation"]
    return bool(seen and all(status.get(key, 0) == wanted for key in ("replicas", "updatedReplicas", "readyReplicas")))


def last_words(pod: str) -> str:
    """Return the end of a pod's log."""
    return f"{pod}: {kubectl('logs', pod, '--tail=5')[-600:]}"


def running() -> list[Manifest]:
    """Return the pods of the release that are not on their way out."""
    return [pod for pod in _pods() if "deletionTimestamp" not in pod["metadata"]]


def _on_their_way_out() -> list[Manifest]:
    return [pod for pod in _pods() if "deletionTimestamp" in pod["metadata"]]


def _pods() -> list[Manifest]:
    return list(read("pods", "-l", f"app.kubernetes.io/instance={NAME}")["items"])


def staff() -> list[dict[str, str]]:
    """Return the first staff, as the secret of identity names them."""
    data = read("secret", f"{NAME}-identity")["data"]["staff.json"]
    members = json.loads(base64.b64decode(data))
    return [{"role": one["roles"][0], "email": one["email"], "password": one["password"]} for one in members]


def helm_test(wanted: dict[str, Any]) -> str:
    """Do what ``helm test`` does; return what the test printed."""
    (pod,) = (one for one in render(wanted) if _hook(one) == "test")
    name = pod["metadata"]["name"]
    kubectl("delete", "pod", name, "--ignore-not-found")
    apply([pod])
    until("the test's end", lambda: read("pod", name)["status"]["phase"] in {"Succeeded", "Failed"}, limit=60)
    said, phase = kubectl("logs", name).strip(), read("pod", name)["status"]["phase"]
    kubectl("delete", "pod", name)
    if phase != "Succeeded":
        raise ClusterError(f"helm test: {said[-300:]}")
    return said


def component(pod: Manifest) -> str:
    """Return which part of the platform a pod is."""
    return str(pod["metadata"]["labels"]["app.kubernetes.io/component"])


def restart() -> float:
    """Restart every process of the platform, one component after the other; return the seconds that it took.

    The small single-node MongoDB and RabbitMQ are left alone: a real one has replicas that take over.
    """
    began = time.monotonic()
    for one in read("deployment")["items"]:
        if component(one) != "mailbox":
            kubectl("rollout", "restart", f"deployment/{one['metadata']['name']}")
            wait_ready()
    return time.monotonic() - began


def _hook(manifest: Manifest) -> str:
    return str(manifest["metadata"].get("annotations", {}).get("helm.sh/hook", ""))


def _open_volumes() -> None:
    """The host-path provisioner of this small cluster makes folders for root alone; a real one honours fsGroup."""
    until("two volumes", lambda: [one["status"]["phase"] for one in read("pvc")["items"]] == ["Bound", "Bound"])
    cluster("node-exec", "sh", "-c", "chmod 777 /tmp/hostpath_pv/*")
