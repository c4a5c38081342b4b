"""``python -m services.telemetry``."""

import os

from services.telemetry.app import compose
from services.telemetry.settings import Settings
from shared.chassis import run
from shared.settings import Env

if __name__ == "__main__":
    run("telemetry", lambda: Settings.from_env(Env(os.environ)), compose)
