"""A card must not live longer than its use is remembered."""

import pytest

from services.payments.settings import Settings
from shared.settings import SettingError

ENV = {
    "CANDOR_PUBLIC_URL": "https://candor.example",
    "MONGO_URL": "mongodb://127.0.0.1:1",
    "AMQP_URL": "amqp://127.0.0.1:1",
    "CANDOR_KEYRING": "keyring.json",
    "SMTP_URL": "smtp://127.0.0.1:1",
}


def test_the_defaults_are_strict() -> None:
    assert Settings.from_env(ENV).card_stamp_ttl.total_seconds() == 600


def test_a_card_lifetime_beyond_the_memory_of_used_cards_is_refused() -> None:
    with pytest.raises(SettingError, match="PAYMENTS_CARD_STAMP_TTL_SECONDS"):
        Settings.from_env({**ENV, "PAYMENTS_CARD_STAMP_TTL_SECONDS": "901"})


def test_refund_limits_are_given_in_whole_units() -> None:
    found = Settings.from_env({**ENV, "PAYMENTS_REFUND_LIMITS": "USD=50, JPY=5000,KWD=10"}).refund_limits
    assert found == {"USD": 5_000, "JPY": 5_000, "KWD": 10_000}
    assert Settings.from_env(ENV).refund_limits["EUR"] == 10_000


@pytest.mark.parametrize("wrong", ["USD", "USD=", "USD=1.5", "usd=1", "XXY=1", "USD=-1"])
def test_a_limit_that_cannot_be_read_is_refused_by_name(wrong: str) -> None:
    with pytest.raises(SettingError, match="PAYMENTS_REFUND_LIMITS"):
        Settings.from_env({**ENV, "PAYMENTS_REFUND_LIMITS": wrong})


def test_webhook_secrets_are_never_shown() -> None:
    found = Settings.from_env({**ENV, "PAYMENTS_WEBHOOK_SECRETS": "whsec_a, whsec_b"})
    assert [secret.get_secret_value() for secret in found.webhook_secrets] == ["whsec_a", "whsec_b"]
    assert "whsec" not in repr(found)
