"""``python -m services.sync``, and ``python -m services.sync check URL``."""

import os
import sys

from services.sync.api.check import app as check
from services.sync.app import compose
from services.sync.settings import Settings
from shared.chassis import run
from shared.settings import Env

if __name__ == "__main__":
    if sys.argv[1:2] == ["check"]:
        check(sys.argv[2:], prog_name="python -m services.sync check")
    run("sync", lambda: Settings.from_env(Env(os.environ)), compose)
