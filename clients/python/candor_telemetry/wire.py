"""One HTTP request as bytes, so that the preview can show exactly what is sent: no library adds a header.

No cookie, no redirect, no proxy, no compression, one connection for each request.
"""

import json
import socket
import ssl
from http.client import HTTPException, HTTPResponse
from typing import Any, NamedTuple
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 10.0
"""For each step of the exchange; the sender's process has a limit for everything."""
MAX_ANSWER_BYTES = 256 * 1024
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
EXCHANGE_ERRORS = (OSError, HTTPException, ValueError)
"""What an exchange with an unknown peer may raise."""


class Reply(NamedTuple):
    """The status, and the JSON object of the body; an empty one when the body is none."""

    status: int
    content: dict[str, Any]


class Server(NamedTuple):
    """Where the receiver is."""

    host: str
    port: int
    is_secure: bool

    @property
    def authority(self) -> str:
        """The value of Host."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.is_secure else 80) else f"{host}:{self.port}"


def parse_server(url: str) -> Server:
    """Return the server of *url*. Raises ValueError when it is neither HTTPS nor on this machine."""
    parts = urlsplit(url)
    is_secure, host = parts.scheme == "https", parts.hostname or ""
    if not host or not (is_secure or (parts.scheme == "http" and host in _LOOPBACK)):
        raise ValueError(f"{url!r} must start with https://")
    return Server(host, parts.port or (443 if is_secure else 80), is_secure)


def build_request(server: Server, method: str, path: str, content: dict[str, Any] | None = None) -> bytes:
    """Return the whole request."""
    body = b"" if content is None else json.dumps(content, separators=(",", ":")).encode()
    lines = [f"{method} {path} HTTP/1.1", f"Host: {server.authority}", "User-Agent: candor-telemetry"]
    if content is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "Accept: application/json", "Connection: close", "", ""]).encode() + body


def exchange(server: Server, request: bytes, timeout: float = TIMEOUT_SECONDS) -> Reply:
    """Send *request* and return the reply. Raises one of EXCHANGE_ERRORS."""
    with socket.create_connection((server.host, server.port), timeout=timeout) as plain:
        connection = _wrap_tls(plain, server.host) if server.is_secure else plain
        with connection:
            connection.sendall(request)
            return _read_reply(connection, request.split(b" ", 1)[0].decode())


def _wrap_tls(plain: socket.socket, host: str) -> socket.socket:
    return ssl.create_default_context().wrap_socket(plain, server_hostname=host)


def _read_reply(connection: socket.socket, method: str) -> Reply:
    response = HTTPResponse(connection, method=method)
    try:
        response.begin()
        raw = response.read(MAX_ANSWER_BYTES + 1)
    finally:
        response.close()
    if len(raw) > MAX_ANSWER_BYTES:
        raise ValueError("the reply is too large")
    try:
        found = json.loads(raw) if raw else {}
    except RecursionError:
        found = {}
    except ValueError:
        found = {}
    return Reply(response.status, found if isinstance(found, dict) else {})
