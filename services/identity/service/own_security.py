"""What identity holds for the security of an account: as it is handed over, and as it goes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.identity.store import (
    AddressChange,
    AddressChanges,
    Challenge,
    Challenges,
    Farewell,
    Farewells,
    Passkey,
    Passkeys,
    PasswordReset,
    RecoveryCode,
    RecoveryCodes,
    Resets,
    SecurityEvent,
    SecurityEvents,
    Totp,
    Totps,
)
from shared.clock import rfc3339

_MOST = 10_000
"""Events in an export; more is not the doing of a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSecurity:
    """The second factors, the log, and what is under way."""

    totps: Totps
    recovery: RecoveryCodes
    passkeys: Passkeys
    challenges: Challenges
    events: SecurityEvents
    resets: Resets
    changes: AddressChanges
    farewells: Farewells

    async def handed_over(self, account_id: str) -> Mapping[str, Any]:
        """Return what the owner gets by the names of the files; no secret, not even as a hash."""
        totp, farewell = await self.totps.of(account_id), await self.farewells.of(account_id)
        return {
            "second_factors.json": {
                "totp_since": rfc3339(totp.created_at) if totp is not None and totp.confirmed else None,
                "recovery_codes_left": await self.recovery.left(account_id),
                "passkeys": [_passkey(one) for one in await self.passkeys.of(account_id)],
            },
            "security_log.json": {
                "events": [_event(one) for one in await self.events.of(account_id, after=None, most=_MOST)]
            },
            "address_changes.json": {"address_changes": await self.changes.told(account_id)},
            "erasure.json": {"planned_for": rfc3339(farewell.due_at) if farewell is not None else None},
        }

    async def delete(self, account_id: str) -> dict[str, int]:
        """Delete all of the account; return how many documents, by collection."""
        return {
            Totp.collection: await self.totps.delete(account_id),
            RecoveryCode.collection: await self.recovery.delete(account_id),
            Passkey.collection: await self.passkeys.delete(account_id),
            Challenge.collection: await self.challenges.delete(account_id),
            SecurityEvent.collection: await self.events.delete(account_id),
            PasswordReset.collection: await self.resets.delete(account_id),
            AddressChange.collection: await self.changes.delete(account_id),
            Farewell.collection: await self.farewells.delete(account_id),
        }


def _passkey(passkey: Passkey) -> Mapping[str, Any]:
    return {
        "passkey_id": passkey.id,
        "name": passkey.label,
        "created_at": rfc3339(passkey.created_at),
        "last_used_at": rfc3339(passkey.last_used_at) if passkey.last_used_at else None,
    }


def _event(event: SecurityEvent) -> Mapping[str, Any]:
    return {"at": rfc3339(event.at), "event": event.kind.value, "client": event.client}
