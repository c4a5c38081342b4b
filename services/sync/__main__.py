"""``python -m services.sync``."""

import os

from services.sync.app import compose
from services.sync.settings import Settings
from shared.chassis import run
from shared.settings import Env

if __name__ == "__main__":
    run("sync", lambda: Settings.from_env(Env(os.environ)), compose)
