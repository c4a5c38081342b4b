"""Devices that an owner has logged in with: guesses of strangers do not lock them out (OWASP's device cookies)."""

from dataclasses import dataclass
from datetime import datetime

from services.identity.domain.authentication.security import KNOWN_DEVICE_LIFETIME
from shared.crypto import InvalidTokenError, TokenSealer
from shared.ids import NewId

_DEVICE_TOKEN_KIND = "identity.known_device"  # noqa: S105 - the kind of a token, not a secret


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """A device of the owner of an account; its wrong passwords are counted apart from everybody else's."""

    account_id: str
    device_id: str


@dataclass(frozen=True, slots=True)
class KnownDeviceTokens:
    """Makes and reads the tokens that devices are known by; they open nothing by themselves."""

    token_sealer: TokenSealer
    new_id: NewId

    def issue(self, account_id: str, device: KnownDevice | None, *, at: datetime) -> str:
        """Return a token for the device of a log-in that has succeeded; a known one stays the same device."""
        device_id = device.device_id if device is not None else self.new_id("dev")
        claims = {"account": account_id, "device": device_id}
        return self.token_sealer.issue(_DEVICE_TOKEN_KIND, claims, expires_at=at + KNOWN_DEVICE_LIFETIME)

    def verify(self, token: str | None, account_id: str | None, *, at: datetime) -> KnownDevice | None:
        """Return the device if the token is one of this account; a wrong one is as good as none."""
        if token is None or account_id is None:
            return None
        try:
            claims = self.token_sealer.open(_DEVICE_TOKEN_KIND, token, at=at)
        except InvalidTokenError:
            return None
        return KnownDevice(account_id, claims["device"]) if claims["account"] == account_id else None
