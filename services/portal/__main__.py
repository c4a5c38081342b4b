"""``python -m services.portal``."""

import os

from services.portal.app import run
from services.portal.settings import Settings

if __name__ == "__main__":
    run(lambda: Settings.from_env(os.environ))
