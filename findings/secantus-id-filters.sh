#!/bin/sh
# SecantusDB 0.6.0b17 (secantusd-rs), asked through PyMongo 4.20.0: which filters on _id read the whole collection.
#
# Expected, as with MongoDB: a filter that names an _id, or a range of them, uses the index of _id.
# Found, with 20,000 documents: {_id: x} does. A range with a limit of 10, and an update by {_id: x, state: "a"}, take
# many times as long as with 500 documents: they read everything.
# So bulk work here goes by ranges of fields with an index of their own, and by {_id: {$in: […]}}.
#
# Installs the pinned packages into a temporary folder. Exits 0 while all of this is so.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --pre SecantusDB==0.6.0b17 pymongo==4.20.0
"$work/venv/bin/python" - "$work/venv/bin/secantusd-rs" "$work/data" <<'PROGRAM'
import contextlib
import socket
import subprocess
import sys
import time
from pathlib import Path

from pymongo import MongoClient

SERVER, DATA = sys.argv[1:]
Path(DATA).mkdir()


@contextlib.contextmanager
def serving():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    argv = [SERVER, "--port", str(port), "--storage-path", DATA, "--cache-size", "64M", "--sync-on-commit"]
    process = subprocess.Popen([*argv, "--log-file-max", "64MB"], stdout=subprocess.DEVNULL)
    try:
        for _ in range(300):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(20)


ATTEMPTS = {
    "find {_id}": lambda rows, i: rows.find_one({"_id": f"{i:06}"}),
    "find {_id: {$in: 32 ids}}": lambda rows, i: list(rows.find({"_id": {"$in": [f"{i + n:06}" for n in range(32)]}})),
    "find {_id: {$gt}}, limit 10": lambda rows, i: list(rows.find({"_id": {"$gt": f"{i:06}"}}, limit=10)),
    "update {_id}": lambda rows, i: rows.update_one({"_id": f"{i:06}"}, {"$set": {"at": i}}),
    "update {_id, state}": lambda rows, i: rows.update_one({"_id": f"{i:06}", "state": "a"}, {"$set": {"at": i}}),
}


def measure(database, size):
    """Return the least milliseconds of each attempt on a collection of *size* documents."""
    rows = database[f"rows_{size}"]
    for first in range(0, size, 500):
        rows.insert_many({"_id": f"{i:06}", "state": "a", "at": 0} for i in range(first, first + 500))
    found = {}
    for name, attempt in ATTEMPTS.items():
        times = []
        for i in range(21):
            began = time.perf_counter()
            attempt(rows, i * 20)
            times.append((time.perf_counter() - began) * 1000)
        found[name] = min(times)
    return found


with serving() as port, MongoClient(f"mongodb://127.0.0.1:{port}") as server:
    small, large = measure(server.a, 500), measure(server.a, 20_000)
grown = {name: large[name] / small[name] for name in ATTEMPTS}
for name in ATTEMPTS:
    print(f"{name:28} {small[name]:8.2f} ms at 500  {large[name]:8.2f} ms at 20,000  × {grown[name]:.1f}")
scans = {name for name, factor in grown.items() if factor > 6}
expected = {"find {_id: {$gt}}, limit 10", "update {_id, state}"}
sys.exit(0 if scans == expected else f"no longer so: {sorted(scans)} grow with the collection")
PROGRAM
