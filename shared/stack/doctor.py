"""Looks at everything that a stack needs: one line for each thing, which names the setting and the remedy."""

import shutil
import socket
import stat
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from shared.crypto.keyring import Keyring
from shared.settings import Env, Secret, SettingError
from shared.stack.home import Home
from shared.stack.install import debian, environments
from shared.stack.keys import USES, keyring_file
from shared.stack.parts import edge, mongo, rabbit
from shared.stack.reach import fault_of_amqp, fault_of_mongo, fault_of_smtp
from shared.stack.settings import OFFSETS, READERS, StackSettings

_SPACE = 500 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at; *remedy* says what to do when it is not as it must be."""

    what: str
    ok: bool = False
    remedy: str = ""


async def examine(env: Env) -> list[Finding]:
    """Look at everything; a setting that is wrong hides only what depends on it."""
    wrong = [Finding(what=line, remedy="correct it in the environment, or leave it unset") for line in _wrong(env)]
    if wrong:
        return [*wrong, *programs()]
    settings = StackSettings.from_env(env)
    return [Finding(what="the settings", ok=True), *programs(), *await _places(settings)]


async def obstacles(settings: StackSettings) -> list[Finding]:
    """Return what would keep the stack from starting now."""
    return [finding for finding in (*programs(), *await _places(settings)) if not finding.ok]


def programs() -> Iterator[Finding]:
    """Look at what `make setup` installs."""
    for what, found in (
        ("the broker (rabbitmq-server)", rabbit.server()),
        ("Erlang's name server (epmd)", shutil.which("epmd")),
        ("the MongoDB-wire server (.tools/mongo)", mongo.server()),
        ("the edge proxy (envoy)", edge.program()),
        ("setpriv (util-linux)", shutil.which("setpriv")),
        *((f"{name}, {use}", name not in debian.missing([name])) for name, use in debian.PACKAGES.items()),
    ):
        yield Finding(what=what if found else f"{what} is not installed", ok=bool(found), remedy="make setup")
    for name in environments.missing():
        yield Finding(what=f"{name} is not what its lock file says", remedy="make setup")


async def _places(settings: StackSettings) -> list[Finding]:
    home = Home(settings.home)
    found = [*_folder(home)]
    if all(finding.ok for finding in found):
        found += _keyrings(home)
        found += [Finding(what="a stack runs here", ok=True)] if home.in_use() else _ports(settings)
    return found + [finding async for finding in _outside(settings)]


def _wrong(env: Env) -> Iterator[str]:
    seen: set[str] = set()
    for read in READERS.values():
        try:
            read(env)
        except SettingError as fault:
            # The public address follows from the port: one mistake, one line.
            if str(fault) not in seen:
                yield str(fault)
            seen.add(str(fault))


def _folder(home: Home) -> Iterator[Finding]:
    name = f"CANDOR_HOME={home.root}"
    try:
        home.make()
        (home.root / "writable").touch()
        (home.root / "writable").unlink()
    except OSError as fault:
        yield Finding(what=f"{name} cannot be written: {fault.strerror}", remedy="name a folder of yours")
        return
    if stat.S_IMODE(home.root.stat().st_mode) & 0o077:
        yield Finding(what=f"{name} holds keys and is open to other users", remedy=f"chmod 700 {home.root}")
    elif shutil.disk_usage(home.root).free < _SPACE:
        yield Finding(what=f"{name} has less than 500 MB free", remedy="name a folder with more room")
    else:
        yield Finding(what=name, ok=True)


def _keyrings(home: Home) -> Iterator[Finding]:
    for service in USES:
        file = keyring_file(home, service)
        if not file.exists():
            continue
        try:
            Keyring.load(file)
        except SettingError as fault:
            yield Finding(what=str(fault), remedy="put its backup back; a new one cannot open what is stored")
            continue
        if file.stat().st_mode & 0o077:
            yield Finding(what=f"CANDOR_KEYRING={file} is open to other users", remedy=f"chmod 600 {file}")
        else:
            yield Finding(what=f"the keyring of {service}", ok=True)


def _ports(settings: StackSettings) -> Iterator[Finding]:
    taken = [part for part in _needed(settings) if not port_is_free(settings.ports[part])]
    for part in taken:
        yield Finding(
            what=f"CANDOR_PORT={settings.port}: port {settings.ports[part]} ({part}) is taken by another program",
            remedy=f"choose another base, for example CANDOR_PORT={settings.port + 100}",
        )
    if not taken:
        yield Finding(what=f"CANDOR_PORT={settings.port}: its ports are free", ok=True)


def _needed(settings: StackSettings) -> Iterator[str]:
    replaced = {
        "mongo": settings.mongo_url is not None,
        **dict.fromkeys((part for part in OFFSETS if part.startswith("rabbit")), settings.amqp_url is not None),
        "epmd": settings.amqp_url is not None,
        **dict.fromkeys(("mailbox", "smtp"), not settings.has_mailbox),
    }
    return (part for part in OFFSETS if not replaced.get(part, False))


def port_is_free(port: int) -> bool:
    """Tell whether *port* of loopback can be listened on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


async def _outside(settings: StackSettings) -> AsyncIterator[Finding]:
    looks = (
        ("MONGO_URL", settings.mongo_url, fault_of_mongo),
        ("AMQP_URL", settings.amqp_url, fault_of_amqp),
        ("SMTP_URL", settings.smtp_url, fault_of_smtp),
    )
    for name, url, look in looks:
        if url is not None:
            why = await look(url)
            told = f"{name} ({_place(url)})"
            remedy = "start what it names, correct it, or leave it unset for the embedded part"
            yield Finding(what=f"{told} {why}" if why else told, ok=why is None, remedy=remedy)


def _place(url: Secret) -> str:
    """Return where a URL leads, without its password."""
    return urlsplit(url.reveal()).netloc.rpartition("@")[2]
