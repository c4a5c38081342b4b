"""Second factors of the caller's account. Each change requires a recent login or step-up."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from services.identity.api.authentication.webauthn_schemas import ChallengeView, RegistrationCredential
from services.identity.api.fields import ANY_PERSON, RECENT_LOGIN_PERSON, OneTimeCode
from services.identity.errors import (
    AccountNotFoundError,
    InvalidChallengeError,
    InvalidPasskeyError,
    InvalidSecondFactorError,
    PasskeyAlreadyRegisteredError,
    PasskeyNotFoundError,
    PasswordTooShortWithoutSecondFactorError,
    SecondFactorNotEnrolledError,
    TooManyPasskeysError,
    TotpExistsError,
    TotpNotFoundError,
)
from services.identity.service.authentication.second_factors import SecondFactorService
from shared.clock import rfc3339
from shared.web import SAFE_LINE, JsonBody, OpaqueText, RequestContext, Route, Timestamp, View, delete, get, post

_RecoveryCodes = Annotated[list[str], Field(description="returned only here; empty if the account already has some")]


class TotpCodeBody(JsonBody):
    """The first code of the authenticator app."""

    code: OneTimeCode


class NewPasskeyBody(JsonBody):
    """A new passkey and its name."""

    challenge_id: Annotated[str, Field(max_length=64), OpaqueText("looked up")]
    name: Annotated[str, Field(min_length=1, max_length=100), SAFE_LINE]
    credential: RegistrationCredential


class TotpEnrollmentView(View):
    """The secret of the authenticator app, also as a URI for a QR code. It is returned only here."""

    secret: str
    otpauth_uri: str


class RecoveryCodesView(View):
    """Recovery codes. Each replaces the second factor once."""

    recovery_codes: _RecoveryCodes


class PasskeyView(View):
    """A passkey."""

    passkey_id: str
    name: str
    created_at: Timestamp
    last_used_at: Timestamp | None


class NewPasskeyView(PasskeyView):
    """A passkey that was just registered."""

    recovery_codes: _RecoveryCodes


class AcceptedCredentialsView(View):
    """For ``PublicKeyCredential.signalAllAcceptedCredentials``: a device then no longer offers removed passkeys."""

    rp_id: str
    user_id: Annotated[str, Field(description="base64url")]
    credential_ids: Annotated[list[str], Field(description="base64url")]


class SecondFactorsView(View):
    """The second factors of the account."""

    totp_enrolled_at: Timestamp | None
    recovery_codes_left: int
    passkeys: list[PasskeyView]
    accepted_credentials: AcceptedCredentialsView


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactorsApi:
    """HTTP handlers of second factors."""

    second_factor_service: SecondFactorService

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        root = "/v1/identity"
        return (
            get(f"{root}/second-factors", self.list_second_factors, access=ANY_PERSON),
            post(
                f"{root}/totp",
                self.begin_totp_enrollment,
                access=RECENT_LOGIN_PERSON,
                status=201,
                idempotent=True,
                store_reply=False,
                errors=(TotpExistsError, AccountNotFoundError),
            ),
            post(
                f"{root}/totp/confirmation",
                self.confirm_totp_enrollment,
                access=RECENT_LOGIN_PERSON,
                status=201,
                idempotent=True,
                store_reply=False,
                errors=(InvalidSecondFactorError, TotpNotFoundError, AccountNotFoundError),
            ),
            delete(
                f"{root}/totp",
                self.delete_totp,
                access=RECENT_LOGIN_PERSON,
                status=204,
                errors=(TotpNotFoundError, PasswordTooShortWithoutSecondFactorError, AccountNotFoundError),
            ),
            post(
                f"{root}/recovery-codes",
                self.create_recovery_codes,
                access=RECENT_LOGIN_PERSON,
                status=201,
                idempotent=True,
                store_reply=False,
                errors=(SecondFactorNotEnrolledError, AccountNotFoundError),
            ),
            *self._build_passkey_routes(f"{root}/passkeys"),
        )

    def _build_passkey_routes(self, root: str) -> tuple[Route, ...]:
        return (
            post(
                f"{root}/challenges",
                self.begin_passkey_registration,
                access=RECENT_LOGIN_PERSON,
                errors=(AccountNotFoundError,),
            ),
            post(
                root,
                self.register_passkey,
                access=RECENT_LOGIN_PERSON,
                status=201,
                idempotent=True,
                store_reply=False,
                errors=(
                    InvalidChallengeError,
                    InvalidPasskeyError,
                    PasskeyAlreadyRegisteredError,
                    TooManyPasskeysError,
                    AccountNotFoundError,
                ),
            ),
            delete(
                f"{root}/{{passkey_id}}",
                self.delete_passkey,
                access=RECENT_LOGIN_PERSON,
                status=204,
                errors=(PasskeyNotFoundError, PasswordTooShortWithoutSecondFactorError, AccountNotFoundError),
            ),
        )

    async def list_second_factors(self, call: RequestContext) -> SecondFactorsView:
        """List your second factors."""
        enrolled = await self.second_factor_service.get_enrolled(call.principal.id)
        accepted = await self.second_factor_service.list_accepted(call.principal.id)
        return SecondFactorsView(
            totp_enrolled_at=rfc3339(enrolled.totp_enrolled_at) if enrolled.totp_enrolled_at else None,
            recovery_codes_left=enrolled.recovery_codes,
            passkeys=[
                PasskeyView(
                    passkey_id=one.id,
                    name=one.label,
                    created_at=rfc3339(one.created_at),
                    last_used_at=rfc3339(one.last_used_at) if one.last_used_at else None,
                )
                for one in enrolled.passkeys
            ],
            accepted_credentials=AcceptedCredentialsView(
                rp_id=accepted.rp_id, user_id=accepted.user_id, credential_ids=accepted.credential_ids
            ),
        )

    async def begin_totp_enrollment(self, call: RequestContext) -> TotpEnrollmentView:
        """Start to add an authenticator app. It takes effect when a code confirms it."""
        enrollment = await self.second_factor_service.begin_totp(call.principal.id, at=call.now)
        return TotpEnrollmentView(secret=enrollment.secret, otpauth_uri=enrollment.uri)

    async def confirm_totp_enrollment(self, call: RequestContext, body: TotpCodeBody) -> RecoveryCodesView:
        """Confirm the authenticator app with its first code. From now on login requires it."""
        return RecoveryCodesView(
            recovery_codes=await self.second_factor_service.confirm_totp(call.principal.id, body.code, at=call.now)
        )

    async def delete_totp(self, call: RequestContext) -> None:
        """Remove your authenticator app."""
        await self.second_factor_service.remove_totp(call.principal.id, at=call.now)

    async def create_recovery_codes(self, call: RequestContext) -> RecoveryCodesView:
        """Create ten recovery codes. They replace all earlier ones."""
        return RecoveryCodesView(
            recovery_codes=await self.second_factor_service.replace_recovery_codes(call.principal.id, at=call.now)
        )

    async def begin_passkey_registration(self, call: RequestContext) -> ChallengeView:
        """Start to register a passkey."""
        options = await self.second_factor_service.begin_passkey(call.principal.id, at=call.now)
        return ChallengeView(challenge_id=options.challenge_id, options=dict(options.options))

    async def register_passkey(self, call: RequestContext, body: NewPasskeyBody) -> NewPasskeyView:
        """Register a passkey. From now on login with a password requires a second factor."""
        passkey, codes = await self.second_factor_service.add_passkey(
            call.principal.id, body.challenge_id, body.credential.to_dict(), label=body.name, at=call.now
        )
        return NewPasskeyView(
            passkey_id=passkey.id,
            name=passkey.label,
            created_at=rfc3339(passkey.created_at),
            last_used_at=None,
            recovery_codes=codes,
        )

    async def delete_passkey(self, call: RequestContext) -> None:
        """Remove a passkey."""
        await self.second_factor_service.remove_passkey(call.principal.id, call.path["passkey_id"], at=call.now)
