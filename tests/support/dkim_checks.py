"""Independent verifiers of DKIM signatures: dkimpy and OpenDKIM. They find the key where the DNS record says."""

import subprocess
import tempfile
from pathlib import Path
from shutil import which

import dkim

from shared.mail import DkimSigner

_OPENDKIM = which("opendkim") or "/usr/sbin/opendkim"


def check_with_dkimpy(raw: bytes, signer: DkimSigner) -> bool:
    """Return whether dkimpy accepts the signature."""
    name, text = _split_record(signer)

    def dns(asked: bytes | str, timeout: int = 5) -> bytes:
        asked = asked.decode() if isinstance(asked, bytes) else asked
        return text.encode() if asked.rstrip(".") == name else b""

    return bool(dkim.verify(raw, dnsfunc=dns))


def opendkim_is_installed() -> bool:
    """Return whether OpenDKIM can be run."""
    return Path(_OPENDKIM).exists()


def check_with_opendkim(raw: bytes, signer: DkimSigner) -> str:
    """Return what OpenDKIM says against the signature; "" when it is good. Its exit code says nothing."""
    name, text = _split_record(signer)
    with tempfile.TemporaryDirectory(prefix="candor-opendkim-") as folder:
        home = Path(folder)
        (home / "dns").write_text(f"{name} {text}\n")
        (home / "conf").write_text(f"Mode v\nTestDNSData {home / 'dns'}\nTrustSignaturesFrom *\n")
        (home / "message").write_bytes(raw)
        command = [_OPENDKIM, "-x", str(home / "conf"), "-vv", "-t", str(home / "message")]
        ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    said = ended.stdout + ended.stderr
    return "" if "verification (s=" in said and "succeeded" in said else said or "it said nothing"


def _split_record(signer: DkimSigner) -> tuple[str, str]:
    name, text = signer.dns_record().split(". IN TXT ")
    return name, text.strip('"')
