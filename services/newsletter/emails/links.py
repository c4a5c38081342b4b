"""The links of emails, whose tokens are issued and opened here."""

from dataclasses import dataclass
from datetime import UTC, datetime

from services.newsletter.domain.subscriptions.opt_in import OptInRequest
from shared.crypto import TokenSealer

_CONFIRM_TOKEN, _UNSUBSCRIBE_TOKEN = "newsletter.confirm", "newsletter.unsubscribe"
# An email may be opened years later, and its link must still work (C10). It ends one subscription and opens nothing
# else.
_NO_EXPIRY = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailLinks:
    """Builds the links to the pages and the API, and reads their tokens."""

    token_sealer: TokenSealer
    public_url: str

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

    def opt_in_request_id(self, token: str, *, at: datetime) -> str:
        """Return the id of the opt-in request that *token* confirms; raises InvalidTokenError."""
        return self.token_sealer.open(_CONFIRM_TOKEN, token, at=at)["opt_in_request"]

    def subscription_id(self, token: str, *, at: datetime) -> str:
        """Return the id of the subscription that *token* ends; raises InvalidTokenError."""
        return self.token_sealer.open(_UNSUBSCRIBE_TOKEN, token, at=at)["subscription"]
