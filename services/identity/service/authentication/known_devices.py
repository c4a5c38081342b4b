"""Known devices: failed logins from other devices cannot lock them out (OWASP's device cookies)."""

from dataclasses import dataclass
from datetime import datetime

from services.identity.domain.authentication.security import KNOWN_DEVICE_LIFETIME
from shared.crypto import InvalidTokenError, TokenSealer
from shared.ids import NewId

_DEVICE_TOKEN_KIND = "identity.known_device"  # noqa: S105 - the kind of a token, not a secret


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """A device of the account's owner. Its failed logins are counted apart."""

    account_id: str
    device_id: str


@dataclass(frozen=True, slots=True)
class KnownDeviceTokens:
    """Issues and verifies device tokens. A token gives no access by itself."""

    token_sealer: TokenSealer
    new_id: NewId

    def issue(self, account_id: str, device: KnownDevice | None, *, at: datetime) -> str:
        """Return a token for the device of a successful login. A known device keeps its id."""
        device_id = device.device_id if device is not None else self.new_id("dev")
        claims = {"account": account_id, "device": device_id}
        return self.token_sealer.issue(_DEVICE_TOKEN_KIND, claims, expires_at=at + KNOWN_DEVICE_LIFETIME)

    def verify(self, token: str | None, account_id: str | None, *, at: datetime) -> KnownDevice | None:
        """Return the device of a valid token of this account, else None."""
        if token is None or account_id is None:
            return None
        try:
            claims = self.token_sealer.open(_DEVICE_TOKEN_KIND, token, at=at)
        except InvalidTokenError:
            return None
        return KnownDevice(account_id, claims["device"]) if claims["account"] == account_id else None
