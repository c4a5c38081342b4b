"""``python -m services.sync`` runs the service; with ``check URL`` or ``restore URL`` it runs a command."""

import os
import sys

from services.sync.app import compose
from services.sync.cli import COMMANDS
from services.sync.settings import Settings
from shared.chassis import run

if __name__ == "__main__":
    if command := COMMANDS.get("".join(sys.argv[1:2])):
        command(sys.argv[2:], prog_name=f"python -m services.sync {sys.argv[1]}", obj=os.environ)
    run("sync", lambda: Settings.from_env(os.environ), compose)
