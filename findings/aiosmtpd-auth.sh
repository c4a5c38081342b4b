#!/bin/sh
# aiosmtpd 1.4.6, an SMTP server with STARTTLS and no authenticator, asked through smtplib of Python 3.11.
#
# Expected: a server without an authenticator offers no AUTH (RFC 4954: the keyword lists the mechanisms).
# Found: before STARTTLS it offers none; after it EHLO has the lines AUTH LOGIN PLAIN, and with both mechanisms
# excluded (auth_exclude_mechanism) a line AUTH with an empty list. A client that believes it tries to log in.
# So services/newsletter/api/inbound/smtp.py takes the line out of the reply (handle_EHLO).
#
# Installs the pinned packages into a temporary folder. Exits 0 while all of this is so.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet aiosmtpd==1.4.6 cryptography==46.0.3
"$work/venv/bin/python" - "$work" <<'PROGRAM'
import datetime
import smtplib
import socket
import ssl
import sys
from pathlib import Path

from aiosmtpd.controller import Controller
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

work = Path(sys.argv[1])
key = ec.generate_private_key(ec.SECP256R1())
name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
now = datetime.datetime.now(datetime.UTC)
certificate = (
    x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    .not_valid_before(now)
    .not_valid_after(now + datetime.timedelta(days=1))
    .sign(key, hashes.SHA256())
)
(work / "tls.pem").write_bytes(
    key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    + certificate.public_bytes(serialization.Encoding.PEM)
)
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(work / "tls.pem")


class Handler:
    async def handle_DATA(self, server, session, envelope):
        return "250 OK"


def offered(**options):
    """Return what EHLO offers for AUTH before and after STARTTLS; None when the keyword is missing."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Controller(Handler(), hostname="127.0.0.1", port=port, tls_context=context, **options)
    server.start()
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
            client.ehlo()
            before = client.esmtp_features.get("auth")
            client.starttls(context=ssl._create_unverified_context())
            client.ehlo()
            return before, client.esmtp_features.get("auth")
    finally:
        server.stop()


found = offered(), offered(auth_exclude_mechanism=["LOGIN", "PLAIN"])
print(f"AUTH before and after STARTTLS: {found[0]}, without mechanisms: {found[1]}")
sys.exit("no longer so" if found[0][0] is not None or found[0][1] is None or found[1][1] is None else 0)
PROGRAM
