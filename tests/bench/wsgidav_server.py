"""``python -m tests.bench.wsgidav_server FOLDER PORT``: wsgidav on the threaded server that it brings along.

Its answers leave in one piece and at once: as it comes, each waits for the client's delayed acknowledgement.
"""

import sys
from collections.abc import Iterable
from typing import Any, BinaryIO

from wsgidav.server.ext_wsgiutils_server import ExtHandler, ExtServer  # type: ignore[import-untyped] # it has no types
from wsgidav.wsgidav_app import WsgiDAVApp  # type: ignore[import-untyped] # it has no types


class Bounded:
    """The body of one request: who reads on finds its end, and does not wait for the next request."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream, self._left = stream, size

    def read(self, size: int = -1) -> bytes:
        """Read up to *size* bytes of what is left."""
        data = self._stream.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(data)
        return data


def bounded(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Let the application read no more than the body."""
    environ["wsgi.input"] = Bounded(environ["wsgi.input"], int(environ.get("CONTENT_LENGTH") or 0))
    answer: Iterable[bytes] = app(environ, start_response)
    return answer


class Handler(ExtHandler):  # type: ignore[misc] # its base has no types
    """Buffers what it writes."""

    disable_nagle_algorithm = True
    wbufsize = 1 << 16


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
    server = ExtServer(("127.0.0.1", int(port)), {"": bounded})
    server.RequestHandlerClass, server.daemon_threads = Handler, True
    server.serve_forever()
