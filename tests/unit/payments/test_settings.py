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
    assert Settings.from_env(ENV).card_payload_ttl.total_seconds() == 600


def test_a_card_lifetime_beyond_the_memory_of_used_cards_is_refused() -> None:
    with pytest.raises(SettingError, match="PAYMENTS_CARD_PAYLOAD_TTL_SECONDS"):
        Settings.from_env({**ENV, "PAYMENTS_CARD_PAYLOAD_TTL_SECONDS": "901"})
