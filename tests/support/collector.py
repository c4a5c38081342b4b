"""An OTLP collector that keeps every export as a file, for tests of what traces hold."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from shared.ids import new_id


@contextmanager
def collector(folder: Path) -> Iterator[str]:
    """Collect into *folder* while the context is open; yield the URL for OTEL_EXPORTER_OTLP_ENDPOINT."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            folder.mkdir(parents=True, exist_ok=True)
            body = self.rfile.read(int(self.headers["Content-Length"]))
            (folder / new_id("export")).write_bytes(body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing: the output belongs to the tests."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, name="collector")
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
