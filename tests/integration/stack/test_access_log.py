"""The access log of the real edge: routes instead of private paths, and no card number in any line (C04, C18)."""

import asyncio
import base64
import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import pytest
from aiohttp import web

from shared.card_numbers import contains_card_number
from shared.registry import get_registry
from shared.stack.parts import edge
from tests.integration.portal.conftest import some_ports
from tests.support.card_vectors import CARDS, SPELLINGS, spelled

CARD = "4242424242424242"
FOUND = [card.number for card in CARDS if card.is_found]
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
ID = "chg_01hzx3v9q8r7t6w5y4n3m2k1j0"

Visit = tuple[str, dict[str, str]]


async def logged(folder: Path, visits: Sequence[Visit]) -> list[str]:
    """Return what the edge logs of *visits*, each a request line without its protocol, and headers."""
    edge_port, frontend_port, admin_port, port = some_ports(4)
    runner = web.AppRunner(web.Application(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    config = edge.EdgeConfig(
        port=edge_port,
        frontend_port=frontend_port,
        admin_port=admin_port,
        public_url=f"http://127.0.0.1:{edge_port}",
        upstreams=dict.fromkeys((*get_registry().names, "mailbox"), port),
    )
    async with edge.start(config, data=folder, log=folder / "edge.log"):
        for visit in visits:
            await ask(edge_port, *visit)
    await runner.cleanup()
    assert not contains_card_number((folder / "edge.log").read_bytes())
    # The proxy writes its log when it stops.
    return [line.partition("] ")[2] for line in (folder / "access.log").read_text("latin-1").splitlines()]


async def ask(port: int, request: str, headers: dict[str, str]) -> None:
    """Send one request as it is, byte by byte; what a client library would escape, too."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = [
        f"{request} HTTP/1.1",
        "Host: edge",
        "Connection: close",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    writer.write("\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape"))
    await writer.drain()
    async with asyncio.timeout(5):
        await reader.read()
    writer.close()


async def test_C04_ordinary_visits_are_logged_in_full_and_private_ones_by_their_route(tmp_path: Path) -> None:
    agent = {"User-Agent": BROWSER, "Referer": "https://candor.example/docs?q=1"}
    lines = await logged(
        tmp_path,
        [
            ("GET /docs?token=secret", agent),
            (f"GET /v1/identity/exports/{ID}", agent),
            (f"GET /v1/payments/charges/{ID}?a=1", agent),
            ("GET /v1/payments", agent),
            ("POST /account/cards/tok_1/delete", agent),
            ("GET /sync/ada/private.txt", agent),
            ("GET /account/reports/rep_1", agent),
            ("POST /v1/telemetry/reports", agent),
            ("GET /v1/none", agent),
        ],
    )
    assert [line for line in lines if "/v1/none" in line] == [lines[-1]]
    referer, told = '"https://candor.example/docs"', f'"{BROWSER}"'
    assert lines == [
        f'"GET /docs HTTP/1.1" 404 14 {referer} {told}',
        f'"GET /v1/identity/exports/{ID} HTTP/1.1" 404 14 {referer} {told}',
        f'"GET /v1/payments/* HTTP/1.1" 404 14 "-" {told}',
        f'"GET /v1/payments/* HTTP/1.1" 404 14 "-" {told}',
        f'"POST /account/cards/* HTTP/1.1" 404 14 "-" {told}',
        f'"GET /sync/* HTTP/1.1" 404 14 "-" {told}',
        f'"GET /account/reports/* HTTP/1.1" 404 14 "-" {told}',
        lines[-1],
    ]
    assert re.fullmatch(rf'"GET /v1/none HTTP/1\.1" 404 \d+ {re.escape(referer)} {re.escape(told)}', lines[-1])


def visits_with(text: str) -> list[Visit]:
    """Return the ways in which *text* gets into a request."""
    path = quote(text)
    return [
        (f"GET /v1/payments/cards/{path}", {}),
        (f"POST /v1/payments/charges/{path}/refunds", {}),
        (f"POST /account/cards/{path}/delete", {}),
        (f"GET /v1/identity/{path}", {}),
        (f"GET /{path}", {}),
        (f"GET /docs/{path}?next={path}", {"Cookie": f"a={path}"}),
        ("GET /docs", {"User-Agent": f"app {text}"}),
        ("GET /docs", {"Referer": f"https://candor.example/{path}"}),
        ("GET /v1/payments/cards", {"User-Agent": text, "Referer": path}),
    ]


async def test_C18_no_card_of_the_vectors_gets_into_the_log_by_any_way(tmp_path: Path) -> None:
    visits = [visit for number in FOUND for visit in visits_with(number)]
    lines = await logged(tmp_path, visits)
    assert len(lines) == len(visits)
    assert [
        line for line in lines if contains_card_number(line.rpartition(" HTTP/1.1")[0] + line.rpartition('" ')[2])
    ] == []
    assert not any(number in line for line in lines for number in FOUND)


async def test_C18_no_spelling_of_a_card_gets_into_the_log(tmp_path: Path) -> None:
    texts = [text for name in SPELLINGS if (text := spelled(name, CARD)) and not {"\n", "\t"} & set(text)]
    visits = [visit for text in texts for visit in visits_with(text)]
    lines = await logged(tmp_path, visits)
    traces = [line for line in lines if any(contains_card_number(part) for part in line.split('"')[1::2])]
    assert traces == []
    assert not any(base64.b64encode(CARD.encode()).decode()[:8] in line for line in lines)


@pytest.mark.parametrize(
    "request_line", [f"{CARD} /docs", f"GET {CARD}", f"GET /docs HTTP/{CARD}", f"GET http://{CARD}/", f"GET\t/{CARD}"]
)
async def test_b4_02_a_malformed_request_leaves_no_number(tmp_path: Path, request_line: str) -> None:
    lines = await logged(tmp_path, [(request_line, {}), ("GET /docs", {f"X-{CARD}": CARD, "a_b": CARD})])
    assert not any(contains_card_number(line) for line in lines)
