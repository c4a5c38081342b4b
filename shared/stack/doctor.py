"""Checks everything a stack needs: one line for each check, with the setting and the remedy."""

import shutil
import socket
import stat
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from shared.crypto.keyring import Keyring, KeyUse
from shared.mail import DkimSigner, FromAddress
from shared.registry import get_registry
from shared.settings import Secret, SettingError
from shared.stack.connectivity import check_amqp, check_mongo, check_smtp
from shared.stack.directory import IncompatibleDirectoryError, StackDirectory
from shared.stack.environment import DEFAULT_MAIL_FROM
from shared.stack.install import debian, environments
from shared.stack.keys import KEY_USES, keyring_path
from shared.stack.mail_dns import DnsServer, SendingDomain, check_sending_domain
from shared.stack.parts import edge, mongo, rabbit
from shared.stack.settings import PORT_OFFSETS, StackSettings

_MIN_FREE_BYTES = 500 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """The result of one check; *remedy* is what to do when it failed."""

    message: str
    ok: bool = False
    remedy: str = ""


async def run_checks(environment: Mapping[str, str]) -> list[CheckResult]:
    """Run all checks; after an invalid setting, only those that need no settings."""
    invalid = [
        CheckResult(message=line, remedy="correct it in the environment, or leave it unset")
        for line in StackSettings.find_errors(environment)
    ]
    if invalid:
        return [*invalid, *check_programs()]
    settings = StackSettings.from_env(environment)
    return [
        CheckResult(message="the settings", ok=True),
        *check_programs(),
        *await _check_environment(settings),
        *await _check_sending_domain(settings),
    ]


async def blocking_problems(settings: StackSettings) -> list[CheckResult]:
    """Return the failed checks that would keep the stack from starting now."""
    return [result for result in (*check_programs(), *await _check_environment(settings)) if not result.ok]


def check_programs() -> Iterator[CheckResult]:
    """Check what `make setup` installs."""
    for program, found in (
        ("the broker (rabbitmq-server)", rabbit.find_server()),
        ("Erlang's name server (epmd)", shutil.which("epmd")),
        ("the MongoDB-wire server (.tools/mongo)", mongo.find_server()),
        ("the edge proxy (envoy)", edge.find_binary()),
        ("setpriv (util-linux)", shutil.which("setpriv")),
        *((f"{name}, {use}", name not in debian.find_missing([name])) for name, use in debian.PACKAGES.items()),
    ):
        yield CheckResult(
            message=program if found else f"{program} is not installed", ok=bool(found), remedy="make setup"
        )
    for name in environments.find_outdated():
        yield CheckResult(message=f"{name} does not match its lock file", remedy="make setup")


async def _check_environment(settings: StackSettings) -> list[CheckResult]:
    home = StackDirectory(settings.home)
    results = [*_check_folder(home)]
    if all(result.ok for result in results):
        results += _check_keyrings(home)
        results += (
            [CheckResult(message="a stack is running here", ok=True)] if home.is_locked() else _check_ports(settings)
        )
    return results + [result async for result in _check_external_parts(settings)]


def _check_folder(home: StackDirectory) -> Iterator[CheckResult]:
    name = f"CANDOR_HOME={home.root}"
    try:
        home.create_folders()
        (home.root / "writable").touch()
        (home.root / "writable").unlink()
    except IncompatibleDirectoryError as fault:
        message, _, remedy = str(fault).partition(": ")
        yield CheckResult(message=message, remedy=remedy)
        return
    except OSError as fault:
        yield CheckResult(
            message=f"{name} cannot be written: {fault.strerror}", remedy="choose a folder you can write to"
        )
        return
    if stat.S_IMODE(home.root.stat().st_mode) & 0o077:
        yield CheckResult(
            message=f"{name} contains keys and is accessible to other users", remedy=f"chmod 700 {home.root}"
        )
    elif shutil.disk_usage(home.root).free < _MIN_FREE_BYTES:
        yield CheckResult(message=f"{name} has less than 500 MB free", remedy="choose a folder with more free space")
    else:
        yield CheckResult(message=name, ok=True)


def _check_keyrings(home: StackDirectory) -> Iterator[CheckResult]:
    for service in KEY_USES:
        file = keyring_path(home, service)
        if not file.exists():
            continue
        try:
            Keyring.from_file(file)
        except SettingError as fault:
            yield CheckResult(
                message=str(fault), remedy="restore it from a backup; a new keyring cannot decrypt the stored data"
            )
            continue
        if file.stat().st_mode & 0o077:
            yield CheckResult(message=f"CANDOR_KEYRING={file} is accessible to other users", remedy=f"chmod 600 {file}")
        else:
            yield CheckResult(message=f"the keyring of {service}", ok=True)


