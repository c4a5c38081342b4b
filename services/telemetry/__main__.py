"""``python -m services.telemetry``."""

import os

from services.telemetry.app import compose
from services.telemetry.settings import Settings
from shared.chassis import run

if __name__ == "__main__":
    run("telemetry", lambda: Settings.from_env(os.environ), compose)
