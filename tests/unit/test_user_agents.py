"""Of a User-Agent only the names of program and system are stored."""

import pytest

from shared.user_agents import describe_user_agent


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_1) AppleWebKit/605 Version/17.1 Safari/605", "Safari on macOS"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537 Chrome/120 Safari/537 Edg/120", "Edge on Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0", "Firefox on Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) Version/17.1 Safari/604", "Safari on iPhone"),
        ("Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) Version/17.5 Mobile Safari/604.1", "Safari on iPad"),
        (
            "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/126.0.0.0 Mobile Safari/537.36",
            "Chrome on Android",
        ),
        ("Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0", "Firefox on Linux"),
        ("curl/8.4.0", "curl"),
        ("rclone/v1.66.0", "rclone"),
        ("x" * 100_000, "An app"),
        ("\u202e<script>", "An app"),
        ("", "An app"),
        ("X4242424242424242/1.0", "An app"),
        ("Y 4242 4242 4242 4242", "An app"),
    ],
)
def test_C01_of_a_client_only_its_name_is_kept(agent: str, name: str) -> None:
    assert describe_user_agent(agent) == name
