"""``python -m services.newsletter``."""

import os

from services.newsletter.app import compose
from services.newsletter.settings import Settings
from shared.chassis import run

if __name__ == "__main__":
    run("newsletter", lambda: Settings.from_env(os.environ), compose)
