"""WebAuthn: registration and authentication with passkeys. Challenges are stored here and valid once (I-18)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.authentication.verify_authentication_response import VerifiedAuthentication
from webauthn.helpers import bytes_to_base64url
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from webauthn.registration.verify_registration_response import VerifiedRegistration

from services.identity.domain.authentication.security import CHALLENGE_LIFETIME, ChallengeKind
from services.identity.errors import InvalidChallengeError, InvalidPasskeyError
from services.identity.store import ChallengeDocument, Challenges, PasskeyDocument, Passkeys
from shared.card_numbers import contains_card_number
from shared.ids import NewId

RP_NAME = "Candor"
_ALGORITHMS = [
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
_TIMEOUT_MS = int(CHALLENGE_LIFETIME.total_seconds() * 1000)
# Any of these can be raised by the library for a forged response.
_MALFORMED_ERRORS = (WebAuthnException, ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError)


@dataclass(frozen=True, slots=True)
class CredentialOptions:
    """A challenge and the options for ``navigator.credentials``."""

    challenge_id: str
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedCredentials:
    """What ``PublicKeyCredential.signalAllAcceptedCredentials`` takes (WebAuthn L3, 5.1.10)."""

    rp_id: str
    user_id: str
    credential_ids: list[str]


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """The WebAuthn relying party: from the public URL of the settings, never from a request."""

    origin: str
    rp_id: str

    @classmethod
    def from_url(cls, public_url: str) -> "RelyingParty":
        """Return the relying party at *public_url*."""
        parts = urlsplit(public_url)
        return cls(origin=f"{parts.scheme}://{parts.netloc}", rp_id=parts.hostname or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebAuthnService:
    """Creates WebAuthn options and verifies the responses."""

    relying_party: RelyingParty
    passkeys: Passkeys
    challenges: Challenges
    new_id: NewId

    async def list_accepted(self, account_id: str) -> AcceptedCredentials:
        """Return the passkeys of the account, for devices that still offer removed ones."""
        return AcceptedCredentials(
            rp_id=self.relying_party.rp_id,
            user_id=bytes_to_base64url(account_id.encode()),
            credential_ids=[passkey.credential_id for passkey in await self.passkeys.list_by_account(account_id)],
        )

    async def registration_options(self, account_id: str, address: str, *, at: datetime) -> CredentialOptions:
        """Return options for a new passkey: discoverable, with user verification."""
        challenge = await self.challenges.create(ChallengeKind.PASSKEY_REGISTRATION, account_id, at=at)
        options = generate_registration_options(
            rp_id=self.relying_party.rp_id,
            rp_name=RP_NAME,
            user_id=account_id.encode(),
            user_name=address,
            challenge=challenge.nonce,
            timeout=_TIMEOUT_MS,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
            ),
            exclude_credentials=_credential_descriptors(await self.passkeys.list_by_account(account_id)),
            supported_pub_key_algs=_ALGORITHMS,
        )
        return CredentialOptions(challenge.id, json.loads(options_to_json(options)))

    async def verify_registration(
        self, account_id: str, challenge_id: str, credential: Mapping[str, Any], *, label: str, at: datetime
    ) -> PasskeyDocument:
        """Return the new passkey, which is not stored yet; InvalidPasskeyError if the response is not valid."""
        challenge = await self.challenges.get(challenge_id, ChallengeKind.PASSKEY_REGISTRATION, at=at)
        if challenge is None or challenge.account_id != account_id or not await self.challenges.consume(challenge.id):
            raise InvalidChallengeError
        _check_not_embedded(credential)
        verified = self._check_registration(challenge, credential)
        # An authenticator chooses these bytes, and they are stored readable (C18).
        if contains_card_number([verified.credential_id, verified.credential_public_key]):
            raise InvalidPasskeyError
        return PasskeyDocument(
            id=self.new_id("psk"),
            account_id=account_id,
            credential_id=bytes_to_base64url(verified.credential_id),
            public_key=verified.credential_public_key,
            sign_count=verified.sign_count,
            label=label,
            transports=_known_transports(credential),
            created_at=at,
            last_used_at=None,
        )

    async def authentication_options(
        self, kind: ChallengeKind, account_id: str | None, *, at: datetime
    ) -> CredentialOptions:
        """Return options for a passkey of the account, or, without an account, for any passkey."""
        challenge = await self.challenges.create(kind, account_id, at=at)
        return CredentialOptions(challenge.id, await self.build_options(challenge))

    async def build_options(self, challenge: ChallengeDocument) -> Mapping[str, Any]:
        """Return the options of *challenge* for ``navigator.credentials.get``."""
        passkeys = [] if challenge.account_id is None else await self.passkeys.list_by_account(challenge.account_id)
        options = generate_authentication_options(
            rp_id=self.relying_party.rp_id,
            challenge=challenge.nonce,
            timeout=_TIMEOUT_MS,
            allow_credentials=_credential_descriptors(passkeys),
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        found: Mapping[str, Any] = json.loads(options_to_json(options))
        return found

    async def verify_authentication(
        self,
        kind: ChallengeKind,
        challenge_id: str,
        credential: Mapping[str, Any],
        *,
        account_id: str | None,
        at: datetime,
    ) -> PasskeyDocument:
        """Return the passkey that responds to a challenge of *kind*. The challenge is used up in any case."""
        challenge = await self.challenges.get(challenge_id, kind, at=at)
        if challenge is None or challenge.account_id != account_id or not await self.challenges.consume(challenge.id):
            raise InvalidChallengeError
        return await self.verify_assertion(challenge, credential, at=at)

    async def verify_assertion(
        self, challenge: ChallengeDocument, credential: Mapping[str, Any], *, at: datetime
    ) -> PasskeyDocument:
        """Return the passkey that signed *challenge*; InvalidPasskeyError if the response is not valid."""
        passkey = await self.passkeys.get_by_credential_id(str(credential["id"]))
        if passkey is None or challenge.account_id not in {None, passkey.account_id}:
            raise InvalidPasskeyError
        _check_not_embedded(credential)
        handle = credential["response"].get("userHandle")
        # WebAuthn L3, 7.2 step 6: where no account was named before, the handle names it, and must be there.
        if handle is None and challenge.account_id is None:
            raise InvalidPasskeyError
        if handle is not None and _decode_base64url(handle) != passkey.account_id.encode():
            raise InvalidPasskeyError
        verified = self._check_assertion(challenge, passkey, credential)
        if not await self.passkeys.record_use(passkey, verified.new_sign_count, at=at):
            raise InvalidPasskeyError
        return passkey

    def _check_registration(self, challenge: ChallengeDocument, credential: Mapping[str, Any]) -> VerifiedRegistration:
        try:
            return verify_registration_response(
                credential=dict(credential),
                expected_challenge=challenge.nonce,
                expected_rp_id=self.relying_party.rp_id,
                expected_origin=self.relying_party.origin,
                require_user_verification=True,
                supported_pub_key_algs=_ALGORITHMS,
            )
        except _MALFORMED_ERRORS as fault:
            raise InvalidPasskeyError from fault

    def _check_assertion(
        self, challenge: ChallengeDocument, passkey: PasskeyDocument, credential: Mapping[str, Any]
    ) -> VerifiedAuthentication:
        try:
            return verify_authentication_response(
                credential=dict(credential),
                expected_challenge=challenge.nonce,
                expected_rp_id=self.relying_party.rp_id,
                expected_origin=self.relying_party.origin,
                credential_public_key=passkey.public_key,
                credential_current_sign_count=passkey.sign_count,
                require_user_verification=True,
            )
        except _MALFORMED_ERRORS as fault:
            raise InvalidPasskeyError from fault


def _credential_descriptors(passkeys: Sequence[PasskeyDocument]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(
            id=base64url_to_bytes(passkey.credential_id),
            transports=[AuthenticatorTransport(name) for name in passkey.transports] or None,
        )
        for passkey in passkeys
    ]


def _known_transports(credential: Mapping[str, Any]) -> list[str]:
    """Return how the browser can reach the authenticator (WebAuthn L3, 7.1); names that we do not know are left out."""
    known = {transport.value for transport in AuthenticatorTransport}
    return sorted(known.intersection(credential["response"].get("transports") or ()))


def _check_not_embedded(credential: Mapping[str, Any]) -> None:
    """Raise InvalidPasskeyError for a response from a frame within another site: our pages are never framed."""
    try:
        client_data = json.loads(_decode_base64url(credential["response"]["clientDataJSON"]))
    except ValueError as fault:
        raise InvalidPasskeyError from fault
    if not isinstance(client_data, dict) or client_data.get("crossOrigin") or "topOrigin" in client_data:
        raise InvalidPasskeyError


def _decode_base64url(encoded: str) -> bytes:
    try:
        return base64url_to_bytes(encoded)
    except ValueError as fault:
        raise InvalidPasskeyError from fault
