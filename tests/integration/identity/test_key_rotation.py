"""Rotation of the keys that sign, with overlap: replicas with the old and the new keyring, and a service beside."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from shared.bus import Answerer
from shared.crypto.keyring import dump, rotated
from shared.ids import new_id
from shared.web import Verifier
from shared.web.errors import TokenRefusedError
from shared.web.trust import AskedTrust
from tests.integration.identity.house import PUBLIC_URL, House, house, settings_of
from tests.support import FixedClock, Planter


@asynccontextmanager
async def answering(opened: House) -> AsyncIterator[None]:
    """Answer the questions of other services."""
    chassis = opened.chassis
    task = asyncio.create_task(Answerer(chassis.broker, list(opened.parts.answers), chassis.clock).run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def kids(opened: House) -> list[str]:
    return [key["kid"] for key in (await opened.call("GET", "/.well-known/jwks.json")).body["keys"]]


async def test_a_rotation_refuses_nobody_and_a_removed_key_is_refused_within_seconds(
    mongo_url: str, amqp_url: str, planter: Planter, tmp_path: Path
) -> None:
    database, clock = new_id("test"), FixedClock()
    settings = settings_of(tmp_path, mongo_url=mongo_url, amqp_url=amqp_url, database=database)
    file = tmp_path / "keyring.json"
    async with house(settings, clock) as old:
        ada = await old.member()
        service = AskedTrust(old.chassis.asker, clock)
        verifier = Verifier(trust=service, issuer=PUBLIC_URL)
        async with answering(old):
            assert (await verifier.who(ada.access, clock())).id == ada.account_id

        clock.advance(timedelta(seconds=30))
        file.write_text(dump(rotated(json.loads(file.read_text()), "sign", at=clock())), encoding="utf-8")
        async with house(settings, clock) as new, answering(new):
            assert len(await kids(new)) == 2
            assert (await new.call("GET", "/v1/identity/me", by=ada)).status == 200
            during = await new.log_in(ada)
            assert (await old.call("GET", "/v1/identity/me", by=during)).status == 200, (
                "the old replica knows no new key"
            )

            clock.advance(timedelta(minutes=15))
            after = await new.log_in(ada)
            assert (await verifier.who(after.access, clock())).id == ada.account_id, "asked for at once"
            by_old_key = await old.log_in(ada)
            assert (await new.call("GET", "/v1/identity/me", by=by_old_key)).status == 200
            assert (await verifier.who(by_old_key.access, clock())).id == ada.account_id

            keys = json.loads(file.read_text())["keys"]
            first = next(key for key in keys if key["use"] == "sign")
            file.write_text(dump({"keys": [key for key in keys if key is not first]}), encoding="utf-8")
        async with house(settings, clock) as last, answering(last):
            assert len(await kids(last)) == 1
            assert (await last.call("GET", "/v1/identity/me", by=by_old_key)).status == 401
            clock.advance(timedelta(seconds=6))
            await service.refresh()
            with pytest.raises(TokenRefusedError):
                await verifier.who(by_old_key.access, clock())
            assert (await verifier.who(after.access, clock())).id == ada.account_id
    await planter.drop(database)
