"""The demo people of the cluster: made through its edge, by the same code as those of the local stack."""

import asyncio
from pathlib import Path

from shared.settings import Env
from shared.stack.home import Home
from shared.stack.keys import Secrets
from shared.stack.people import ensure_people
from shared.stack.settings import StackSettings
from tests.cluster import release


def make_people(folder: Path) -> Path:
    """Make the people, and write ``access.json`` into *folder*, as the local stack does."""
    settings = StackSettings.from_env(Env({"CANDOR_PORT": str(release.PORT), "CANDOR_HOME": str(folder)}))
    Home(folder).make()
    staff = tuple(release.staff())
    secrets = Secrets(keyrings={}, broker_password="", staff_file=Home(folder).keys / "staff.json", staff=staff)
    asyncio.run(ensure_people(settings, secrets))
    return folder
