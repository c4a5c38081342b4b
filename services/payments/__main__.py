"""``python -m services.payments``."""

import os

from services.payments.app import compose
from services.payments.settings import Settings
from shared.chassis import run
from shared.settings import Env

if __name__ == "__main__":
    run("payments", lambda: Settings.from_env(Env(os.environ)), compose)
