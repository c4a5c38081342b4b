"""Cards through every way in, texts with a number in many spellings, files, pages, and requests that are none."""

import asyncio
import base64
import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

import aiohttp

from tests.demo.world import Person
from tests.scan.client import TYPED, CardClient
from tests.support.cards import SECURITY_CODE, sealed, typed

CARDS, CHARGES = "/v1/payments/cards", "/v1/payments/charges"
MALFORMED = (
    "GET /{number} HTTP/1.1\r\nHost: x\r\n{number}\r\n\r\n",
    "GET /v1/payments/cards HTTP/1.1\r\nHost: x\r\ncard {number}: x\r\n\r\n",
    "POST /v1/payments/cards HTTP/1.1\r\nHost: x\r\nContent-Length: {number}\r\n\r\n",
    "POST /v1/payments/cards HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: {number}\r\n\r\n",
    "{number} /v1/payments/cards HTTP/1.1\r\nHost: {number}\r\n\r\n",
    "GET /v1/payments/cards HTTP/{number}\r\n\r\n",
    "{number}\r\n\r\n",
)
PAGES = ("/account/cards", "/account", "/account/log-in", "/newsletter", "/policy", "/promises", "/nowhere", "/staff")


def spellings(number: str) -> Iterator[str]:
    """Yield *number* as a person may type it into a text."""
    groups = [number[start : start + 4] for start in range(0, len(number), 4)]
    for separator in (" ", "-", ".", "_", "/", ", ", "  ", "\u2009", "\u200b", "–", "\u2212", "\t", "\n"):
        yield separator.join(groups)
    yield number
    yield f"card{number}card"
    yield number[::-1]
    yield number.translate({ord("0") + each: 0xFF10 + each for each in range(10)})
    yield number.translate({ord("0") + each: 0x0660 + each for each in range(10)})
    yield "".join(f"%{ord(digit):02x}" for digit in number)
    yield "".join(f"\\u{ord(digit):04x}" for digit in number)
    yield base64.b64encode(number.encode()).decode()
    yield number.encode().hex()
    yield number.encode().hex(" ")


async def store_cards(client: CardClient, by: Person) -> list[str]:
    """Store each number as a page does, those that are declined last; return the ids of the stored cards."""
    stored = list[str]()
    for number in sorted(TYPED, key=lambda each: each.startswith("40000000")):
        key, stamp = await _issue(client, by)
        body = {"jwe": sealed(key, typed(stamp, datetime.now(UTC), number=number))}
        _, answer = await client.send("POST", CARDS, by=by, json=body)
        with suppress(ValueError, KeyError):
            stored.append(json.loads(answer)["card_id"])
    return stored


async def attack_cards(client: CardClient, by: Person) -> None:
    """Send cards as no page does: each is refused, and what was in it must be nowhere."""
    key, stamp = await _issue(client, by)
    right = typed(stamp, datetime.now(UTC), number=client.number)
    jwe = sealed(key, right)
    plaintexts: tuple[object, ...] = (
        {**right, "account_id": client.number},
        {**right, "stamp": client.number},
        {**right, "exp_year": 2001},
        {**right, "number": int(client.number)},
        {**right, "number": f"{client.number}0", "security_code": client.number},
        {"card": client.number},
        client.number.encode(),
    )
    bodies: list[object] = [{"jwe": sealed(key, each)} for each in plaintexts]
    bodies += [
        {"jwe": jwe[:-4] + "AAAA"},
        {"jwe": sealed({**key, "kid": client.number}, right)},
        {"jwe": base64.urlsafe_b64encode(json.dumps(right).encode()).decode()},
        {"jwe": client.number},
        {"jwe": jwe, "security_code": SECURITY_CODE, "number": client.number},
        right,
    ]
    for body in bodies:
        await client.send("POST", CARDS, by=by, json=body)
    for _ in TYPED:
        await client.send("DELETE", f"{CARDS}/{client.number}", by=by)
        await client.send("POST", f"{CHARGES}/{client.number}/refunds", by=by, json={"amount": 100})


async def _issue(client: CardClient, by: Person) -> tuple[dict[str, str | None], str]:
    """Return a key to encrypt for, and a stamp for one card."""
    _, content = await client.send("GET", "/v1/payments/encryption-keys", by=by)
    issued = json.loads(content)
    return issued["keys"][0], issued["stamp"]


async def send_texts(client: CardClient, by: Person, cards: list[str]) -> None:
    """Charge each stored card, and type a number into every text that is kept."""
    for card in cards:
        order = {"card_id": card, "amount": 1200, "currency": "USD", "description": "licence"}
        await client.send("POST", CHARGES, by=by, json=order)
    for text in spellings(client.number):
        order = {"card_id": (cards or [client.number])[0], "amount": 100, "currency": "USD", "description": text}
        await client.send("POST", CHARGES, by=by, json=order)
        await client.send("POST", "/v1/identity/app-passwords", by=by, json={"label": text})
        await client.send(
            "GET", "/v1/payments/charges", by=by, headers={"User-Agent": base64.b64encode(text.encode()).decode()}
        )


async def send_files(client: CardClient, person: Person) -> None:
    """Store files with a number as name, content and property: sealed, and so found nowhere in clear."""
    device = {"Authorization": aiohttp.encode_basic_auth(person.username, person.app_password)}
    root = f"/sync/{person.username}"
    for number in TYPED[:6]:
        path = f"{root}/{number}.txt"
        await client.send("PUT", path, headers=device, data=f"my card is {number}".encode() * 20)
        patch = f'<propertyupdate xmlns="DAV:"><set><prop><x xmlns="y">{number}</x></prop></set></propertyupdate>'
        await client.send("PROPPATCH", path, headers=device, data=patch)
        await client.send("MOVE", path, headers={**device, "Destination": f"{client.world.base_url}{root}/a{number}"})
        await client.send("PROPFIND", f"{root}/{number}", headers={**device, "Depth": "0"}, data=f"<{number}")


async def send_pages(client: CardClient) -> None:
    """Open pages and post forms with a number in them."""
    for page in PAGES:
        await client.send("GET", f"{page}/{client.number}")
        await client.send("GET", f"{page}?card={client.number}", headers={"Referer": f"http://x/{client.number}"})
        await client.send("POST", page, data={"number": client.number, client.number: "x"})


async def send_malformed(client: CardClient) -> None:
    """Write what is no request on a bare connection."""
    host, _, port = client.world.base_url.rpartition("//")[2].partition(":")
    for line in MALFORMED:
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(5):
                reader, writer = await asyncio.open_connection(host, int(port or 80))
                writer.write(line.format(number=client.number).encode())
                writer.write_eof()
                client.keep("malformed", await reader.read())
                writer.close()
        client.sent += 1
