"""The registry of services: who they are, what they talk to, and what they say to each other.

The content is ``services.yaml`` beside this module. It is the only list of services: stack, edge, chart, sagas, ledger
and API reference are made from it or checked against it, and the broker's users and permissions follow from it.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Final, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from shared.settings import SettingError

FILE: Final = "shared/services.yaml"
HOSTS: Final = frozenset({"mongo", "rabbitmq", "smtp", "processor", "webhooks", "edge"})
"""The parts that a service may talk to; the chart's network policies know the same names."""
ANY: Final = "*"
_LOWEST_OFFSET, _HIGHEST_OFFSET = 11, 20
"""Port offsets of services; those from 21 on belong to the parts of the local stack."""

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]{1,23}$")]
EventType = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*\.[a-z_]+\.[a-z]+\.v[0-9]+$")]
EventPattern = Annotated[str, StringConstraints(pattern=r"^(\*|[a-z][a-z0-9]*)\.[a-z_]+\.[a-z]+\.v[0-9]+$")]
QueueName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(\.[a-z_]+)+$")]
RoutePath = Annotated[str, StringConstraints(pattern=r"^/\S*$")]
Phrase = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class RegistryError(SettingError):
    """The registry is wrong; the message is one line that names the file, the place and the remedy."""


class UndeclaredEventError(LookupError):
    """A service publishes an event that its entry in the registry does not name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventQueue:
    """A queue of a service, with the event types bound to it (no pattern among them)."""

    name: str
    events: tuple[str, ...]
    broadcast: bool
    """Each replica has its own queue, named ``<name>_<id>``; otherwise the replicas share one durable queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rpc:
    """A procedure that a service offers over the broker, and the services that may call it."""

    name: str
    server: str
    callers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service, with every pattern of the file resolved."""

    name: str
    summary: str
    label: str
    holds: str | None
    port_offset: int
    zone: str
    hosts: tuple[str, ...]
    keys: tuple[str, ...]
    routes: tuple[str, ...]
    publishes: tuple[str, ...]
    queues: tuple[EventQueue, ...]
    serves: tuple[Rpc, ...]
    calls: tuple[Rpc, ...]

    @property
    def has_personal_data(self) -> bool:
        """Whether it takes part in exports and erasures, has a data map and is probed."""
        return self.holds is not None

    @property
    def has_database(self) -> bool:
        """Whether it keeps a database of its own."""
        return "mongo" in self.hosts

    @property
    def has_broker(self) -> bool:
        """Whether it is a user of the broker."""
        return "rabbitmq" in self.hosts

    @property
    def sends_mail(self) -> bool:
        """Whether it hands mail to the relay."""
        return "smtp" in self.hosts

    @property
    def consumes(self) -> frozenset[str]:
        """The event types that reach it, through whichever queue."""
        return frozenset(event for queue in self.queues for event in queue.events)


@dataclass(frozen=True, slots=True)
class Registry:
    """All services, in the order of the file."""

    services: tuple[Service, ...]

    def __iter__(self) -> Iterator[Service]:
        return iter(self.services)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all services."""
        return tuple(service.name for service in self.services)

    @property
    def with_personal_data(self) -> tuple[str, ...]:
        """The services that take part in exports and erasures."""
        return tuple(service.name for service in self.services if service.has_personal_data)

    @property
    def with_api(self) -> tuple[str, ...]:
        """The services with a JSON API of their own under ``/v1/<service>``."""
        return tuple(service.name for service in self.services if f"/v1/{service.name}" in service.routes)

    @property
    def with_broker(self) -> tuple[str, ...]:
        """The services that are users of the broker."""
        return tuple(service.name for service in self.services if service.has_broker)

    @property
    def rpcs(self) -> tuple[Rpc, ...]:
        """Every procedure that is offered over the broker."""
        return tuple(rpc for service in self.services for rpc in service.serves)

    def get(self, name: str) -> Service:
        """Return a service by its name; RegistryError when there is none."""
        for service in self.services:
            if service.name == name:
                return service
        raise RegistryError(f"{FILE}: there is no service {name!r}; add it, or run `make new-service NAME={name}`")

    def callers_of(self, rpc: str) -> tuple[str, ...]:
        """Return the services that may call *rpc*; RegistryError when no service declares it."""
        for each in self.rpcs:
            if each.name == rpc:
                return each.callers
        raise RegistryError(f"{FILE}: no service serves {rpc}; add it to `serves` of {rpc.partition('.')[0]}")

    def publishers_of(self, event: str) -> tuple[str, ...]:
        """Return the services that publish *event*, named without its owner: ``promise.checked.v1``."""
        return tuple(service.name for service in self.services if f"{service.name}.{event}" in service.publishes)

    def consumers_of(self, event_type: str) -> tuple[str, ...]:
        """Return the services that consume events of *event_type*."""
        return tuple(service.name for service in self.services if event_type in service.consumes)

    def has_consumer(self, event_type: str) -> bool:
        """Return whether any service consumes *event_type*; UndeclaredEventError when its owner does not publish it."""
        owner = event_type.partition(".")[0]
        if event_type not in self.get(owner).publishes:
            raise UndeclaredEventError(
                f"{owner} publishes {event_type}: add it to its `publishes` in {FILE}, and its consumers to theirs"
            )
        return bool(self.consumers_of(event_type))