def _check_ports(settings: StackSettings) -> Iterator[CheckResult]:
    taken = [part for part in _needed_ports(settings) if not is_port_free(settings.ports[part])]
    for part in taken:
        yield CheckResult(
            message=f"CANDOR_PORT={settings.port}: port {settings.ports[part]} ({part}) is used by another program",
            remedy=f"choose another base, for example CANDOR_PORT={settings.port + 100}",
        )
    if not taken:
        yield CheckResult(message=f"CANDOR_PORT={settings.port}: its ports are free", ok=True)


def _needed_ports(settings: StackSettings) -> Iterator[str]:
    replaced = {
        **dict.fromkeys(("mongo", "mongo-setup"), not settings.has_embedded_mongo),
        **dict.fromkeys((part for part in PORT_OFFSETS if part.startswith("rabbit")), not settings.has_embedded_broker),
        "epmd": not settings.has_embedded_broker,
        **dict.fromkeys(("mailbox", "smtp"), not settings.has_mailbox),
    }
    return (part for part in PORT_OFFSETS if not replaced.get(part, False))


def is_port_free(port: int) -> bool:
    """Return whether *port* is free on the loopback interface."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


async def _check_external_parts(settings: StackSettings) -> AsyncIterator[CheckResult]:
    sharing = [each.name for each in get_registry() if each.has_broker and each.name not in settings.amqp_urls]
    checks: tuple[tuple[str, Secret | None, Callable[[Secret], Awaitable[str | None]]], ...] = (
        ("MONGO_URL", settings.mongo_url, check_mongo),
        ("AMQP_URL", settings.amqp_url, partial(check_amqp, services=sharing)),
        *((f"MONGO_URL_{name.upper()}", url, check_mongo) for name, url in settings.mongo_urls.items()),
        *(
            (f"AMQP_URL_{name.upper()}", url, partial(check_amqp, services=[name]))
            for name, url in settings.amqp_urls.items()
        ),
        ("SMTP_URL", settings.smtp_url, check_smtp),
    )
    for name, url, check in checks:
        if url is not None:
            problem = await check(url)
            target = f"{name} ({_host_and_port(url)})"
            remedy = "start that server, correct the URL, or leave it unset to use the embedded part"
            yield CheckResult(message=f"{target} {problem}" if problem else target, ok=problem is None, remedy=remedy)


async def _check_sending_domain(settings: StackSettings) -> list[CheckResult]:
    """Check the records of the sending domain, if a DNS server is named; a stack starts without them."""
    environment = settings.inherited_env
    sender = FromAddress.parse(
        environment.get("CANDOR_MAIL_FROM", DEFAULT_MAIL_FROM), environment.get("CANDOR_MAIL_REPLY_TO", "")
    )
    if settings.dns_server is None:
        message = f"the DNS of {sender.address.domain} is not checked: set CANDOR_DNS, for example CANDOR_DNS=9.9.9.9"
        return [CheckResult(message=message, ok=True)]
    domain = SendingDomain(
        from_domain=sender.address.domain,
        bounce_domain=environment.get("CANDOR_INBOUND_DOMAIN") or sender.address.domain,
        reply_domain=sender.reply_to.domain if sender.reply_to else sender.address.domain,
        dkim_records=_list_dkim_records(StackDirectory(settings.home), sender.address.domain),
    )
    server = DnsServer.parse(settings.dns_server)
    return [
        CheckResult(message=finding.message, ok=not finding.remedy, remedy=finding.remedy)
        for finding in await check_sending_domain(server, domain)
    ]


def _list_dkim_records(home: StackDirectory, domain: str) -> list[str]:
    """Return the records of the keys that sign: each service has its own."""
    files = (keyring_path(home, service) for service, uses in KEY_USES.items() if KeyUse.DKIM in uses)
    signers = (DkimSigner.from_keyring(Keyring.from_file(file), domain) for file in files if file.exists())
    return [signer.dns_record() for signer in signers if signer is not None]


def _host_and_port(url: Secret) -> str:
    """Return host and port of a URL, without its password."""
    return urlsplit(url.get_secret_value()).netloc.rpartition("@")[2]
