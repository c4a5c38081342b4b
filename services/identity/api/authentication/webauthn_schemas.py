"""What browsers send of passkeys (``PublicKeyCredential.toJSON()``), as far as it is read."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from shared.web import JsonBody, View

_Base64Url = Annotated[str, Field(max_length=16_384, pattern=r"^[A-Za-z0-9_-]*$", description="base64url")]
_CredentialId = Annotated[
    str, Field(min_length=1, max_length=2_048, pattern=r"^[A-Za-z0-9_-]+$", description="base64url")
]


class _BrowserObject(JsonBody):
    """A part of a credential: browsers send more than is read, and what is not known is ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class AttestationResponse(_BrowserObject):
    """What a new passkey shows of itself."""

    client_data_json: _Base64Url = Field(alias="clientDataJSON")
    attestation_object: _Base64Url = Field(alias="attestationObject")


class AssertionResponse(_BrowserObject):
    """What a passkey has signed."""

    client_data_json: _Base64Url = Field(alias="clientDataJSON")
    authenticator_data: _Base64Url = Field(alias="authenticatorData")
    signature: _Base64Url
    user_handle: _Base64Url | None = Field(default=None, alias="userHandle")


class _PublicKeyCredential(_BrowserObject):
    id: _CredentialId
    raw_id: _CredentialId = Field(alias="rawId")
    type: Literal["public-key"]

    def to_dict(self) -> dict[str, Any]:
        """Return it as the browser has sent it."""
        return self.model_dump(by_alias=True, exclude_none=True)


class RegistrationCredential(_PublicKeyCredential):
    """A new passkey."""

    response: AttestationResponse


class AuthenticationCredential(_PublicKeyCredential):
    """The answer of a passkey."""

    response: AssertionResponse


class ChallengeView(View):
    """A challenge, and what ``navigator.credentials`` is given for it (``parseCreationOptionsFromJSON`` and so on)."""

    challenge_id: str
    options: dict[str, Any]
