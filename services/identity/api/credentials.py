"""What browsers send of passkeys (``PublicKeyCredential.toJSON()``), as far as it is read."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from shared.web import Body, View

_Encoded = Annotated[str, Field(max_length=16_384, pattern=r"^[A-Za-z0-9_-]*$", description="base64url")]
_Id = Annotated[str, Field(min_length=1, max_length=2_048, pattern=r"^[A-Za-z0-9_-]+$", description="base64url")]


class _Sent(Body):
    """A part of a credential: browsers send more than is read, and what is not known is ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class AttestationResponse(_Sent):
    """What a new passkey shows of itself."""

    client_data_json: _Encoded = Field(alias="clientDataJSON")
    attestation_object: _Encoded = Field(alias="attestationObject")


class AssertionResponse(_Sent):
    """What a passkey has signed."""

    client_data_json: _Encoded = Field(alias="clientDataJSON")
    authenticator_data: _Encoded = Field(alias="authenticatorData")
    signature: _Encoded
    user_handle: _Encoded | None = Field(default=None, alias="userHandle")


class _Credential(_Sent):
    id: _Id
    raw_id: _Id = Field(alias="rawId")
    type: Literal["public-key"]

    def plain(self) -> dict[str, Any]:
        """Return it as the browser has sent it."""
        return self.model_dump(by_alias=True, exclude_none=True)


class NewCredential(_Credential):
    """A new passkey."""

    response: AttestationResponse


class Assertion(_Credential):
    """The answer of a passkey."""

    response: AssertionResponse


class AskedView(View):
    """A challenge, and what ``navigator.credentials`` is given for it (``parseCreationOptionsFromJSON`` and so on)."""

    challenge_id: str
    options: dict[str, Any]
