"""``python -m tests.conformance.sync.other_server FOLDER PORT``: wsgidav on the server of the standard library."""

import io
import sys
from collections.abc import Iterable
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIServer, make_server

from wsgidav.wsgidav_app import WsgiDAVApp  # type: ignore[import-untyped] # it has no types


class Server(ThreadingMixIn, WSGIServer):
    """Serves each connection in a thread."""

    daemon_threads = True


def bounded(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Let the application read the body and not the connection, which the standard library leaves to it."""
    environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
    answer: Iterable[bytes] = app(environ, start_response)
    return answer


if __name__ == "__main__":
    folder, port = sys.argv[1:]
    app = WsgiDAVApp(
        {
            "provider_mapping": {"/": folder},
            "simple_dc": {"user_mapping": {"*": True}},
            "http_authenticator": {"domain_controller": None},
            "logging": {"enable": False},
            "verbose": 0,
        }
    )
    make_server("127.0.0.1", int(port), bounded, server_class=Server).serve_forever()
