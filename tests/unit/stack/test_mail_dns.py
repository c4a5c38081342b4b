"""The doctor says what the DNS lacks before a mail provider refuses mail for it."""

import pytest

from shared.crypto import Key, KeyUse
from shared.crypto.keyring import Keyring, _generate_rsa_key
from shared.mail import DkimSigner
from shared.stack.mail_dns import DnsFinding, DnsServer, SendingDomain, check_sending_domain
from tests.support import NOON
from tests.support.dns_server import Zone, serve_zone

KEY = Key(id="key_1", use=KeyUse.DKIM, created_at=NOON, secret=_generate_rsa_key())
SIGNER = DkimSigner.from_keyring(Keyring([KEY]), "candor.example")
assert SIGNER is not None
RECORD = SIGNER.dns_record()
DOMAIN = SendingDomain(
    from_domain="candor.example",
    bounce_domain="in.candor.example",
    reply_domain="candor.example",
    dkim_records=[RECORD],
)
SOUND: dict[str, dict[str, list[str]]] = {
    "in.candor.example": {"TXT": ["v=spf1 include:relay.example -all"], "MX": ["10 mx.candor.example."]},
    "relay.example": {"TXT": ["google-site-verification=x", "v=spf1 ip4:192.0.2.0/24 ~all"]},
    "key-1._domainkey.candor.example": {"TXT": [RECORD.partition(' IN TXT "')[2].rstrip('"')]},
    "_dmarc.candor.example": {"TXT": ["v=DMARC1; p=quarantine"]},
    "candor.example": {"MX": ["10 mx.candor.example."]},
}


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [("9.9.9.9", "9.9.9.9", 53), ("127.0.0.1:5353", "127.0.0.1", 5353), ("[::1]", "::1", 53), ("[::1]:54", "::1", 54)],
)
def test_a_server_is_named_by_address_and_port(text: str, host: str, port: int) -> None:
    assert DnsServer.parse(text) == DnsServer(host, port)


async def findings(changed: Zone, domain: SendingDomain = DOMAIN) -> list[DnsFinding]:
    async with serve_zone({**SOUND, **changed}) as port:
        return await check_sending_domain(DnsServer("127.0.0.1", port), domain)


async def faults(changed: Zone, domain: SendingDomain = DOMAIN) -> list[str]:
    return [finding.message for finding in await findings(changed, domain) if finding.remedy]


async def test_a_sound_domain_has_no_fault() -> None:
    found = await findings({})
    assert [finding.message for finding in found if finding.remedy] == []
    assert [finding.message.split()[0] for finding in found] == ["SPF", "DKIM", "DMARC", "alignment", "MX", "MX"]


@pytest.mark.parametrize(
    ("records", "fault"),
    [
        ([], "no record at in.candor.example"),
        (["v=spf1 -all", "v=spf1 ~all"], "2 records"),
        (["v=spf1 +all"], "the whole internet"),
        (["v=spf1 all"], "the whole internet"),
        (["v=spf1 ip4:192.0.2.1"], "does not end in -all"),
        (["v=spf1 include:nowhere.example -all"], "no record at nowhere.example"),
        (["v=spf1 include:in.candor.example -all"], "includes itself"),
        (["v=spf1 ipv4:192.0.2.1 -all"], "unknown term"),
        (["v=spf1 include: -all"], "names no domain"),
        (["v=spf1 " + "a mx " * 6 + "-all"], "more than 10 lookups"),
    ],
)
async def test_an_spf_record_that_receivers_ignore_is_a_fault(records: list[str], fault: str) -> None:
    [found] = await faults({"in.candor.example": {"TXT": records, "MX": ["10 mx.candor.example."]}})
    assert fault in found


