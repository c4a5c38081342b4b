"""Starts identity: ``python -m services.identity``."""

import os

from services.identity.app import compose
from services.identity.settings import Settings
from shared.chassis import run

if __name__ == "__main__":
    run("identity", lambda: Settings.from_env(os.environ), compose)
