"""A webhook never leads into our own network (SSRF)."""

from ipaddress import ip_address

import pytest

from shared.webhooks.targets import PrivateAddressError, PublicResolver, TargetPolicy, WebhookTargetError, is_public

STRICT, LOCAL = TargetPolicy(allows_private=False), TargetPolicy(allows_private=True)
INSIDE = [
    "127.0.0.1", "127.8.9.10", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "::1", "::", "fe80::1", "fc00::1",
    "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1",
    "2002:7f00:1::", "2001:0:0:0:0:0:80ff:fffe", "2001:db8::1",
]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_no_address_inside_a_network_is_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07::1", "::ffff:93.184.215.14"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        *(f"https://{address if ':' not in address else f'[{address}]'}/hook" for address in INSIDE),
        "http://hooks.example.org/",
        "ftp://hooks.example.org/",
        "file:///etc/passwd",
        "https://user:secret@hooks.example.org/",
        "https://hooks.example.org/#part",
        "https://hooks.example.org:99999/",
        "https://",
        "https://localhost/",
        "https://mongo/",
        "https://hooks.example.org/a b",
        "https://hooks.example.org/\r\nx: y",
        "https://hóoks.example.org/",
        "https://hooks.example.org/" + "x" * 500,
        "https://[::1",
    ],
)
def test_a_url_that_leads_inside_is_refused_at_registration(url: str) -> None:
    with pytest.raises(WebhookTargetError) as refused:
        STRICT.check_url(url)
    assert refused.value.code == "webhook.target.not_allowed"
    assert "secret" not in str(refused.value.fields)


def test_a_public_https_url_is_taken_and_local_mode_takes_loopback() -> None:
    STRICT.check_url("https://hooks.example.org/candor?x=1")
    STRICT.check_url("https://hooks.example.org:8443/")
    LOCAL.check_url("http://127.0.0.1:9000/hook")


@pytest.mark.parametrize("name", ["localhost", "127.1", "2130706433", "0x7f000001"])
async def test_a_name_that_stands_for_a_private_address_is_refused_when_it_is_called(name: str) -> None:
    resolver = PublicResolver(STRICT)
    try:
        with pytest.raises(PrivateAddressError):
            await resolver.resolve(name, 443)
    finally:
        await resolver.close()
