"""TLS on the service's own port, for encrypted hops from the edge (C20)."""

import asyncio
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from shared.settings import CommonSettings, SettingError

CERTIFICATE_POLL_INTERVAL = 60.0
"""Seconds between checks for a renewed certificate."""


@dataclass(frozen=True, slots=True)
class ServerCertificate:
    """The certificate and key of the service's own port; renewed ones are loaded without a restart."""

    cert_file: Path
    key_file: Path

    @classmethod
    def from_settings(cls, settings: CommonSettings) -> Self | None:
        """Return the configured certificate, or None."""
        if settings.tls_cert is None or settings.tls_key is None:
            return None
        return cls(settings.tls_cert, settings.tls_key)

    def create_ssl_context(self) -> ssl.SSLContext:
        """Return a server context (TLS 1.2 or later); SettingError when a file cannot be used."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(self.cert_file, self.key_file)
        except (OSError, ssl.SSLError) as fault:
            raise SettingError(
                f"CANDOR_TLS_CERT={self.cert_file} and CANDOR_TLS_KEY cannot be used: {fault}"
            ) from fault
        return context

    async def reload_on_change(self, context: ssl.SSLContext) -> None:
        """Reload the files when they change; later handshakes use the new certificate."""
        loaded: tuple[float, float] | None = None
        while True:
            # In a thread: the files may be on a network volume, and the event loop serves requests.
            modified = await asyncio.to_thread(self._modified_at)
            if modified != loaded:
                # In the event loop: OpenSSL forbids changing a context while another thread uses it.
                # A key that does not match the certificate yet fails the worker, which is restarted and retries.
                context.load_cert_chain(self.cert_file, self.key_file)
                loaded = modified
            await asyncio.sleep(CERTIFICATE_POLL_INTERVAL)

    def _modified_at(self) -> tuple[float, float]:
        return self.cert_file.stat().st_mtime, self.key_file.stat().st_mtime
