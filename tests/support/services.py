"""Every service that stands on the chassis, composed in this process: its parts, and its HTTP over a real database."""

import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.chassis import Chassis, ServiceSpec
from shared.chassis.run import build_service_app
from shared.chassis.spec import list_documents, open_chassis
from shared.clock import utc_now
from shared.crypto import make_keyring
from shared.crypto.keyring import KeyUse, dump_keyring
from shared.registry import get_registry
from tests.support.http import PUBLIC_URL, KnownTrust, Site, site

ROOT = Path(__file__).resolve().parents[2]
SERVICES = sorted(get_registry().with_broker)
"""The services on the chassis; the portal is a frontend without database, broker or JSON API."""
NOWHERE = {"MONGO_URL": "mongodb://127.0.0.1:9", "AMQP_URL": "amqp://nobody:x@127.0.0.1:9/"}


@dataclass(frozen=True, slots=True)
class Composed:
    """A service with its parts, of which none runs."""

    chassis: Chassis
    parts: ServiceSpec


@asynccontextmanager
async def composed(service: str, home: Path, **settings: str) -> AsyncIterator[Composed]:
    """Compose *service* with its files in *home*; unless the settings say otherwise, nothing answers it."""
    keyring = home / f"{service}.keyring.json"
    keyring.write_text(dump_keyring(make_keyring(tuple(KeyUse), at=utc_now())), encoding="utf-8")
    env = {
        "CANDOR_MODE": "local",
        "CANDOR_PUBLIC_URL": PUBLIC_URL,
        "CANDOR_KEYRING": str(keyring),
        "CANDOR_DATA": str(home / service),
        "SMTP_URL": "smtp://127.0.0.1:9",
        "PAYMENTS_PROCESSOR": "simulator",
        **NOWHERE,
        **settings,
    }
    package = importlib.import_module(f"services.{service}.app")
    read: Any = importlib.import_module(f"services.{service}.settings").Settings
    chosen = read.from_env(env)
    async with open_chassis(service, chosen.common) as chassis:
        parts: ServiceSpec = package.compose(chassis, chosen)
        yield Composed(chassis, parts)
        if parts.on_shutdown is not None:
            parts.on_shutdown()


@asynccontextmanager
async def serving_service(one: Composed) -> AsyncIterator[Site]:
    """Serve the HTTP of a service whose database is there; its site believes the tokens that the site makes."""
    await one.chassis.db.ensure_collections(list_documents(one.parts))
    if one.parts.on_startup is not None:
        await one.parts.on_startup()
    trust = KnownTrust()
    async with site(build_service_app(one.chassis, one.parts, token_trust=trust), trust) as served:
        yield served
