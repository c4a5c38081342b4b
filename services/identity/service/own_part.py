"""What identity itself holds of an account, as it is handed over (C26)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.identity.service.own_oversight import OwnOversight
from services.identity.service.own_security import OwnSecurity
from services.identity.store import Accounts, AppPasswords, Exports, Sessions
from shared.clock import rfc3339
from shared.policy import Purpose

Piece = tuple[str, bytes]
"""The path of a file inside a service's folder, and a piece of its content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPart:
    """Writes identity's part of an export."""

    accounts: Accounts
    sessions: Sessions
    app_passwords: AppPasswords
    exports: Exports
    security: OwnSecurity
    oversight: OwnOversight

    async def pieces(self, account_id: str) -> list[Piece]:
        """Return identity's files; no secret is among them, not even as a hash."""
        return [
            ("account.json", _json(await self._account(account_id))),
            ("sessions.json", _json({"sessions": await self._sessions(account_id)})),
            ("app_passwords.json", _json({"app_passwords": await self._app_passwords(account_id)})),
            ("exports.json", _json({"exports": await self._exports(account_id)})),
            *((name, _json(held)) for name, held in (await self.security.handed_over(account_id)).items()),
            *((name, _json(held)) for name, held in (await self.oversight.handed_over(account_id)).items()),
        ]

    async def _account(self, account_id: str) -> Mapping[str, Any]:
        account = await self.accounts.active(account_id)
        if account is None:
            return {}
        return {
            "account_id": account.id,
            "username": account.username,
            "email": await self.accounts.address(account, Purpose.EXPORT),
            "age_screened_at": _time(account.age_screened_at),
            "verified_at": _time(account.verified_at),
            "created_at": _time(account.created_at),
        }

    async def _sessions(self, account_id: str) -> list[Mapping[str, Any]]:
        return [
            {
                "session_id": session.id,
                "client": session.client,
                "place": session.place,
                "created_at": _time(session.created_at),
                "last_seen_at": _time(session.last_seen_at),
            }
            for session in await self.sessions.of(account_id)
        ]

    async def _app_passwords(self, account_id: str) -> list[Mapping[str, Any]]:
        return [
            {
                "app_password_id": one.id,
                "label": one.label,
                "scope": one.scope,
                "created_at": _time(one.created_at),
                "expires_at": _time(one.expires_at),
                "last_used_at": _time(one.last_used_at),
            }
            for one in await self.app_passwords.of(account_id)
        ]

    async def _exports(self, account_id: str) -> list[Mapping[str, Any]]:
        found = await self.exports.of(account_id)
        return [{"export_id": export.id, "created_at": _time(export.created_at)} for export in found]


def _time(at: datetime | None) -> str | None:
    return None if at is None else rfc3339(at)


def _json(held: object) -> bytes:
    return json.dumps(held, indent=2, ensure_ascii=False).encode()
