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
    "PAYMENTS_PROCESSOR": "simulator",
}
STRIPE = {**ENV, "PAYMENTS_PROCESSOR": "stripe", "PAYMENTS_STRIPE_API_KEY": "sk_test_1"}


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


def test_no_processor_is_used_that_is_not_named() -> None:
    with pytest.raises(SettingError, match="PAYMENTS_PROCESSOR"):
        Settings.from_env({name: value for name, value in ENV.items() if name != "PAYMENTS_PROCESSOR"})


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({**ENV, "PAYMENTS_LIVE": "true"}, "simulator moves no money"),
        ({**STRIPE, "PAYMENTS_LIVE": "true"}, "a key of live mode"),
        ({**STRIPE, "PAYMENTS_STRIPE_API_KEY": "sk_live_1"}, "a key of test mode"),
        ({**STRIPE, "PAYMENTS_STRIPE_API_KEY": ""}, "PAYMENTS_STRIPE_API_KEY is missing"),
        (
            {
                **STRIPE,
                "PAYMENTS_STRIPE_API_KEY": "rk_live_1",
                "PAYMENTS_LIVE": "true",
                "PAYMENTS_STRIPE_API_URL": "http://127.0.0.1:1",
            },
            "PAYMENTS_STRIPE_API_URL is for tests",
        ),
        ({**STRIPE, "STRIPE_LOG": "debug"}, "STRIPE_LOG"),
        ({**STRIPE, "PAYMENTS_SIMULATOR_WEBHOOK_URL": "http://127.0.0.1:1"}, "is for PAYMENTS_PROCESSOR=simulator"),
        ({**ENV, "PAYMENTS_SIMULATOR_WEBHOOK_URL": "http://127.0.0.1:1"}, "with PAYMENTS_WEBHOOK_SECRETS"),
        ({**ENV, "PAYMENTS_PROCESSOR_TIMEOUT_SECONDS": "80"}, "PAYMENTS_PROCESSOR_TIMEOUT_SECONDS"),
    ],
)
def test_live_and_test_are_not_mixed(changed: dict[str, str], said: str) -> None:
    with pytest.raises(SettingError, match=said):
        Settings.from_env(changed)


def test_the_key_of_the_processor_is_not_printed() -> None:
    assert "sk_test" not in repr(Settings.from_env(STRIPE))
