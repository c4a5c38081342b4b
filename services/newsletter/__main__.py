"""``python -m services.newsletter``, and ``python -m services.newsletter inbound`` for the mail that comes in."""

import os

from services.newsletter.app import compose, compose_inbound
from services.newsletter.settings import Settings
from shared.chassis import run

if __name__ == "__main__":
    run("newsletter", lambda: Settings.from_env(os.environ), compose, parts={"inbound": compose_inbound})
