"""Verifies app passwords with identity over the broker."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC
from functools import partial

from services.sync.domain.devices import Device
from shared.bus import RpcClient, RpcTimeoutError
from shared.contracts import identity_v1
from shared.policy import Purpose
from shared.settings import Secret

_MAX_RETRIES = 2
"""Attempts of five seconds each: clients wait longer for a file, and end their sync on a 503."""


@dataclass(frozen=True, slots=True)
class IdentityClient:
    """Calls identity's rpc."""

    rpc_client: RpcClient

    async def __call__(self, username: str, password: Secret) -> Device | None:
        """Return the device for this user name and app password, or None."""
        reply = await self._verify_credential(
            identity_v1.CredentialVerifyRequest(username=username, app_password=password.get_secret_value())
        )
        if not reply.accepted:
            return None
        return Device(
            account=reply.account_id,
            username=username,
            id=reply.app_password_id,
            can_write=reply.scope == "read_write",
            expires_at=reply.expires_at.ToDatetime(UTC),
        )

    async def _verify_credential(
        self, request: identity_v1.CredentialVerifyRequest
    ) -> identity_v1.CredentialVerifyReply:
        """Retry on a timeout: the replica of identity that took the request may have died."""
        ask = partial(
            self.rpc_client.call,
            "identity.credential.verify",
            request,
            identity_v1.CredentialVerifyReply,
            purpose=Purpose.SYNC,
        )
        for _ in range(_MAX_RETRIES):
            with suppress(RpcTimeoutError):
                return await ask()
        return await ask()
