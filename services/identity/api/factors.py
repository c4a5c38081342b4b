"""The second factors of the own account; each change needs a recent log-in or step-up."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from services.identity.api.credentials import AskedView, NewCredential
from services.identity.api.fields import ANY_PERSON, FRESH_PERSON, OneTimeCode
from services.identity.errors import (
    AccountNotFoundError,
    ChallengeRefusedError,
    NoSecondFactorError,
    PasskeyNotFoundError,
    PasskeyRefusedError,
    PasskeyTakenError,
    SecondFactorRefusedError,
    SecondFactorStillNeededError,
    TooManyPasskeysError,
    TotpExistsError,
    TotpNotFoundError,
)
from services.identity.service.second_factors import SecondFactors
from shared.clock import rfc3339
from shared.web import Body, Call, Route, View, delete, get, post

_Codes = Annotated[list[str], Field(description="shown here and never again; empty where there are some already")]


class CodeBody(Body):
    """The first code of the app."""

    code: OneTimeCode


class PasskeyBody(Body):
    """A new passkey, and what its owner calls it."""

    challenge_id: Annotated[str, Field(max_length=64)]
    name: Annotated[str, Field(min_length=1, max_length=100)]
    credential: NewCredential


class TotpView(View):
    """What the app is given: typed, or as a QR code of the URI; it is shown here and never again."""

    secret: str
    otpauth_uri: str


class RecoveryCodesView(View):
    """Recovery codes; each works once in place of the second factor."""

    recovery_codes: _Codes


class PasskeyView(View):
    """A passkey."""

    passkey_id: str
    name: str
    created_at: str
    last_used_at: str | None


class NewPasskeyView(PasskeyView):
    """A passkey that was added now."""

    recovery_codes: _Codes


class FactorsView(View):
    """The second factors of the account."""

    totp_since: str | None
    recovery_codes_left: int
    passkeys: list[PasskeyView]


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorsApi:
    """The handlers."""

    factors: SecondFactors

    def routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        root, gone = "/v1/identity", AccountNotFoundError
        return (
            get(f"{root}/second-factors", self.list_second_factors, access=ANY_PERSON),
            post(
                f"{root}/totp",
                self.begin_totp,
                access=FRESH_PERSON,
                status=201,
                idempotent=True,
                secret_reply=True,
                errors=(TotpExistsError, gone),
            ),
            post(
                f"{root}/totp/confirmation",
                self.confirm_totp,
                access=FRESH_PERSON,
                status=201,
                idempotent=True,
                secret_reply=True,
                errors=(SecondFactorRefusedError, TotpNotFoundError, gone),
            ),
            delete(
                f"{root}/totp",
                self.remove_totp,
                access=FRESH_PERSON,
                status=204,
                errors=(TotpNotFoundError, SecondFactorStillNeededError, gone),
            ),
            post(
                f"{root}/recovery-codes",
                self.make_recovery_codes,
                access=FRESH_PERSON,
                status=201,
                idempotent=True,
                secret_reply=True,
                errors=(NoSecondFactorError, gone),
            ),
            *self._passkey_routes(f"{root}/passkeys"),
        )

    def _passkey_routes(self, root: str) -> tuple[Route, ...]:
        return (
            post(
                f"{root}/challenges",
                self.begin_passkey,
                access=FRESH_PERSON,
                errors=(AccountNotFoundError,),
            ),
            post(
                root,
                self.add_passkey,
                access=FRESH_PERSON,
                status=201,
                idempotent=True,
                secret_reply=True,
                errors=(
                    ChallengeRefusedError,
                    PasskeyRefusedError,
                    PasskeyTakenError,
                    TooManyPasskeysError,
                    AccountNotFoundError,
                ),
            ),
            delete(
                f"{root}/{{passkey_id}}",
                self.remove_passkey,
                access=FRESH_PERSON,
                status=204,
                errors=(PasskeyNotFoundError, SecondFactorStillNeededError, AccountNotFoundError),
            ),
        )

    async def list_second_factors(self, call: Call) -> FactorsView:
        """List the second factors of the own account."""
        held = await self.factors.of(call.who.id)
        return FactorsView(
            totp_since=rfc3339(held.totp_since) if held.totp_since else None,
            recovery_codes_left=held.recovery_codes,
            passkeys=[
                PasskeyView(
                    passkey_id=one.id,
                    name=one.label,
                    created_at=rfc3339(one.created_at),
                    last_used_at=rfc3339(one.last_used_at) if one.last_used_at else None,
                )
                for one in held.passkeys
            ],
        )

    async def begin_totp(self, call: Call) -> TotpView:
        """Begin to add an app for one-time codes; it counts once a code has confirmed it."""
        made = await self.factors.begin_totp(call.who.id, at=call.now)
        return TotpView(secret=made.secret, otpauth_uri=made.uri)

    async def confirm_totp(self, call: Call, body: CodeBody) -> RecoveryCodesView:
        """Confirm the app by its first code; from now on a log-in needs it."""
        return RecoveryCodesView(recovery_codes=await self.factors.confirm_totp(call.who.id, body.code, at=call.now))

    async def remove_totp(self, call: Call) -> None:
        """Remove the app for one-time codes."""
        await self.factors.remove_totp(call.who.id, at=call.now)

    async def make_recovery_codes(self, call: Call) -> RecoveryCodesView:
        """Make ten recovery codes in place of all earlier ones."""
        return RecoveryCodesView(recovery_codes=await self.factors.new_recovery_codes(call.who.id, at=call.now))

    async def begin_passkey(self, call: Call) -> AskedView:
        """Begin to add a passkey."""
        asked = await self.factors.begin_passkey(call.who.id, at=call.now)
        return AskedView(challenge_id=asked.challenge_id, options=dict(asked.options))

    async def add_passkey(self, call: Call, body: PasskeyBody) -> NewPasskeyView:
        """Add the passkey that the authenticator has made; from now on a log-in by password needs a second factor."""
        passkey, codes = await self.factors.add_passkey(
            call.who.id, body.challenge_id, body.credential.plain(), label=body.name, at=call.now
        )
        return NewPasskeyView(
            passkey_id=passkey.id,
            name=passkey.label,
            created_at=rfc3339(passkey.created_at),
            last_used_at=None,
            recovery_codes=codes,
        )

    async def remove_passkey(self, call: Call) -> None:
        """Remove a passkey."""
        await self.factors.remove_passkey(call.who.id, call.path["passkey_id"], at=call.now)
