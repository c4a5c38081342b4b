"""TLS on the service's own port, where the hop from the edge is encrypted too (C20)."""

import asyncio
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from shared.settings import CommonSettings, SettingError

CERTIFICATE_POLL_INTERVAL = 60.0
"""Seconds between looks whether the certificate was renewed."""


@dataclass(frozen=True, slots=True)
class ServerCertificate:
    """The certificate of the service's own port, and its key; renewed ones are used without a restart."""

    cert_file: Path
    key_file: Path

    @classmethod
    def from_settings(cls, settings: CommonSettings) -> Self | None:
        """Return the certificate, where one is set."""
        if settings.tls_cert is None or settings.tls_key is None:
            return None
        return cls(settings.tls_cert, settings.tls_key)

    def create_ssl_context(self) -> ssl.SSLContext:
        """Return a server's context; a file that cannot be used is a SettingError."""
        made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        made.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            made.load_cert_chain(self.cert_file, self.key_file)
        except (OSError, ssl.SSLError) as fault:
            raise SettingError(
                f"CANDOR_TLS_CERT={self.cert_file} and CANDOR_TLS_KEY cannot be used: {fault}"
            ) from fault
        return made

    async def reload_on_change(self, context: ssl.SSLContext) -> None:
        """Load the files whenever they have changed; handshakes from then on show the new certificate."""
        loaded: tuple[float, float] | None = None
        while True:
            # In a thread: the files may be on a network volume, and the loop serves requests.
            changed = await asyncio.to_thread(self._modified_at)
            if changed != loaded:
                # In the loop: OpenSSL allows no change of a context while another thread uses it.
                # A pair that does not fit (yet) fails the worker, which starts again and retries.
                context.load_cert_chain(self.cert_file, self.key_file)
                loaded = changed
            await asyncio.sleep(CERTIFICATE_POLL_INTERVAL)

    def _modified_at(self) -> tuple[float, float]:
        return self.cert_file.stat().st_mtime, self.key_file.stat().st_mtime
