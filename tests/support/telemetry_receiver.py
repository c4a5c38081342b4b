"""A receiver of reports for the client's tests: raw sockets, the tokens of RFC 9497, and the bytes as they came."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from candor_telemetry.encoding import decode, encode
from candor_telemetry.program import QUESTION_VERSION
from candor_telemetry.weeks import IsoWeeks, iter_weeks
from voprf import ristretto

SEED = bytes(32)
PROOF_BYTES = 64
Serve = Callable[[socket.socket, "Receiver"], None]


class Receiver:
    """What arrived, and the keys of the weeks."""

    def __init__(self, weeks: IsoWeeks | None = None, first: str = "2026-W47") -> None:
        self.requests: list[bytes] = []
        self.weeks = tuple(iter_weeks(weeks or IsoWeeks(), first, 20))
        self.key_info = "honest"
        self.report_status = 202
        self.url = ""
        self.closed = threading.Event()

    def paths(self) -> list[str]:
        return [request.split(b" ", 2)[1].decode() for request in self.requests]

    def reports(self) -> list[dict[str, Any]]:
        return [
            json.loads(request.split(b"\r\n\r\n", 1)[1])["reports"][0]
            for request in self.requests
            if b"POST /v1/telemetry/reports " in request
        ]

    def verifies(self, report: dict[str, Any]) -> bool:
        expected = self.key(report["week"]).evaluate_known_input(decode(report["number"]))
        return bool(encode(expected) == report["token"])

    def key(self, week: str, info: str = "honest") -> ristretto.Evaluator:
        return ristretto.Evaluator.from_seed(SEED, f"{info}/{week}".encode())

    def reply_to(self, request: bytes) -> tuple[int, dict[str, Any]]:
        path, body = request.split(b" ", 2)[1].decode(), request.split(b"\r\n\r\n", 1)[1]
        match path:
            case "/v1/telemetry/keys":
                keys = [
                    {"week": week, "public_key": encode(self.key(week).public_key.serialize())} for week in self.weeks
                ]
                return 200, {"question_version": QUESTION_VERSION, "keys": keys}
            case "/v1/telemetry/tokens":
                return 200, {"evaluations": [self._evaluate(each) for each in json.loads(body)["elements"]]}
            case "/v1/telemetry/reports":
                return self.report_status, {}
            case "/v1/telemetry/reports/deletions":
                return 204, {}
        return 404, {}

    def _evaluate(self, element: dict[str, str]) -> dict[str, str]:
        blinded = ristretto.BlindedInput.deserialize(decode(element["blinded"]))
        output = self.key(element["week"], self.key_info).evaluate(blinded).serialize()
        evaluated, proof = output[PROOF_BYTES:], output[:PROOF_BYTES]
        return {"week": element["week"], "evaluated": encode(evaluated), "proof": encode(proof)}


def serve_honestly(connection: socket.socket, receiver: Receiver) -> None:
    """Read one request, keep its bytes, and answer."""
    request = read_request(connection)
    receiver.requests.append(request)
    status, content = receiver.reply_to(request)
    body = b"" if status == 204 else json.dumps(content).encode()
    connection.sendall(f"HTTP/1.1 {status} x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)


def serve_silently(connection: socket.socket, receiver: Receiver) -> None:
    """Take the request and never answer."""
    receiver.closed.wait()


def serve_slowly(connection: socket.socket, receiver: Receiver) -> None:
    """Answer one byte a second."""
    with suppress(OSError):
        for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b" " * 60:
            connection.sendall(bytes([byte]))
            if receiver.closed.wait(1):
                return


def serve_failures(connection: socket.socket, receiver: Receiver) -> None:
    """Answer 500 to everything."""
    receiver.requests.append(read_request(connection))
    connection.sendall(b"HTTP/1.1 500 x\r\nContent-Length: 0\r\n\r\n")


def read_request(connection: socket.socket) -> bytes:
    """Return one request, with its body."""
    request = b""
    while b"\r\n\r\n" not in request and (more := connection.recv(65536)):
        request += more
    head, _, body = request.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length:")), 0)
    while len(body) < length and (more := connection.recv(65536)):
        body += more
    return head + b"\r\n\r\n" + body


@contextmanager
def running_receiver(serve: Serve = serve_honestly, **options: Any) -> Iterator[Receiver]:
    """Run a receiver on loopback."""
    receiver = Receiver(**options)
    listener = socket.create_server(("127.0.0.1", 0))
    receiver.url = f"http://127.0.0.1:{listener.getsockname()[1]}"

    def handle(connection: socket.socket) -> None:
        with connection:
            serve(connection, receiver)

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=handle, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield receiver
    finally:
        receiver.closed.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
