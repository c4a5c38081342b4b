"""WebAuthn: the two ceremonies of passkeys, with challenges that are kept here and good for one answer (I-18)."""

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
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from webauthn.registration.verify_registration_response import VerifiedRegistration

from services.identity.domain.security import CHALLENGE_LIFETIME, ChallengeKind
from services.identity.errors import ChallengeRefusedError, PasskeyRefusedError
from services.identity.store import Challenge, Challenges, Passkey, Passkeys
from shared.ids import NewId

NAME = "Candor"
_ALGORITHMS = [
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
_MILLISECONDS = int(CHALLENGE_LIFETIME.total_seconds() * 1000)
# What a forged answer makes the library stumble over; each of it is a refusal.
_BROKEN = (WebAuthnException, ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError)


@dataclass(frozen=True, slots=True)
class Asked:
    """A challenge and what ``navigator.credentials`` is given for it."""

    challenge_id: str
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Site:
    """Where passkeys are used: from the public URL of the settings alone, never from a request."""

    origin: str
    rp_id: str

    @classmethod
    def of(cls, public_url: str) -> "Site":
        """Return the site at *public_url*."""
        parts = urlsplit(public_url)
        return cls(origin=f"{parts.scheme}://{parts.netloc}", rp_id=parts.hostname or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyDesk:
    """Asks for passkeys and checks the answers."""

    site: Site
    passkeys: Passkeys
    challenges: Challenges
    new_id: NewId

    async def ask_for_new(self, account_id: str, address: str, *, at: datetime) -> Asked:
        """Ask the authenticator for a new passkey: discoverable, and it verifies its user."""
        challenge = await self.challenges.ask(ChallengeKind.PASSKEY_NEW, account_id, at=at)
        options = generate_registration_options(
            rp_id=self.site.rp_id,
            rp_name=NAME,
            user_id=account_id.encode(),
            user_name=address,
            challenge=challenge.nonce,
            timeout=_MILLISECONDS,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
            ),
            exclude_credentials=_descriptors(await self.passkeys.of(account_id)),
            supported_pub_key_algs=_ALGORITHMS,
        )
        return Asked(challenge.id, json.loads(options_to_json(options)))

    async def made(
        self, account_id: str, challenge_id: str, credential: Mapping[str, Any], *, label: str, at: datetime
    ) -> Passkey:
        """Return the new passkey of an answer; it is not stored yet."""
        challenge = await self.challenges.read(challenge_id, ChallengeKind.PASSKEY_NEW, at=at)
        if challenge is None or challenge.account_id != account_id or not await self.challenges.use_up(challenge.id):
            raise ChallengeRefusedError
        verified = self._registered(challenge, credential)
        return Passkey(
            id=self.new_id("psk"),
            account_id=account_id,
            credential_id=bytes_to_base64url(verified.credential_id),
            public_key=verified.credential_public_key,
            sign_count=verified.sign_count,
            label=label,
            created_at=at,
            last_used_at=None,
        )

    async def ask(self, kind: ChallengeKind, account_id: str | None, *, at: datetime) -> Asked:
        """Ask for a passkey of the account, or for whichever the person chooses."""
        challenge = await self.challenges.ask(kind, account_id, at=at)
        return Asked(challenge.id, await self.options(challenge))

    async def options(self, challenge: Challenge) -> Mapping[str, Any]:
        """Return what ``navigator.credentials.get`` is given for *challenge*."""
        known = [] if challenge.account_id is None else await self.passkeys.of(challenge.account_id)
        options = generate_authentication_options(
            rp_id=self.site.rp_id,
            challenge=challenge.nonce,
            timeout=_MILLISECONDS,
            allow_credentials=_descriptors(known),
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        found: Mapping[str, Any] = json.loads(options_to_json(options))
        return found

    async def answered(
        self, kind: ChallengeKind, challenge_id: str, credential: Mapping[str, Any], *, by: str | None, at: datetime
    ) -> Passkey:
        """Return the passkey that answers a challenge of *kind*, which is then used up, right or wrong."""
        challenge = await self.challenges.read(challenge_id, kind, at=at)
        if challenge is None or challenge.account_id != by or not await self.challenges.use_up(challenge.id):
            raise ChallengeRefusedError
        return await self.proven(challenge, credential, at=at)

    async def proven(self, challenge: Challenge, credential: Mapping[str, Any], *, at: datetime) -> Passkey:
        """Return the passkey whose signature answers *challenge*; PasskeyRefusedError for anything else."""
        passkey = await self.passkeys.by_credential(str(credential["id"]))
        if passkey is None or challenge.account_id not in {None, passkey.account_id}:
            raise PasskeyRefusedError
        handle = credential["response"].get("userHandle")
        if handle is not None and _bytes(handle) != passkey.account_id.encode():
            raise PasskeyRefusedError
        verified = self._verified(challenge, passkey, credential)
        if not await self.passkeys.use(passkey, verified.new_sign_count, at=at):
            raise PasskeyRefusedError
        return passkey

    def _registered(self, challenge: Challenge, credential: Mapping[str, Any]) -> VerifiedRegistration:
        try:
            return verify_registration_response(
                credential=dict(credential),
                expected_challenge=challenge.nonce,
                expected_rp_id=self.site.rp_id,
                expected_origin=self.site.origin,
                require_user_verification=True,
                supported_pub_key_algs=_ALGORITHMS,
            )
        except _BROKEN as fault:
            raise PasskeyRefusedError from fault

    def _verified(
        self, challenge: Challenge, passkey: Passkey, credential: Mapping[str, Any]
    ) -> VerifiedAuthentication:
        try:
            return verify_authentication_response(
                credential=dict(credential),
                expected_challenge=challenge.nonce,
                expected_rp_id=self.site.rp_id,
                expected_origin=self.site.origin,
                credential_public_key=passkey.public_key,
                credential_current_sign_count=passkey.sign_count,
                require_user_verification=True,
            )
        except _BROKEN as fault:
            raise PasskeyRefusedError from fault


def _descriptors(passkeys: Sequence[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(one.credential_id)) for one in passkeys]


def _bytes(encoded: str) -> bytes:
    try:
        return base64url_to_bytes(encoded)
    except ValueError as fault:
        raise PasskeyRefusedError from fault
