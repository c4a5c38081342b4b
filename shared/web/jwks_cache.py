"""The keys and revocations that verify access tokens, cached from identity."""

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from joserfc.jwk import ECKey

from shared import observe
from shared.clock import Clock
from shared.contracts import identity_v1
from shared.errors import ServiceError, UnavailableError
from shared.policy.purposes import Purpose
from shared.web.tokens import KEY_CURVE, MAX_TOKEN_LIFETIME

if TYPE_CHECKING:
    from shared.bus import EventDelivery, RpcClient

log = observe.get_logger(__name__)

REFRESH_INTERVAL = timedelta(seconds=5)
"""Broadcasts are lost while a process reconnects; this bounds how long a revoked session is then accepted."""
MIN_REFRESH_INTERVAL = timedelta(seconds=5)


_KEY_TYPE = ("EC", KEY_CURVE)


class SigningKeysUnavailableError(UnavailableError):
    """The signing keys are not available yet."""

    code = "auth.signing_keys.unavailable"


class RemoteTokenTrust:
    """Caches keys and revocations: polls identity, refreshes on an unknown key, consumes revocation events.

    A snapshot older than the lifetime of a token may miss revocations and keys, so it is no longer used.
    """

    def __init__(self, rpc_client: "RpcClient", clock: Clock) -> None:
        self._rpc_client = rpc_client
        self._clock = clock
        self._keys: Mapping[str, ECKey] = {}
        self._revoked: dict[str, datetime] = {}
        self._requested_at = self._refreshed_at = datetime.min.replace(tzinfo=UTC)

    async def get_key(self, kid: str) -> ECKey | None:
        """Return the public key *kid*; an unknown one triggers a rate-limited refresh from identity."""
        if kid not in self._keys and self._clock() - self._requested_at > MIN_REFRESH_INTERVAL:
            await self._try_refresh()
        if self._clock() - self._refreshed_at > MAX_TOKEN_LIFETIME:
            raise SigningKeysUnavailableError
        return self._keys.get(kid)

    def is_revoked(self, session_id: str) -> bool:
        """Return whether *session_id* was revoked."""
        return session_id in self._revoked

    async def refresh_keys(self) -> None:
        """Refresh from identity; RpcTimeoutError (503) when it does not reply."""
        # Set before the call, so that concurrent requests with an unknown key do not call as well.
        self._requested_at = self._clock()
        reply = await self._rpc_client.call(
            "identity.signing_keys.get",
            identity_v1.SigningKeysGetRequest(),
            identity_v1.SigningKeysGetReply,
            purpose=Purpose.SECURITY,
        )
        self._keys = parse_public_keys(reply.jwks)
        # Revocations from events may be newer than the snapshot: merge them; drop them once their tokens expire.
        for session in reply.revoked:
            self._revoked[session.session_id] = session.tokens_expire_at.ToDatetime(UTC)
        self._revoked = {session: expiry for session, expiry in self._revoked.items() if expiry > self._clock()}
        self._refreshed_at = self._clock()

    async def run(self) -> None:
        """Refresh periodically until cancelled; failures are logged."""
        while True:
            await self._try_refresh()
            await asyncio.sleep(REFRESH_INTERVAL.total_seconds())

    async def on_session_revoked(self, event: identity_v1.SessionRevoked, _delivery: "EventDelivery") -> None:
        """Reject the tokens of the session from now on (C22)."""
        self._revoked[event.session_id] = event.tokens_expire_at.ToDatetime(UTC)

    async def _try_refresh(self) -> None:
        try:
            await self.refresh_keys()
        except ServiceError as fault:
            log.warning("jwks.refresh_failed", code=fault.code)


def parse_public_keys(jwks: str) -> dict[str, ECKey]:
    """Return the keys of a JWK set that may sign access tokens, by their ids."""
    signing_keys = [each for each in json.loads(jwks)["keys"] if (each.get("kty"), each.get("crv")) == _KEY_TYPE]
    return {each["kid"]: ECKey.import_key(each) for each in signing_keys if each.get("kid")}
