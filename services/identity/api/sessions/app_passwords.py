"""App passwords for sync clients."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from services.identity.api.fields import RECENT_LOGIN_CUSTOMER
from services.identity.domain.sessions.access import AppScope
from services.identity.errors import AccountNotFoundError, AppPasswordNotFoundError, TooManyAppPasswordsError
from services.identity.service.sessions.app_passwords import AppPasswordService
from shared.clock import rfc3339
from shared.web import SAFE_LINE, JsonBody, RequestContext, Route, Timestamp, View, customer, delete, get, post


class AppPasswordBody(JsonBody):
    """The label and the scope of a new app password."""

    label: Annotated[str, Field(min_length=1, max_length=100), SAFE_LINE]
    scope: Literal["read", "read_write"] = "read_write"


class NewAppPasswordView(View):
    """A new app password. It is returned only here."""

    app_password_id: str
    username: str
    app_password: str
    label: str
    scope: str
    expires_at: Timestamp


class AppPasswordView(View):
    """An app password without its secret."""

    app_password_id: str
    label: str
    scope: str
    created_at: Timestamp
    expires_at: Timestamp
    last_used_at: Timestamp | None


class AppPasswordsView(View):
    """Your app passwords, newest first."""

    items: list[AppPasswordView]


@dataclass(frozen=True, slots=True, kw_only=True)
class AppPasswordsApi:
    """HTTP handlers of app passwords."""

    app_password_service: AppPasswordService

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        root, mine = "/v1/identity/app-passwords", customer()
        return (
            post(
                root,
                self.create_app_password,
                access=RECENT_LOGIN_CUSTOMER,
                status=201,
                idempotent=True,
                store_reply=False,
                errors=(TooManyAppPasswordsError, AccountNotFoundError),
            ),
            get(root, self.list_app_passwords, access=mine),
            delete(
                f"{root}/{{app_password_id}}",
                self.revoke_app_password,
                access=mine,
                status=204,
                errors=(AppPasswordNotFoundError,),
            ),
        )

    async def create_app_password(self, call: RequestContext, body: AppPasswordBody) -> NewAppPasswordView:
        """Create an app password for one device. It gives access to sync only."""
        created = await self.app_password_service.create(
            call.principal.id, body.label, AppScope(body.scope), idempotency_key=call.idempotency_key, at=call.now
        )
        return NewAppPasswordView(
            app_password_id=created.app_password.id,
            username=created.username,
            app_password=created.secret,
            label=created.app_password.label,
            scope=created.app_password.scope,
            expires_at=rfc3339(created.app_password.expires_at),
        )

    async def list_app_passwords(self, call: RequestContext) -> AppPasswordsView:
        """List your app passwords."""
        return AppPasswordsView(
            items=[
                AppPasswordView(
                    app_password_id=one.id,
                    label=one.label,
                    scope=one.scope,
                    created_at=rfc3339(one.created_at),
                    expires_at=rfc3339(one.expires_at),
                    last_used_at=rfc3339(one.last_used_at) if one.last_used_at else None,
                )
                for one in await self.app_password_service.list_by_account(call.principal.id)
            ]
        )

    async def revoke_app_password(self, call: RequestContext) -> None:
        """Revoke an app password."""
        await self.app_password_service.revoke(call.principal.id, call.path["app_password_id"], at=call.now)
