"""``python -m services.newsletter``."""

import os

from services.newsletter.app import compose
from services.newsletter.settings import Settings
from shared.chassis import run
from shared.settings import Env

if __name__ == "__main__":
    run("newsletter", lambda: Settings.from_env(Env(os.environ)), compose)
