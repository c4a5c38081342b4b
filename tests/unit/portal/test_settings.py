"""Each wrong setting fails by its name."""

from pathlib import Path

import pytest

from services.portal.settings import Settings
from shared.settings import SettingError

GOOD = {"CANDOR_MODE": "local", "CANDOR_PUBLIC_URL": "http://127.0.0.1:8080/", "CANDOR_KEYRING": "portal.json"}


def test_the_portal_needs_three_settings_and_no_database() -> None:
    settings = Settings.from_env(GOOD)
    assert settings.public_url == settings.api_url == "http://127.0.0.1:8080"
    assert (settings.port, settings.keyring) == (8097, Path("portal.json"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CANDOR_PUBLIC_URL", "candor.example"),
        ("CANDOR_SERVICE_PORT", "99999"),
        ("CANDOR_LOG_LEVEL", "loud"),
        ("PORTAL_API_URL", "ftp://127.0.0.1"),
        ("PORTAL_SECURITY_CONTACT", "security@candor.example"),
        ("PORTAL_SECURITY_KEY_URL", "http://candor.example/key"),
        ("PORTAL_SECURITY_REVIEWED_ON", "last week"),
        ("CANDOR_TLS_CERT", "only-one.pem"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=name.removesuffix("_CERT")):
        Settings.from_env({**GOOD, name: value})


@pytest.mark.parametrize("name", ["CANDOR_PUBLIC_URL", "CANDOR_KEYRING"])
def test_a_missing_setting_is_named(name: str) -> None:
    with pytest.raises(SettingError, match=name):
        Settings.from_env({key: value for key, value in GOOD.items() if key != name})


def test_production_without_tls_is_refused() -> None:
    with pytest.raises(SettingError, match="CANDOR_PUBLIC_URL must start with https://"):
        Settings.from_env({**GOOD, "CANDOR_MODE": "production"})
