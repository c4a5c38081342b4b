"""``python -m services.disclosure``."""

import os

from services.disclosure.app import compose
from services.disclosure.settings import Settings
from shared.chassis import run
from shared.settings import Env

if __name__ == "__main__":
    run("disclosure", lambda: Settings.from_env(Env(os.environ)), compose)
