"""What a pod cannot do: reach whom it may not, be root, write its root."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.chart.test_network import allowed, pairs
from tests.cluster import release
from tests.cluster.cluster import ClusterError, cluster, read, until
from tests.cluster.images import VERSION

PYTHON = {"edge": "python3", "mongo": "python3", "rabbitmq": "python3"}
KNOCK = """
import concurrent.futures, json, socket, sys
def knock(at):
    try:
        socket.create_connection((at[1], at[2]), timeout=3).close()
        return at[0], True
    except OSError:
        return at[0], False
with concurrent.futures.ThreadPoolExecutor(32) as many:
    print(json.dumps(dict(many.map(knock, json.loads(sys.argv[1])))))
"""
WRITE = """
import json, os
written = []
for folder in ("/", "/candor", "/venv", "/etc", "/usr", "/usr/local/bin", "/home", "/var", "/opt", "/root"):
    try:
        open(os.path.join(folder, "written"), "w").close()
        written.append(folder)
    except OSError:
        pass
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(json.dumps({"user": os.getuid(), "group": os.getgid(), "written": written,
    "capabilities": int(status["CapEff"], 16) + int(status["CapPrm"], 16), "more": int(status["NoNewPrivs"])}))
"""
STRANGER = "stranger"


@dataclass(frozen=True, slots=True)
class Tried:
    """How many connections were tried, by what had to become of them."""

    allowed: int
    refused: int


def _pods() -> dict[str, Any]:
    """Return one pod of each component."""
    return {release.component(pod): pod for pod in release.running()}


def _python(component: str, pod: str, code: str, *arguments: str, namespace: str = "candor") -> Any:
    program = PYTHON.get(component, "/venv/bin/python")
    command = ("kubectl", "-n", namespace, "exec", pod, "--", program, "-c", code, *arguments)
    return json.loads(cluster(*command, limit=60))


def only_declared_pairs_connect() -> Tried:
    """Try every ordered pair from inside: what the declared graph allows connects, everything else does not."""
    pods, wanted = _pods(), allowed()
    addresses = {name: pod["status"]["podIP"] for name, pod in pods.items()}
    good, bad = 0, 0
    for source, pod in pods.items():
        mine = [(target, port) for one, target, port in pairs() if one == source]
        doors = [(f"{target}:{port}", addresses[target], port) for target, port in mine]
        found = _python(source, pod["metadata"]["name"], KNOCK, json.dumps(doors))
        expected = {f"{target}:{port}": (source, target, port) in wanted for target, port in mine}
        _same(source, expected, found)
        good, bad = good + sum(expected.values()), bad + len(expected) - sum(expected.values())
    return Tried(good, bad)


def a_stranger_reaches_the_edge_alone() -> Tried:
    """Try from a pod of another namespace, without a label of ours: the customers' door opens, no other does."""
    doors = {(target, port) for _, target, port in pairs()}
    addresses = {name: pod["status"]["podIP"] for name, pod in _pods().items()}
    _run_stranger()
    knocked = [(f"{target}:{port}", addresses[target], port) for target, port in sorted(doors)]
    found = _python("", STRANGER, KNOCK, json.dumps(knocked), namespace="default")
    _same(STRANGER, {f"{target}:{port}": (target, port) == ("edge", 8443) for target, port in doors}, found)
    cluster("kubectl", "-n", "default", "delete", "pod", STRANGER, "--grace-period=1")
    return Tried(1, len(doors) - 1)


def _run_stranger() -> None:
    image = f"localhost/candor:{VERSION}"
    wait = ("--", "/venv/bin/python", "-c", "import time; time.sleep(600)")
    run = ("run", STRANGER, f"--image={image}", "--image-pull-policy=Never", "--restart=Never", "--command", *wait)
    cluster("kubectl", "-n", "default", *run)
    phase = ("kubectl", "-n", "default", "get", "pod", STRANGER, "-o", "jsonpath={.status.phase}")
    until("the stranger runs", lambda: cluster(*phase) == "Running", limit=60)


def _same(source: str, expected: dict[str, bool], found: dict[str, bool]) -> None:
    wrong = [door for door, opens in expected.items() if found[door] is not opens]
    if wrong:
        raise ClusterError(f"from {source}, against the declared graph: {', '.join(wrong)}")


def no_container_is_root_or_writes_its_root() -> int:
    """Look into every container; return how many there were."""
    pods = release.running()
    for pod in pods:
        name = pod["metadata"]["name"]
        seen = _python(release.component(pod), name, WRITE)
        if not seen["user"] or not seen["group"] or seen["written"] or seen["capabilities"] or not seen["more"]:
            raise ClusterError(f"{name} runs as {seen}")
    return len(pods)


def secrets_of(names: Iterable[str]) -> dict[str, Any]:
    """Return what the secrets *names* hold, to be compared."""
    return {name: read("secret", name)["data"] for name in names}
