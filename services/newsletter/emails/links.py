"""The links of emails, whose tokens are issued and opened here."""

from dataclasses import dataclass
from datetime import UTC, datetime

from services.newsletter.domain.subscriptions.opt_in import OptInRequest
from shared.crypto import TokenSealer
from shared.ids import BASE32_ALPHABET, encode_base32

LEAVE_PREFIX = "leave+"
_ID_CHARS, _ID_BYTES = 26, 17

_CONFIRM_TOKEN, _UNSUBSCRIBE_TOKEN = "newsletter.confirm", "newsletter.unsubscribe"
# An email may be opened years later, and its link must still work (C10). It ends one subscription and opens nothing
# else.
_NO_EXPIRY = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailLinks:
    """Builds the links to the pages and the API, and reads their tokens."""

    token_sealer: TokenSealer
    public_url: str
    inbound_domain: str | None = None
    """The domain that receives unsubscriptions by mail; None where no listener runs."""

    def confirmation_url(self, request: OptInRequest) -> str:
        """Return the link that confirms *request*."""
        token = self.token_sealer.issue(
            _CONFIRM_TOKEN, {"opt_in_request": request.request_id}, expires_at=request.expires_at
        )
        return f"{self.public_url}/newsletter/confirm?token={token}"

    def unsubscribe_token(self, subscription_id: str) -> str:
        """Return a token that ends one subscription and never expires."""
        return self.token_sealer.issue(_UNSUBSCRIBE_TOKEN, {"subscription": subscription_id}, expires_at=_NO_EXPIRY)

    def unsubscribe_page_url(self, token: str) -> str:
        """Return the link of the page that unsubscribes."""
        return f"{self.public_url}/newsletter/unsubscribe?token={token}"

    def one_click_url(self, token: str) -> str:
        """Return the link for one-click unsubscription (RFC 8058)."""
        return f"{self.public_url}/v1/newsletter/unsubscribe/{token}"

    def leave_address(self, subscription_id: str) -> str | None:
        """Return the address to which an email ends one subscription (RFC 2369); None without an inbound domain.

        The token is in the address: mail programs drop or change subjects. It has 59 of the 64 octets of a local part.
        """
        if self.inbound_domain is None:
            return None
        value = _pack_subscription_id(subscription_id)
        token = self.token_sealer.issue_short(_UNSUBSCRIBE_TOKEN, value)
        return f"{LEAVE_PREFIX}{token}@{self.inbound_domain}"

    def subscription_id_of_address(self, token: str) -> str:
        """Return the id of the subscription that an email to ``leave+<token>@…`` ends; raises InvalidTokenError."""
        return _unpack_subscription_id(self.token_sealer.open_short(_UNSUBSCRIBE_TOKEN, token))

    def opt_in_request_id(self, token: str, *, at: datetime) -> str:
        """Return the id of the opt-in request that *token* confirms; raises InvalidTokenError."""
        return self.token_sealer.open(_CONFIRM_TOKEN, token, at=at)["opt_in_request"]

    def subscription_id(self, token: str, *, at: datetime) -> str:
        """Return the id of the subscription that *token* ends; raises InvalidTokenError."""
        return self.token_sealer.open(_UNSUBSCRIBE_TOKEN, token, at=at)["subscription"]


def _pack_subscription_id(subscription_id: str) -> bytes:
    """Return the 130 random bits of an id as 17 bytes: as text it would not fit into an address."""
    number = 0
    for char in subscription_id.removeprefix("sub_"):
        number = number << 5 | BASE32_ALPHABET.index(char)
    return number.to_bytes(_ID_BYTES)


def _unpack_subscription_id(packed: bytes) -> str:
    number = int.from_bytes(packed)
    return f"sub_{encode_base32(number, _ID_CHARS)}"
