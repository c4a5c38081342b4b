"""The demo people of the cluster: made through its edge, by the same code as those of the local stack."""

import asyncio
from pathlib import Path

from shared.stack.demo_accounts import seed_demo_accounts
from shared.stack.directory import StackDirectory
from shared.stack.keys import StackSecrets
from shared.stack.settings import StackSettings
from tests.cluster import release


def make_people(folder: Path) -> Path:
    """Make the people, and write ``access.json`` into *folder*, as the local stack does."""
    settings = StackSettings.from_env({"CANDOR_PORT": str(release.PORT), "CANDOR_HOME": str(folder)})
    StackDirectory(folder).create_folders()
    staff = tuple(release.staff())
    secrets = StackSecrets(
        keyrings={},
        broker_password="",
        broker_passwords={},
        database_passwords={},
        return_path_master="",
        webhook_secret="",
        staff_file=StackDirectory(folder).keys / "staff.json",
        staff=staff,
    )
    asyncio.run(seed_demo_accounts(settings, secrets))
    return folder
