"""TLS on every hop of the platform: certificates made here, the release upgraded to them, and no way round."""

import base64
import ipaddress
import json
import ssl
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.architecture.tree import services
from tests.chart.rendering import Manifest
from tests.cluster import release
from tests.cluster.cluster import NAMESPACE, ClusterError, apply, cluster, kubectl, until

Key = ec.EllipticCurvePrivateKey
ASK = """
import http.client, json, ssl, sys, urllib.request
found = {}
for url in json.loads(sys.argv[1]):
    trust = ssl.create_default_context(cafile="/etc/candor/pod-tls/ca.crt")
    try:
        found[url] = urllib.request.urlopen(url, timeout=5, context=trust).status
    except (OSError, http.client.HTTPException) as fault:
        found[url] = type(fault).__name__
print(json.dumps(found))
"""

DAYS = """
import urllib.request
told = urllib.request.urlopen("http://127.0.0.1:9901/stats/prometheus", timeout=5).read().decode().splitlines()
print(next(line.split()[-1] for line in told if line.startswith("envoy_server_days_until_first_cert_expiring")))
"""


class Authority:
    """A certificate authority of one test; *file* holds what customers believe."""

    def __init__(self, file: Path) -> None:
        """Make it."""
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Candor cluster test")])
        made = _certificate(self._name, self._name, self._key, days=365)
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        self.certificate = made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        self.file = file
        self.file.write_bytes(self.certificate)

    def secret(self, name: str, hosts: list[str], *, days: int = 90) -> Manifest:
        """Return a secret with a certificate for *hosts*, as cert-manager makes them."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0])])
        made = _certificate(subject, self._name, key, days=days)
        made = made.add_extension(x509.SubjectAlternativeName([_host(host) for host in hosts]), critical=False)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        signed = made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        data = {"tls.crt": signed, "tls.key": pem, "ca.crt": self.certificate}
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "namespace": NAMESPACE},
            "type": "kubernetes.io/tls",
            "data": {file: base64.b64encode(content).decode() for file, content in data.items()},
        }


def _certificate(subject: x509.Name, issuer: x509.Name, key: Key, *, days: int) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number())
    return made.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=days, hours=1))


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def encrypted_values() -> dict[str, Any]:
    """Return the values of the release with TLS."""
    return release.values(publicUrl=f"https://127.0.0.1:{release.PORT}", tls={"enabled": True})


def install_certificates(authority: Authority) -> None:
    """Make the two secrets that the chart asks for."""
    pods = [f"{release.NAME}-{name}" for name in (*services(), "frontend")]
    names = [*pods, *(f"{name}.{NAMESPACE}.svc" for name in pods)]
    apply([_of_edge(authority, days=90), authority.secret("candor-pod-tls", names)])


def _of_edge(authority: Authority, *, days: int) -> Manifest:
    return authority.secret("candor-edge-tls", ["127.0.0.1"], days=days)


def renewed(authority: Authority, *, days: int) -> float:
    """Give the edges a certificate of so many *days*; return the seconds until all of them tell and show it."""
    began, before = time.monotonic(), _starts()
    apply([_of_edge(authority, days=days)])
    until(f"{days} days", lambda: _days_told() == {days} and _days_shown(authority) == days)
    if _starts() != before:
        raise ClusterError("something was restarted")
    return time.monotonic() - began


def _starts() -> dict[str, int]:
    pods = release.running()
    return {pod["metadata"]["name"]: pod["status"]["containerStatuses"][0]["restartCount"] for pod in pods}


def _days_told() -> set[int]:
    """Return what the metric of the alert CertificateExpires says, at each edge."""
    edges = [pod["metadata"]["name"] for pod in release.running() if release.component(pod) == "edge"]
    return {int(float(kubectl("exec", edge, "--", "python3", "-c", DAYS))) for edge in edges}


def _days_shown(authority: Authority) -> int:
    shown = ssl.get_server_certificate(("127.0.0.1", release.PORT), ca_certs=str(authority.file))
    return (x509.load_pem_x509_certificate(shown.encode()).not_valid_after_utc - datetime.now(UTC)).days


def every_hop_is_encrypted(authority: Authority) -> int:
    """Ask the edge as a customer does, and each service as the edge does and in plain; return how many were asked."""
    trust = ssl.create_default_context(cafile=authority.file)
    for path in ("/healthz", "/promises", "/v1/telemetry/question"):
        with urllib.request.urlopen(f"https://127.0.0.1:{release.PORT}{path}", timeout=20, context=trust) as answer:
            if answer.status != 200:
                raise ClusterError(f"https {path} answered {answer.status}")
    _no_plain_answer_at_the_edge()
    asked = [f"{scheme}://{release.NAME}-{name}:8080/healthz" for name in services() for scheme in ("https", "http")]
    edge = next(pod for pod in release.running() if release.component(pod) == "edge")
    command = ("kubectl", "-n", NAMESPACE, "exec", edge["metadata"]["name"], "--", "python3", "-c", ASK)
    found = json.loads(cluster(*command, json.dumps(asked), limit=120))
    wrong = {url: told for url, told in found.items() if (told == 200) is not url.startswith("https:")}
    if wrong:
        raise ClusterError(f"with TLS: {wrong}")
    return len(services())


def _no_plain_answer_at_the_edge() -> None:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{release.PORT}/healthz", timeout=10)
    except (OSError, ValueError):
        return
    raise ClusterError("the edge answers plain http although TLS is on")
