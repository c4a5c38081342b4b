"""Where the hop to the edge is encrypted, the portal believes the authority that it is given, and no other."""

import ipaddress
import ssl
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from services.portal.errors import ApiUnavailableError
from services.portal.ports.api_client import ApiRequest, open_api_client, tls_context
from shared.clock import utc_now
from shared.settings import SettingError
from tests.integration.portal.edge import FakeEdge

LISTS = ApiRequest(path="/v1/newsletter/lists")


def certificate(folder: Path) -> Path:
    """Write a certificate for loopback that vouches for itself, with its key; return the file."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "edge")])
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key(), serial_number=1)
        .not_valid_before(utc_now() - timedelta(days=1))
        .not_valid_after(utc_now() + timedelta(days=1))
        .add_extension(here, critical=False)
        .sign(key, hashes.SHA256())
    )
    own = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / "edge.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + own)
    return file


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """The certificate of the edge."""
    return certificate(tmp_path)


@pytest.fixture
async def tls_url(edge: FakeEdge, authority: Path) -> AsyncIterator[str]:
    """Where the APIs are, encrypted."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(authority)
    runner = web.AppRunner(edge.app(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    yield f"https://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_the_portal_reaches_the_edge_that_its_authority_vouches_for(tls_url: str, authority: Path) -> None:
    async with open_api_client(tls_url, tls_context(authority)) as api:
        assert (await api.request(LISTS))["items"]


async def test_C20_an_edge_that_nobody_vouches_for_is_told_nothing(
    tls_url: str, edge: FakeEdge, tmp_path_factory: pytest.TempPathFactory
) -> None:
    another = tls_context(certificate(tmp_path_factory.mktemp("another")))
    for believed in (another, None):
        async with open_api_client(tls_url, believed) as api:
            with pytest.raises(ApiUnavailableError):
                await api.request(LISTS)
    assert not edge.asked


@pytest.mark.parametrize("text", [None, "no certificate"])
def test_an_authority_that_cannot_be_used_is_named_in_one_line(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "ca.crt"
    if text is not None:
        file.write_text(text)
    with pytest.raises(SettingError, match=r"PORTAL_API_CA=.*cannot be used") as refused:
        tls_context(file)
    assert len(str(refused.value).splitlines()) == 1
