"""Why a card was declined: the reasons of the networks, under Stripe's names."""

from enum import StrEnum
from typing import Self


class DeclineReason(StrEnum):
    """A reason for a decline, as the processor names it."""

    AUTHENTICATION_ABANDONED = "authentication_abandoned"
    AUTHENTICATION_FAILED = "authentication_failed"
    AUTHENTICATION_REQUIRED = "authentication_required"
    APPROVE_WITH_ID = "approve_with_id"
    CALL_ISSUER = "call_issuer"
    CARD_NOT_SUPPORTED = "card_not_supported"
    CARD_VELOCITY_EXCEEDED = "card_velocity_exceeded"
    CURRENCY_NOT_SUPPORTED = "currency_not_supported"
    DO_NOT_HONOR = "do_not_honor"
    DO_NOT_TRY_AGAIN = "do_not_try_again"
    DUPLICATE_TRANSACTION = "duplicate_transaction"
    EXPIRED_CARD = "expired_card"
    FRAUDULENT = "fraudulent"
    GENERIC_DECLINE = "generic_decline"
    INCORRECT_CVC = "incorrect_cvc"
    INCORRECT_NUMBER = "incorrect_number"
    INCORRECT_PIN = "incorrect_pin"
    INCORRECT_ZIP = "incorrect_zip"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    INVALID_ACCOUNT = "invalid_account"
    INVALID_AMOUNT = "invalid_amount"
    INVALID_CVC = "invalid_cvc"
    INVALID_EXPIRY_MONTH = "invalid_expiry_month"
    INVALID_EXPIRY_YEAR = "invalid_expiry_year"
    INVALID_NUMBER = "invalid_number"
    INVALID_PIN = "invalid_pin"
    ISSUER_NOT_AVAILABLE = "issuer_not_available"
    LIVE_MODE_TEST_CARD = "live_mode_test_card"
    LOST_CARD = "lost_card"
    MERCHANT_BLACKLIST = "merchant_blacklist"
    NEW_ACCOUNT_INFORMATION_AVAILABLE = "new_account_information_available"
    NO_ACTION_TAKEN = "no_action_taken"
    NOT_PERMITTED = "not_permitted"
    OFFLINE_PIN_REQUIRED = "offline_pin_required"
    ONLINE_OR_OFFLINE_PIN_REQUIRED = "online_or_offline_pin_required"
    PICKUP_CARD = "pickup_card"
    PIN_TRY_EXCEEDED = "pin_try_exceeded"
    PROCESSING_ERROR = "processing_error"
    REENTER_TRANSACTION = "reenter_transaction"
    RESTRICTED_CARD = "restricted_card"
    REVOCATION_OF_ALL_AUTHORIZATIONS = "revocation_of_all_authorizations"
    REVOCATION_OF_AUTHORIZATION = "revocation_of_authorization"
    SECURITY_VIOLATION = "security_violation"
    SERVICE_NOT_ALLOWED = "service_not_allowed"
    STOLEN_CARD = "stolen_card"
    STOP_PAYMENT_ORDER = "stop_payment_order"
    TESTMODE_DECLINE = "testmode_decline"
    TRANSACTION_NOT_ALLOWED = "transaction_not_allowed"
    TRY_AGAIN_LATER = "try_again_later"
    WITHDRAWAL_COUNT_LIMIT_EXCEEDED = "withdrawal_count_limit_exceeded"

    @classmethod
    def from_processor(cls, code: str | None) -> Self:
        """Return the reason of the processor's *code*; a code that is not listed is a generic decline."""
        try:
            return cls(code or "")
        except ValueError:
            return cls("generic_decline")

    @property
    def shown(self) -> "DeclineReason":
        """The reason that a customer may see: a thief must not learn that the card was reported."""
        return DeclineReason.GENERIC_DECLINE if self in _KEPT_SECRET else self


_KEPT_SECRET = frozenset(
    {
        DeclineReason.FRAUDULENT,
        DeclineReason.LOST_CARD,
        DeclineReason.MERCHANT_BLACKLIST,
        DeclineReason.PICKUP_CARD,
        DeclineReason.STOLEN_CARD,
    }
)
