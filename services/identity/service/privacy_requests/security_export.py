"""The security data of an account: its export and its deletion."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.identity.store import (
    ChallengeDocument,
    Challenges,
    EmailChangeDocument,
    EmailChanges,
    PasskeyDocument,
    Passkeys,
    PasswordResetDocument,
    PasswordResets,
    RecoveryCodeDocument,
    RecoveryCodes,
    ScheduledErasureDocument,
    ScheduledErasures,
    SecurityEventDocument,
    SecurityEvents,
    TotpDocument,
    Totps,
)
from shared.clock import rfc3339

_MAX_EVENTS = 10_000
"""More events are not the work of a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityDataExport:
    """Exports and deletes second factors, the security log and pending changes."""

    totps: Totps
    recovery_codes: RecoveryCodes
    passkeys: Passkeys
    challenges: Challenges
    security_events: SecurityEvents
    password_resets: PasswordResets
    email_changes: EmailChanges
    scheduled_erasures: ScheduledErasures

    async def export(self, account_id: str) -> Mapping[str, Any]:
        """Return the content of each file by name. It contains no secrets, not even hashed ones."""
        totp, scheduled = (
            await self.totps.get_by_account(account_id),
            await self.scheduled_erasures.get_by_account(account_id),
        )
        return {
            "second_factors.json": {
                "totp_enrolled_at": rfc3339(totp.created_at) if totp is not None and totp.confirmed else None,
                "recovery_codes_left": await self.recovery_codes.count(account_id),
                "passkeys": [_passkey_data(one) for one in await self.passkeys.list_by_account(account_id)],
            },
            "security_log.json": {
                "events": [
                    _event_data(one)
                    for one in await self.security_events.list_by_account(account_id, after=None, limit=_MAX_EVENTS)
                ]
            },
            "email_changes.json": {"email_changes": await self.email_changes.export_by_account(account_id)},
            "scheduled_erasure.json": {"scheduled_for": rfc3339(scheduled.due_at) if scheduled is not None else None},
        }

    async def delete(self, account_id: str) -> dict[str, int]:
        """Delete the security data of the account; return the number of documents by collection."""
        return {
            TotpDocument.collection: await self.totps.delete_by_account(account_id),
            RecoveryCodeDocument.collection: await self.recovery_codes.delete_by_account(account_id),
            PasskeyDocument.collection: await self.passkeys.delete_by_account(account_id),
            ChallengeDocument.collection: await self.challenges.delete_by_account(account_id),
            SecurityEventDocument.collection: await self.security_events.delete_by_account(account_id),
            PasswordResetDocument.collection: await self.password_resets.delete_by_account(account_id),
            EmailChangeDocument.collection: await self.email_changes.delete_by_account(account_id),
            ScheduledErasureDocument.collection: await self.scheduled_erasures.delete_by_account(account_id),
        }


def _passkey_data(passkey: PasskeyDocument) -> Mapping[str, Any]:
    return {
        "passkey_id": passkey.id,
        "name": passkey.label,
        "created_at": rfc3339(passkey.created_at),
        "last_used_at": rfc3339(passkey.last_used_at) if passkey.last_used_at else None,
    }


def _event_data(event: SecurityEventDocument) -> Mapping[str, Any]:
    return {"at": rfc3339(event.at), "event": event.kind.value, "client": event.client}
