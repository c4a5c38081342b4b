#!/bin/sh
# SecantusDB 0.6.0b17 (secantusd-rs) with --auth, asked through PyMongo 4.20.0.
#
# Expected, as with MongoDB: a localhost exception, by which the first user can be made on a server with --auth.
# Found: there is none. createUser without a login is refused (code 13); ping is answered. A user made
# before, by a start without --auth, can log in against the database where it was made, and against no other: with
# authSource=admin the same name and password fail (code 18).
# So shared/stack/parts/mongo.py makes the users by a short start without --auth (docs/decisions/0010).
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
from pymongo.errors import OperationFailure

SERVER, DATA = sys.argv[1:]
wrong = []


@contextlib.contextmanager
def serving(*options):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    Path(DATA).mkdir(exist_ok=True)
    argv = [SERVER, "--port", str(port), "--storage-path", DATA, "--cache-size", "64M", "--sync-on-commit"]
    process = subprocess.Popen([*argv, "--log-file-max", "64MB", *options], stdout=subprocess.DEVNULL)
    try:
        for _ in range(300):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def expect(what, code, attempt):
    try:
        attempt()
        found = 0
    except OperationFailure as fault:
        found = fault.code
    print(f"{'code ' + str(found) if found else 'done'}: {what}")
    if found != code:
        wrong.append(what)


with serving() as port, MongoClient(f"mongodb://127.0.0.1:{port}") as server:
    server.a.command("createUser", "user", pwd="secret", roles=[{"role": "readWrite", "db": "a"}])

with serving("--auth") as port:
    with MongoClient(f"mongodb://127.0.0.1:{port}") as anonymous:
        expect("ping without a login", 0, lambda: anonymous.admin.command("ping"))
        expect(
            "createUser without a login, from loopback",
            13,
            lambda: anonymous.admin.command("createUser", "root", pwd="x", roles=["root"]),
        )
    with MongoClient(f"mongodb://user:secret@127.0.0.1:{port}/?authSource=a") as user:
        expect("insert with authSource=a", 0, lambda: user.a.mine.insert_one({}))
    with MongoClient(f"mongodb://user:secret@127.0.0.1:{port}/?authSource=admin") as user:
        expect("insert with authSource=admin", 18, lambda: user.a.mine.insert_one({}))

if wrong:
    sys.exit(f"no longer as found: {'; '.join(wrong)}")
PROGRAM
