"""Checks what the DNS says about the sending domain: SPF, DKIM, DMARC, their alignment, and where answers go.

Nothing is cached: a corrected record counts at once. Mail providers refuse mail of a domain that fails here (550 5.7.26
of Gmail, 550 5.7.515 of Microsoft).
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

import dns.asyncresolver
import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver

_TIMEOUT = 5.0
_MAX_SPF_LOOKUPS = 10
_MAX_VOID_LOOKUPS = 2
_MAX_LABELS = 8
_SPF_MECHANISMS = {"all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists"}
_SPF_LOOKUPS = {"include", "a", "mx", "ptr", "exists", "redirect"}


class DnsFaultError(Exception):
    """The DNS server did not answer, or answered with an error."""


class DnsLookup(Protocol):
    """Looks up records; an empty answer means that there are none."""

    async def list_txt(self, name: str) -> list[str]:
        """Return the TXT records of *name*, each joined from its strings."""
        ...

    async def list_mx(self, name: str) -> list[str]:
        """Return the mail hosts of *name*."""
        ...


@dataclass(frozen=True, slots=True)
class DnsServer:
    """The DNS server that the settings name."""

    host: str
    port: int = 53

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the setting CANDOR_DNS: ``9.9.9.9``, ``127.0.0.1:5353``, ``[2620:fe::fe]`` or ``[::1]:5353``."""
        host, bracket, rest = text.removeprefix("[").partition("]")
        if not bracket:
            host, _, rest = text.partition(":")
        port = rest.removeprefix(":")
        return cls(host, int(port)) if port else cls(host)

    async def list_txt(self, name: str) -> list[str]:
        """Return the TXT records of *name*."""
        found = await self._resolve(name, dns.rdatatype.TXT)
        return [b"".join(record.strings).decode("utf-8", "replace") for record in found]

    async def list_mx(self, name: str) -> list[str]:
        """Return the mail hosts of *name*."""
        found = await self._resolve(name, dns.rdatatype.MX)
        return [record.exchange.to_text(omit_final_dot=True) for record in found]

    async def _resolve(self, name: str, kind: dns.rdatatype.RdataType) -> Sequence[Any]:
        resolver = dns.asyncresolver.Resolver(configure=False)
        resolver.nameservers, resolver.port, resolver.lifetime = [self.host], self.port, _TIMEOUT
        try:
            return list(await resolver.resolve(f"{name}.", kind))
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.DNSException, OSError, ValueError) as fault:
            raise DnsFaultError(f"{name}: {type(fault).__name__}") from fault


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingDomain:
    """What mail says about its sender."""

    from_domain: str
    bounce_domain: str
    """The domain of MAIL FROM, which SPF is about."""
    reply_domain: str
    dkim_records: Sequence[str]
    """The record of each key that signs, as a line of the zone."""


@dataclass(frozen=True, slots=True)
class DnsFinding:
    """One finding; *remedy* is empty when all is well."""

    message: str
    remedy: str = ""


async def check_sending_domain(lookup: DnsLookup, domain: SendingDomain) -> list[DnsFinding]:
    """Return the findings, one for each thing that a mail provider checks."""
    try:
        return [finding async for finding in _findings(lookup, domain)]
    except DnsFaultError as fault:
        return [DnsFinding(f"the DNS server does not answer ({fault})", "correct CANDOR_DNS, or leave it unset")]


async def _findings(lookup: DnsLookup, domain: SendingDomain) -> AsyncIterator[DnsFinding]:
    yield await _check_spf(lookup, domain.bounce_domain)
    for record in domain.dkim_records:
        yield await _check_dkim(lookup, record)
    if not domain.dkim_records:
        yield DnsFinding(f"DKIM of {domain.from_domain}: no key here, the relay must sign")
    records = await _find_dmarc(lookup, domain.from_domain)
    yield _judge_dmarc(domain.from_domain, records)
    if records:
        yield await _check_alignment(lookup, domain, records[0][1])
    for name in sorted({domain.reply_domain, domain.bounce_domain}):
        yield await _check_mx(lookup, name)


async def _check_spf(lookup: DnsLookup, name: str) -> DnsFinding:
    walk = _SpfWalk(lookup)
    fault = await walk.find_fault(name)
    if fault:
        return DnsFinding(f"SPF of {name}: {fault}", f'{name}. IN TXT "v=spf1 include:<your relay> -all"')
    return DnsFinding(f"SPF of {name} ({walk.lookups} of {_MAX_SPF_LOOKUPS} lookups)")


@dataclass(slots=True)
class _SpfWalk:
    """Reads an SPF record with what it includes, and counts its lookups (RFC 7208)."""

    lookup: DnsLookup
    lookups: int = 0
    voids: int = 0
    _seen: set[str] = field(default_factory=set)

    async def find_fault(self, name: str, *, is_included: bool = False) -> str:
        """Return what is wrong with the record of *name*; empty when nothing is."""
        if name in self._seen:
            return f"{name} includes itself"
        self._seen.add(name)
        found = [text for text in await self.lookup.list_txt(name) if _is_spf(text)]
        if len(found) != 1:
            return f"{len(found)} records at {name}, there must be one" if found else self._count_void(name)
        terms = [term.casefold() for term in found[0].split()[1:]]
        for term in terms:
            if fault := await self._find_term_fault(name, term):
                return fault
        return "" if is_included else _judge_spf_end(terms)

    def _count_void(self, name: str) -> str:
        self.voids += 1
        return f"no record at {name}"

    async def _find_term_fault(self, name: str, term: str) -> str:
        modifier, is_modifier, target = term.partition("=")
        if is_modifier and modifier.isalnum():
            return await self._follow(target, "redirect") if modifier == "redirect" else ""
        mechanism, _, value = term.lstrip("+-~?").partition(":")
        mechanism = mechanism.partition("/")[0]
        if mechanism not in _SPF_MECHANISMS:
            return f"{name} has the unknown term {mechanism[:40]!r}"
        if mechanism == "include":
            return await self._follow(value, "include")
        return self._count_lookup() if mechanism in _SPF_LOOKUPS else ""

    async def _follow(self, target: str, how: str) -> str:
        if not target:
            return f"{how} names no domain"
        if "%" in target:
            return self._count_lookup()  # a macro: it depends on the mail
        return self._count_lookup() or await self.find_fault(target, is_included=how == "include")

    def _count_lookup(self) -> str:
        self.lookups += 1
        too_many = self.lookups > _MAX_SPF_LOOKUPS or self.voids > _MAX_VOID_LOOKUPS
        return f"takes more than {_MAX_SPF_LOOKUPS} lookups, so receivers ignore it" if too_many else ""


