"""``python -m services.disclosure``."""

import os

from services.disclosure.app import compose
from services.disclosure.settings import Settings
from shared.chassis import run

if __name__ == "__main__":
    run("disclosure", lambda: Settings.from_env(os.environ), compose)
