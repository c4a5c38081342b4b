"""SMTP_URL: three schemes, and no password in the clear."""

import pytest

from shared.mail import SmtpUrl
from shared.settings import Secret, SettingError


@pytest.mark.parametrize(
    ("url", "host", "port", "user"),
    [
        ("smtp://127.0.0.1:1025", "127.0.0.1", 1025, None),
        ("smtp://relay.example", "relay.example", 25, None),
        ("smtps://u%40x:p%2F@relay.example", "relay.example", 465, "u@x"),
        ("smtp+starttls://u:p@relay.example", "relay.example", 587, "u"),
        ("smtp://u:p@localhost", "localhost", 25, "u"),
    ],
)
def test_a_relay_is_read(url: str, host: str, port: int, user: str | None) -> None:
    read = SmtpUrl.parse(Secret(url))
    assert (read.host, read.port, read.user) == (host, port, user)
    assert "p%2F" not in repr(read)


@pytest.mark.parametrize("url", ["", "http://relay.example", "smtp:relay.example", "smtps://"])
def test_what_is_no_relay_names_its_setting(url: str) -> None:
    with pytest.raises(SettingError, match=r"^SMTP_URL must be like [^\n]*$"):
        SmtpUrl.parse(Secret(url))


def test_a_password_does_not_cross_a_network_in_the_clear() -> None:
    with pytest.raises(SettingError, match="no TLS") as refused:
        SmtpUrl.parse(Secret("smtp://u:hunter2@relay.example"))
    assert "hunter2" not in str(refused.value)
