"""Rotation of the keys that sign, with overlap: replicas with the old and the new keyring, and a service beside."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from shared.bus import Broker, RpcClient, RpcServer
from shared.crypto.keyring import dump_keyring, with_new_key
from shared.ids import new_id
from shared.web import TokenVerifier
from shared.web.errors import InvalidAccessTokenError
from shared.web.jwks_cache import RemoteTokenTrust
from tests.integration.identity.harness import PUBLIC_URL, IdentityHarness, build_settings, open_harness
from tests.support import FixedClock, RawWriter


@asynccontextmanager
async def answering(opened: IdentityHarness) -> AsyncIterator[None]:
    """Answer the questions of other services."""
    chassis = opened.chassis
    task = asyncio.create_task(RpcServer(chassis.broker, list(opened.parts.rpc_handlers), chassis.clock).run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def kids(opened: IdentityHarness) -> list[str]:
    return [key["kid"] for key in (await opened.call("GET", "/.well-known/jwks.json")).body["keys"]]


async def test_a_rotation_refuses_nobody_and_a_removed_key_is_refused_within_seconds(
    mongo_url: str, amqp_url: str, planter: RawWriter, tmp_path: Path
) -> None:
    database, clock = new_id("test"), FixedClock()
    settings = build_settings(tmp_path, mongo_url=mongo_url, amqp_url=amqp_url, database=database)
    file = tmp_path / "keyring.json"
    async with open_harness(settings, clock) as old, Broker(amqp_url, "sync") as broker:
        ada = await old.member()
        service = RemoteTokenTrust(RpcClient(broker, "sync", clock), clock)
        verifier = TokenVerifier(trust=service, issuer=PUBLIC_URL)
        async with answering(old):
            assert (await verifier.authenticate(ada.access, clock())).id == ada.account_id

        clock.advance(timedelta(seconds=30))
        file.write_text(dump_keyring(with_new_key(json.loads(file.read_text()), "sign", at=clock())), encoding="utf-8")
        async with open_harness(settings, clock) as new, answering(new):
            assert len(await kids(new)) == 2
            assert (await new.call("GET", "/v1/identity/me", by=ada)).status == 200
            during = await new.log_in(ada)
            assert (await old.call("GET", "/v1/identity/me", by=during)).status == 200, (
                "the old replica knows no new key"
            )

            clock.advance(timedelta(minutes=15))
            after = await new.log_in(ada)
            assert (await verifier.authenticate(after.access, clock())).id == ada.account_id, "asked for at once"
            by_old_key = await old.log_in(ada)
            assert (await new.call("GET", "/v1/identity/me", by=by_old_key)).status == 200
            assert (await verifier.authenticate(by_old_key.access, clock())).id == ada.account_id

            keys = json.loads(file.read_text())["keys"]
            first = next(key for key in keys if key["use"] == "sign")
            file.write_text(dump_keyring({"keys": [key for key in keys if key is not first]}), encoding="utf-8")
        async with open_harness(settings, clock) as last, answering(last):
            assert len(await kids(last)) == 1
            assert (await last.call("GET", "/v1/identity/me", by=by_old_key)).status == 401
            clock.advance(timedelta(seconds=6))
            await service.refresh_keys()
            with pytest.raises(InvalidAccessTokenError):
                await verifier.authenticate(by_old_key.access, clock())
            assert (await verifier.authenticate(after.access, clock())).id == ada.account_id
    await planter.drop_database(database)