def _is_spf(text: str) -> bool:
    return text.casefold() == "v=spf1" or text.casefold().startswith("v=spf1 ")


def _judge_spf_end(terms: Sequence[str]) -> str:
    if "all" in terms or "+all" in terms:
        return "it lets the whole internet send for you (+all)"
    if any(term in {"-all", "~all"} for term in terms) or any(term.startswith("redirect=") for term in terms):
        return ""
    return "it does not end in -all or ~all"


async def _check_dkim(lookup: DnsLookup, remedy: str) -> DnsFinding:
    name, _, wanted = remedy.partition(". IN TXT ")
    found = await lookup.list_txt(name)
    if not found:
        return DnsFinding(f"DKIM at {name}: no record", remedy)
    if len(found) > 1:
        return DnsFinding(f"DKIM at {name}: {len(found)} records, there must be one", remedy)
    tags = _parse_tags(found[0])
    published = "".join(tags.get("p", "").split())
    if not published:
        return DnsFinding(f"DKIM at {name}: the key is revoked (empty p=)", remedy)
    if published != _parse_tags(wanted.strip('"'))["p"]:
        return DnsFinding(f"DKIM at {name}: another key than the one that signs", remedy)
    return DnsFinding(f"DKIM at {name}")


async def _find_dmarc(lookup: DnsLookup, name: str) -> list[tuple[str, dict[str, str]]]:
    """Return the DMARC records of *name* and above, the nearest first, by a walk up the tree."""
    found = []
    for parent in _list_parents(name):
        texts = [text for text in await lookup.list_txt(f"_dmarc.{parent}") if text.casefold().startswith("v=dmarc1")]
        if len(texts) == 1:  # several count as none (RFC 7489 6.6.3)
            found.append((parent, _parse_tags(texts[0])))
    return found


def _judge_dmarc(name: str, records: Sequence[tuple[str, dict[str, str]]]) -> DnsFinding:
    remedy = f'_dmarc.{name}. IN TXT "v=DMARC1; p=quarantine; rua=mailto:dmarc@{name}"'
    if not records:
        return DnsFinding(f"DMARC of {name}: no record, or several", remedy)
    where, tags = records[0]
    policy = (tags.get("sp") if where != name else None) or tags.get("p", "")
    if policy.casefold() not in {"none", "quarantine", "reject"}:
        return DnsFinding(f"DMARC of {name}: the record at {where} has no valid policy (p=)", remedy)
    return DnsFinding(f"DMARC of {name} (p={policy.casefold()})")


async def _check_alignment(lookup: DnsLookup, domain: SendingDomain, tags: Mapping[str, str]) -> DnsFinding:
    """DKIM signs for the From domain, so it is aligned; SPF is, when the bounce domain belongs to the same owner."""
    what = f"alignment of {domain.bounce_domain} with {domain.from_domain}"
    if domain.bounce_domain == domain.from_domain:
        return DnsFinding(what)
    if tags.get("aspf", "r").casefold() == "s":
        return DnsFinding(f"{what}: aspf=s wants the same domain", "remove aspf=s, or set CANDOR_INBOUND_DOMAIN to it")
    ours, theirs = [await _find_organization(lookup, name) for name in (domain.from_domain, domain.bounce_domain)]
    if ours != theirs:
        return DnsFinding(
            f"{what}: they are of two organisations, {ours} and {theirs}",
            f"set CANDOR_INBOUND_DOMAIN to a name below {ours}",
        )
    return DnsFinding(what)


async def _find_organization(lookup: DnsLookup, name: str) -> str:
    """Return the organisational domain: the highest name with a DMARC record, or the one marked psd=n."""
    records = await _find_dmarc(lookup, name)
    for where, tags in records:
        if tags.get("psd") == "n":
            return where
    above = [where for where, tags in records if tags.get("psd") != "y"]
    return above[-1] if above else name


async def _check_mx(lookup: DnsLookup, name: str) -> DnsFinding:
    hosts = await lookup.list_mx(name)
    if not [host for host in hosts if host not in {"", "."}]:
        return DnsFinding(f"MX of {name}: none, so answers and bounces are lost", f"{name}. IN MX 10 <your mail host>.")
    return DnsFinding(f"MX of {name}")


def _list_parents(name: str) -> Iterator[str]:
    """Yield *name* and its parents with at least two labels; of a long name, the last ones."""
    labels = name.split(".")
    yield name
    for start in range(max(1, len(labels) - _MAX_LABELS + 1), len(labels) - 1):
        yield ".".join(labels[start:])


def _parse_tags(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(";"))
    return {name.strip().casefold(): value.strip() for name, _, value in pairs if name.strip()}