async def test_spf_goes_through_redirects_and_counts_what_is_included() -> None:
    chain = {f"r{number}.example": {"TXT": [f"v=spf1 include:r{number + 1}.example ~all"]} for number in range(1, 12)}
    own = {"in.candor.example": {"TXT": ["v=spf1 redirect=r1.example"], "MX": ["10 mx.candor.example."]}}
    [found] = await faults({**chain, **own})
    assert "more than 10 lookups" in found
    chain["r5.example"] = {"TXT": ["v=spf1 ip6:2001:db8::/32 -all"]}
    assert await faults({**chain, **own}) == []


@pytest.mark.parametrize(
    ("records", "fault"),
    [
        ([], "no record"),
        (["v=DKIM1; k=rsa; p="], "revoked"),
        (["v=DKIM1; k=rsa; p=AAAA"], "another key"),
        (["v=DKIM1; p=A", "v=DKIM1; p=B"], "2 records"),
    ],
)
async def test_a_key_that_verifies_nothing_is_a_fault(records: list[str], fault: str) -> None:
    [found] = [each for each in await findings({"key-1._domainkey.candor.example": {"TXT": records}}) if each.remedy]
    assert fault in found.message
    assert found.remedy == RECORD


@pytest.mark.parametrize(
    ("records", "fault"),
    [
        ([], "no record"),
        (["v=DMARC1; p=none", "v=DMARC1; p=reject"], "no record, or several"),
        (["v=DMARC1; rua=mailto:x@candor.example"], "no valid policy"),
        (["v=DMARC1; p=block"], "no valid policy"),
    ],
)
async def test_a_domain_without_one_valid_dmarc_record_is_a_fault(records: list[str], fault: str) -> None:
    found = await faults({"_dmarc.candor.example": {"TXT": records}})
    assert fault in found[0]


async def test_the_policy_of_the_organisation_holds_for_the_domains_below_it() -> None:
    below = SendingDomain(
        from_domain="news.candor.example",
        bounce_domain="in.candor.example",
        reply_domain="candor.example",
        dkim_records=[],
    )
    assert await faults({}, below) == []
    found = await findings({"_dmarc.candor.example": {"TXT": ["v=DMARC1; p=reject; sp=none"]}}, below)
    assert "DMARC of news.candor.example (p=none)" in [each.message for each in found]


async def test_a_bounce_domain_of_another_organisation_is_not_aligned() -> None:
    other = SendingDomain(
        from_domain="candor.example",
        bounce_domain="bounces.relay.example",
        reply_domain="candor.example",
        dkim_records=[],
    )
    records = {"TXT": ["v=spf1 -all"], "MX": ["10 mx.relay.example."]}
    [found] = await faults({"bounces.relay.example": records}, other)
    assert "two organisations, candor.example and bounces.relay.example" in found


async def test_strict_alignment_wants_the_same_domain() -> None:
    [found] = await faults({"_dmarc.candor.example": {"TXT": ["v=DMARC1; p=reject; aspf=s"]}})
    assert "aspf=s" in found


@pytest.mark.parametrize("hosts", [[], ["0 ."]])
async def test_a_domain_that_takes_no_mail_loses_answers_and_bounces(hosts: list[str]) -> None:
    [found] = await faults({"candor.example": {"MX": hosts}})
    assert found.startswith("MX of candor.example: none")


async def test_a_corrected_record_counts_at_once() -> None:
    zone: dict[str, dict[str, list[str]]] = {**SOUND, "_dmarc.candor.example": {"TXT": []}}
    async with serve_zone(zone) as port:
        server = DnsServer("127.0.0.1", port)
        before = [each for each in await check_sending_domain(server, DOMAIN) if each.remedy]
        zone["_dmarc.candor.example"] = {"TXT": ["v=DMARC1; p=reject"]}
        after = [each for each in await check_sending_domain(server, DOMAIN) if each.remedy]
    assert (len(before), len(after)) == (1, 0)


async def test_a_server_that_fails_is_a_finding_and_no_crash() -> None:
    [found] = await findings({"in.candor.example": {"TXT": ["SERVFAIL"]}})
    assert "does not answer" in found.message
    assert "CANDOR_DNS" in found.remedy
