"""A service listens where it is told to, with TLS where it has a certificate, or says in one line why it cannot."""

import asyncio
import os
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from shared.bus.consumer_loop import DRAIN_TIMEOUT
from shared.chassis import serve, tls
from shared.chassis.server import GRACEFUL_SHUTDOWN_SECONDS, SHUTDOWN_TIMEOUT
from shared.chassis.tls import ServerCertificate
from shared.settings import CommonSettings, SettingError
from shared.web import build_app
from tests.unit.test_settings import GOOD


def app() -> web.Application:
    return build_app("demo", (), public_url="http://candor.example")


def certificate(folder: Path, serial: int) -> ServerCertificate:
    """Write a certificate for loopback with its key."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "demo")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key(), serial_number=serial)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    found = ServerCertificate(folder / "tls.crt", folder / "tls.key")
    found.cert_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    found.key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return found


def peer_serial(port: int) -> int:
    pem = ssl.get_server_certificate(("127.0.0.1", port), timeout=5)
    return x509.load_pem_x509_certificate(pem.encode()).serial_number


async def test_it_listens_and_says_where() -> None:
    async with serve(app(), "127.0.0.1", 0) as url, aiohttp.ClientSession() as session:
        assert url.startswith("http://127.0.0.1:")
        async with session.get(f"{url}/healthz") as reply:
            assert reply.status == 200
            assert "Server" not in reply.headers or "aiohttp" in reply.headers["Server"]


async def test_a_port_that_is_taken_is_named_in_one_line() -> None:
    async with serve(app(), "127.0.0.1", 0) as url:
        port = int(url.rpartition(":")[2])
        with pytest.raises(SettingError, match=f"CANDOR_SERVICE_PORT={port} .*Address already"):
            async with serve(app(), "127.0.0.1", port):
                pass


@pytest.mark.parametrize("host", ["203.0.113.1", "no-such-host.invalid"])
async def test_a_host_that_is_not_here_is_named_in_one_line(host: str) -> None:
    with pytest.raises(SettingError, match=f"CANDOR_HOST={host}") as refused:
        async with serve(app(), host, 0):
            pass
    assert len(str(refused.value).splitlines()) == 1


async def test_with_a_certificate_it_speaks_tls_of_this_age(tmp_path: Path) -> None:
    context = certificate(tmp_path, 7).create_ssl_context()
    async with serve(app(), "127.0.0.1", 0, tls=context) as url:
        assert url.startswith("https://")
        port = int(url.rpartition(":")[2])
        assert await asyncio.to_thread(peer_serial, port) == 7
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=old)
        assert writer.get_extra_info("ssl_object").version() == "TLSv1.2"
        writer.close()
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


async def test_C20_a_renewed_certificate_is_shown_without_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls, "CERTIFICATE_POLL_INTERVAL", 0.05)
    first = certificate(tmp_path, 1)
    context = first.create_ssl_context()
    async with serve(app(), "127.0.0.1", 0, tls=context) as url:
        port = int(url.rpartition(":")[2])
        renewing = asyncio.create_task(first.reload_on_change(context))
        await asyncio.sleep(0.1)
        assert await asyncio.to_thread(peer_serial, port) == 1
        certificate(tmp_path, 2)
        os.utime(first.cert_file, (1, 1))  # clocks are coarse: another time than before is all that counts
        await asyncio.sleep(0.2)
        assert await asyncio.to_thread(peer_serial, port) == 2
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)


def test_a_certificate_that_cannot_be_used_is_a_wrong_setting(tmp_path: Path) -> None:
    missing = ServerCertificate(tmp_path / "a", tmp_path / "b")
    one, other = certificate(tmp_path, 1), tmp_path / "other"
    other.mkdir()
    for wrong in (
        missing,
        ServerCertificate(one.cert_file, certificate(other, 2).key_file),
        ServerCertificate(one.key_file, one.key_file),
    ):
        with pytest.raises(SettingError, match="CANDOR_TLS_CERT="):
            wrong.create_ssl_context()


def test_without_a_certificate_there_is_none() -> None:
    assert ServerCertificate.from_settings(CommonSettings.from_env(GOOD, "demo", port=1)) is None
    given = {**GOOD, "CANDOR_TLS_CERT": "a", "CANDOR_TLS_KEY": "b"}
    assert ServerCertificate.from_settings(CommonSettings.from_env(given, "demo", port=1)) == ServerCertificate(
        Path("a"), Path("b")
    )


def test_the_parts_of_a_shutdown_fit_into_the_whole() -> None:
    assert 2 * SHUTDOWN_TIMEOUT + DRAIN_TIMEOUT < GRACEFUL_SHUTDOWN_SECONDS
