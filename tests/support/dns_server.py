"""A DNS server on loopback whose zone a test writes: TXT and MX records over UDP."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import cast

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

Zone = Mapping[str, Mapping[str, list[str]]]
"""Names, each with its records by type: ``{"a.example": {"TXT": ["v=spf1 -all"], "MX": ["10 mx.a.example."]}}``."""


class _Responder(asyncio.DatagramProtocol):
    def __init__(self, zone: Zone) -> None:
        self._zone = zone

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not an isinstance: the selector loop's transport of Python 3.11 does not inherit from DatagramTransport.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA | dns.flags.RA
        [question] = query.question
        name = question.name.to_text(omit_final_dot=True).lower()
        records = self._zone.get(name)
        if records is None:
            response.set_rcode(dns.rcode.NXDOMAIN)
        elif found := records.get(dns.rdatatype.to_text(question.rdtype)):
            if found == ["SERVFAIL"]:
                response.set_rcode(dns.rcode.SERVFAIL)
            else:
                texts = [_quote(text) if question.rdtype == dns.rdatatype.TXT else text for text in found]
                response.answer.append(dns.rrset.from_text_list(question.name, 60, "IN", question.rdtype, texts))
        self._transport.sendto(response.to_wire(), addr)


@asynccontextmanager
async def serve_zone(zone: Zone) -> AsyncIterator[int]:
    """Serve *zone* and yield the port."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: _Responder(zone), local_addr=("127.0.0.1", 0))
    try:
        yield transport.get_extra_info("sockname")[1]
    finally:
        transport.close()


def _quote(text: str) -> str:
    """Return a TXT record in strings of at most 255 octets, as long DKIM keys need them."""
    return " ".join(f'"{text[start : start + 255]}"' for start in range(0, len(text), 255))