class _Entry(BaseModel):
    """A service as the file says it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    summary: Phrase
    label: Phrase
    holds: Phrase | None = None
    port_offset: Annotated[int, Field(ge=_LOWEST_OFFSET, le=_HIGHEST_OFFSET)]
    zone: Name = "services"
    hosts: tuple[str, ...]
    keys: tuple[Name, ...]
    routes: tuple[RoutePath, ...] = ()
    publishes: tuple[EventType, ...] = ()
    consumes: Mapping[QueueName, tuple[EventPattern, ...]] = Field(default_factory=dict)
    broadcasts: Mapping[QueueName, tuple[EventPattern, ...]] = Field(default_factory=dict)
    serves: Mapping[QueueName, tuple[str, ...]] = Field(default_factory=dict)


class _UniqueKeyLoader(yaml.SafeLoader):
    """A SafeLoader that refuses a key that is there twice; plain YAML keeps the last one without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - the signature is PyYAML's
        """Construct a mapping after a look at its keys."""
        keys = [key.value for key, _ in node.value]
        if twice := sorted({key for key in keys if keys.count(key) > 1}):
            raise yaml.constructor.ConstructorError(None, None, f"{twice[0]} is there twice", node.start_mark)
        return super().construct_mapping(node, deep=deep)


class _Entries(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    services: Mapping[Name, _Entry]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse the YAML *text*; the first mistake is a RegistryError of one line."""
        try:
            return cls.model_validate(yaml.load(text, _UniqueKeyLoader))  # noqa: S506 - a SafeLoader, see there
        except yaml.YAMLError as fault:
            raise RegistryError(f"{FILE}: unreadable: {' '.join(str(fault).split())}") from fault
        except ValidationError as fault:
            first = fault.errors(include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"] if part not in {"services", "[key]"})
            raise RegistryError(f"{FILE}: {place or 'services'}: {first['msg']}") from fault


def parse_registry(text: str) -> Registry:
    """Return the registry that the YAML *text* describes; whatever is wrong is a RegistryError of one line."""
    entries = _Entries.parse(text).services
    for mistake in _mistakes(entries):
        raise RegistryError(f"{FILE}: {mistake}")
    rpcs = tuple(
        Rpc(name=rpc, server=name, callers=_expand_callers(callers, name, entries))
        for name, entry in entries.items()
        for rpc, callers in entry.serves.items()
    )
    return Registry(services=tuple(_resolve(name, entry, entries, rpcs) for name, entry in entries.items()))


@cache
def get_registry() -> Registry:
    """Return the registry of the platform; it is read once a process."""
    return parse_registry(files("shared").joinpath("services.yaml").read_text(encoding="utf-8"))


def _resolve(name: str, entry: _Entry, entries: Mapping[str, _Entry], rpcs: tuple[Rpc, ...]) -> Service:
    queues = [(entry.consumes, False), (entry.broadcasts, True)]
    return Service(
        name=name,
        **entry.model_dump(exclude={"consumes", "broadcasts", "serves"}),
        queues=tuple(
            EventQueue(name=queue, events=tuple(_expand_events(patterns, entries)), broadcast=broadcast)
            for declared, broadcast in queues
            for queue, patterns in declared.items()
        ),
        serves=tuple(rpc for rpc in rpcs if rpc.server == name),
        calls=tuple(rpc for rpc in rpcs if name in rpc.callers),
    )


def _expand_events(patterns: Iterable[str], entries: Mapping[str, _Entry]) -> Iterator[str]:
    for pattern in patterns:
        owner, _, event = pattern.partition(".")
        for publisher in entries if owner == ANY else (owner,):
            if f"{publisher}.{event}" in entries[publisher].publishes:
                yield f"{publisher}.{event}"


def _expand_callers(callers: tuple[str, ...], server: str, entries: Mapping[str, _Entry]) -> tuple[str, ...]:
    if callers == (ANY,):
        return tuple(name for name, entry in entries.items() if name != server and "rabbitmq" in entry.hosts)
    return callers


def _mistakes(entries: Mapping[str, _Entry]) -> Iterator[str]:
    """Yield what is wrong across the file, each with its remedy."""
    yield from _shared_values(entries)
    for name, entry in entries.items():
        yield from _wrong_hosts(name, entry)
        yield from _wrong_names(name, entry)
        yield from _wrong_events(name, entry, entries)
        yield from _missing_privacy_duties(name, entry)
        yield from _wrong_callers(name, entry, entries)


def _shared_values(entries: Mapping[str, _Entry]) -> Iterator[str]:
    ports: dict[int, str] = {}
    routes: dict[str, str] = {}
    for name, entry in entries.items():
        if owner := ports.get(entry.port_offset):
            free = set(range(_LOWEST_OFFSET, _HIGHEST_OFFSET + 1)) - {each.port_offset for each in entries.values()}
            yield f"{name}.port_offset: {entry.port_offset} is {owner}'s; free are {', '.join(map(str, sorted(free)))}"
        ports[entry.port_offset] = name
        for route in entry.routes:
            if owner := routes.get(route):
                yield f"{name}.routes: {route} leads to {owner}; a path leads to one service"
            routes[route] = name


def _wrong_hosts(name: str, entry: _Entry) -> Iterator[str]:
    for host in set(entry.hosts) - HOSTS:
        yield f"{name}.hosts: {host!r} is no part; one of {', '.join(sorted(HOSTS))}"
    if "rabbitmq" not in entry.hosts and (entry.publishes or entry.consumes or entry.broadcasts or entry.serves):
        yield f"{name}.hosts: it publishes, consumes or serves, which takes rabbitmq"
    if "mongo" not in entry.hosts and (entry.publishes or entry.consumes or entry.holds):
        yield f"{name}.hosts: it publishes, consumes or holds personal data, which takes mongo"


def _wrong_names(name: str, entry: _Entry) -> Iterator[str]:
    owned = [*entry.publishes, *entry.consumes, *entry.broadcasts, *entry.serves]
    for each in owned:
        if not each.startswith(f"{name}."):
            yield f"{name}: {each} must begin with {name}., as everything that a service publishes, binds or serves"
    for each in owned:
        if owned.count(each) > 1:
            yield f"{name}: {each} is named twice"


def _wrong_events(name: str, entry: _Entry, entries: Mapping[str, _Entry]) -> Iterator[str]:
    for queue, patterns in {**entry.consumes, **entry.broadcasts}.items():
        for pattern in patterns:
            owner = pattern.partition(".")[0]
            if owner not in (ANY, *entries):
                yield f"{name}: {queue} binds {pattern}, but there is no service {owner}"
            elif not list(_expand_events((pattern,), entries)):
                yield f"{name}: {queue} binds {pattern}, which no service publishes; add it to its `publishes`"


def _missing_privacy_duties(name: str, entry: _Entry) -> Iterator[str]:
    """Yield what a service lacks that holds personal data; identity runs the sagas and does its own part itself."""
    if entry.holds and name != "identity":
        if f"{name}.export.page" not in entry.serves:
            yield f"{name}: it holds personal data, so it serves {name}.export.page: [identity]"
        if f"{name}.erasure.completed.v1" not in entry.publishes:
            yield f"{name}: it holds personal data, so it publishes {name}.erasure.completed.v1"
        if not any("identity.erasure.requested.v1" in patterns for patterns in entry.consumes.values()):
            yield f"{name}: it holds personal data, so it consumes identity.erasure.requested.v1"


def _wrong_callers(name: str, entry: _Entry, entries: Mapping[str, _Entry]) -> Iterator[str]:
    for rpc, callers in entry.serves.items():
        if ANY in callers and len(callers) > 1:
            yield f"{name}.serves: {rpc} names callers beside {ANY!r}; one or the other"
        for caller in callers:
            if caller != ANY and (caller not in entries or "rabbitmq" not in entries[caller].hosts):
                yield f"{name}.serves: {rpc} may be called by {caller}, which is no service on the broker"
