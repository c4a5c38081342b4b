"""Identity's own part of an export (C26)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.identity.service.privacy_requests.admin_action_export import AdminActionExport
from services.identity.service.privacy_requests.security_export import SecurityDataExport
from services.identity.store import Accounts, AppPasswords, Exports, Sessions
from shared.clock import rfc3339
from shared.policy import Purpose

ExportFileChunk = tuple[str, bytes]
"""The path of a file in the service's folder, and a chunk of its content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountExport:
    """Exports identity's data of an account."""

    accounts: Accounts
    sessions: Sessions
    app_passwords: AppPasswords
    exports: Exports
    security_export: SecurityDataExport
    admin_action_export: AdminActionExport

    async def export(self, account_id: str) -> list[ExportFileChunk]:
        """Return identity's files. They contain no secrets, not even hashed ones."""
        return [
            ("account.json", _to_json(await self._account_data(account_id))),
            ("sessions.json", _to_json({"sessions": await self._session_data(account_id)})),
            ("app_passwords.json", _to_json({"app_passwords": await self._app_password_data(account_id)})),
            ("exports.json", _to_json({"exports": await self._export_data(account_id)})),
            *((name, _to_json(data)) for name, data in (await self.security_export.export(account_id)).items()),
            *((name, _to_json(data)) for name, data in (await self.admin_action_export.export(account_id)).items()),
        ]

    async def _account_data(self, account_id: str) -> Mapping[str, Any]:
        account = await self.accounts.get_active(account_id)
        if account is None:
            return {}
        return {
            "account_id": account.id,
            "username": account.username,
            "email": await self.accounts.open_email(account, Purpose.EXPORT),
            "age_screened_at": _format_time(account.age_screened_at),
            "verified_at": _format_time(account.verified_at),
            "created_at": _format_time(account.created_at),
        }

    async def _session_data(self, account_id: str) -> list[Mapping[str, Any]]:
        return [
            {
                "session_id": session.id,
                "client": session.client,
                "country": session.country,
                "created_at": _format_time(session.created_at),
                "last_seen_at": _format_time(session.last_seen_at),
            }
            for session in await self.sessions.list_by_account(account_id)
        ]

    async def _app_password_data(self, account_id: str) -> list[Mapping[str, Any]]:
        return [
            {
                "app_password_id": app_password.id,
                "label": app_password.label,
                "scope": app_password.scope,
                "created_at": _format_time(app_password.created_at),
                "expires_at": _format_time(app_password.expires_at),
                "last_used_at": _format_time(app_password.last_used_at),
            }
            for app_password in await self.app_passwords.list_by_account(account_id)
        ]

    async def _export_data(self, account_id: str) -> list[Mapping[str, Any]]:
        exports = await self.exports.list_by_account(account_id)
        return [{"export_id": export.id, "created_at": _format_time(export.created_at)} for export in exports]


def _format_time(at: datetime | None) -> str | None:
    return None if at is None else rfc3339(at)


def _to_json(data: object) -> bytes:
    return json.dumps(data, indent=2, ensure_ascii=False).encode()
