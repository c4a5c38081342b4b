"""The JSON of WebAuthn credentials (``PublicKeyCredential.toJSON()``), as far as it is used."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from shared.web import SAFE_LINE, JsonBody, OpaqueText, View

_Base64Url = Annotated[
    str,
    Field(max_length=16_384, pattern=r"^[A-Za-z0-9_-]*$", description="base64url"),
    OpaqueText("verified; the key and the id in it are checked before they are stored"),
]
_CredentialId = Annotated[
    str, Field(min_length=1, max_length=2_048, pattern=r"^[A-Za-z0-9_-]+$", description="base64url"), SAFE_LINE
]


_Transport = Annotated[str, Field(max_length=32), OpaqueText("compared with the known names")]


class _BrowserObject(JsonBody):
    """A part of a credential. Unknown fields are ignored: browsers send more than is used."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class AttestationResponse(_BrowserObject):
    """The attestation of a new passkey."""

    client_data_json: _Base64Url = Field(alias="clientDataJSON")
    attestation_object: _Base64Url = Field(alias="attestationObject")
    transports: list[_Transport] = Field(default_factory=list, max_length=16)


class AssertionResponse(_BrowserObject):
    """The assertion that a passkey signed."""

    client_data_json: _Base64Url = Field(alias="clientDataJSON")
    authenticator_data: _Base64Url = Field(alias="authenticatorData")
    signature: _Base64Url
    user_handle: _Base64Url | None = Field(default=None, alias="userHandle")


class _PublicKeyCredential(_BrowserObject):
    id: _CredentialId
    raw_id: _CredentialId = Field(alias="rawId")
    type: Literal["public-key"]

    def to_dict(self) -> dict[str, Any]:
        """Return the credential with the names that the browser used."""
        return self.model_dump(by_alias=True, exclude_none=True)


class RegistrationCredential(_PublicKeyCredential):
    """A new passkey with its attestation."""

    response: AttestationResponse


class AuthenticationCredential(_PublicKeyCredential):
    """A passkey with its assertion."""

    response: AssertionResponse


class ChallengeView(View):
    """A challenge and its WebAuthn options, for ``parseCreationOptionsFromJSON`` and its counterpart."""

    challenge_id: str
    options: dict[str, Any]
