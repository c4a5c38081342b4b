"""``python -m tests.bench.bare_cards PORT MONGO_URL DATABASE PUBLIC_JWK PRIVATE_JWK``: tokenization without a platform.

aiohttp, joserfc and Motor as they come: the token is verified, the JWE is opened, and the documents that payments
stores (the record of the key, the mark of the used card, the card) are written in one transaction. No checks, no
limits, no problem documents, no metrics.
"""

import hashlib
import json
import sys
from datetime import UTC, datetime
from typing import Any

import uvloop
from aiohttp import web
from joserfc import jwe, jwt
from joserfc.jwk import ECKey
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from shared.ids import new_id


def application(mongo_url: str, database: str, public: str, private: str) -> web.Application:
    """Return the application."""
    signer, key = ECKey.import_key(json.loads(public)), ECKey.import_key(json.loads(private))
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(mongo_url, w="majority")
    stored = client[database]

    async def store(request: web.Request) -> web.Response:
        token = request.headers["Authorization"].removeprefix("Bearer ")
        claims = jwt.decode(token, signer, algorithms=["ES256"]).claims
        raw = await request.read()
        sealed = json.loads(raw)["jwe"]
        card = json.loads(jwe.decrypt_compact(sealed, key, algorithms=["ECDH-ES", "A256GCM"]).plaintext or b"")
        now, card_id, digest = datetime.now(UTC), new_id("tok"), hashlib.sha256(sealed.encode()).hexdigest()
        reply = {
            "card_id": card_id,
            "last4": card["number"][-4:],
            "exp_month": card["exp_month"],
            "exp_year": card["exp_year"],
            "brand": "visa",
        }
        body = json.dumps(reply).encode()
        record = {
            "_id": hashlib.sha256(request.headers["Idempotency-Key"].encode()).hexdigest(),
            "owner": claims["sub"],
            "request": hashlib.sha256(raw).hexdigest(),
            "claim": new_id("claim"),
            "claimed_until": now,
            "status": 201,
            "content_type": "application/json",
            "reply": body,
            "created_at": now,
        }
        used = {"_id": card["stamp"][-30:], "card_id": card_id, "used_at": now}
        kept = {**reply, "_id": card_id, "account_id": claims["sub"], "processor_ref": digest[:26], "created_at": now}
        del kept["card_id"]
        async with (
            await client.start_session() as session,
            session.start_transaction(read_concern=ReadConcern("snapshot"), write_concern=WriteConcern("majority")),
        ):
            await stored["idempotency"].insert_one(record, session=session)
            await stored["used_card_stamps"].insert_one(used, session=session)
            await stored["cards"].insert_one(kept, session=session)
        return web.Response(status=201, body=body, content_type="application/json")

    async def ready(_: web.Request) -> web.Response:
        return web.Response()

    app = web.Application()
    app.router.add_post("/v1/payments/cards", store)
    app.router.add_get("/readyz", ready)
    return app


if __name__ == "__main__":
    web.run_app(
        application(*sys.argv[2:]),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        access_log=None,
        print=None,
        loop=uvloop.new_event_loop(),
    )
