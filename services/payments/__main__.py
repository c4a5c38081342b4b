"""``python -m services.payments``."""

import os

from services.payments.app import compose
from services.payments.settings import Settings
from shared.chassis import run

if __name__ == "__main__":
    run("payments", lambda: Settings.from_env(os.environ), compose)
