"""Users and permissions of the broker: one user for each service, limited to what the registry declares.

The name of the user is the name of the service, since RabbitMQ validates the ``user_id`` of each message against the
user of the connection. Written as definitions that RabbitMQ 3.10 and 4.x import.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from shared.bus.topology import DEAD_LETTER_EXCHANGE, EVENTS_EXCHANGE, EXCHANGES, dead_letter_queue
from shared.registry import Registry, Service

OPERATOR: Final = "candor"
"""The user of the operator. The tag ``impersonator`` lets it replay a dead letter with the user_id of its publisher."""
OPERATOR_TAGS: Final = ("administrator", "impersonator")
_DEFAULT_EXCHANGE: Final = r"amq\.default"
"""What RabbitMQ calls the default exchange in permissions; RPC requests and replies go through it."""
_ID: Final = "_[0-9a-z]+"
_NOTHING: Final = "^$"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerPermissions:
    """The regular expressions of one user: over names of queues and exchanges, and over routing keys of events."""

    configure: str
    write: str
    read: str
    publish: str
    """The event types that the user may publish (topic permission ``write``)."""
    bind: str
    """The event types that the user may bind a queue to (topic permission ``read``)."""


def build_permissions(service: Service) -> BrokerPermissions:
    """Return the permissions of *service*.

    - configure: its own queues and the queues of the RPCs that it serves. The exchanges already exist.
    - write: its own queues (to bind them), the exchanges, and the default exchange. The last lets a service put a
      message into any queue; consumers and RPC servers therefore check its validated ``user_id``.
    - read: its own queues, and the exchanges (to bind). Its dead letters are for the operator.
    """
    own = list(_own_queues(service))
    dead = [_escape(dead_letter_queue(queue.name)) for queue in service.queues if not queue.broadcast]
    exchanges = [_escape(EVENTS_EXCHANGE), _escape(DEAD_LETTER_EXCHANGE)]
    return BrokerPermissions(
        configure=_any_of([*own, *dead]),
        write=_any_of([*own, *dead, *exchanges, _DEFAULT_EXCHANGE]),
        read=_any_of([*own, *exchanges]),
        publish=_any_of(map(_escape, service.publishes)),
        bind=_any_of(map(_escape, sorted(service.consumes))),
    )


def build_definitions(registry: Registry, passwords: Mapping[str, str], *, vhost: str = "/") -> dict[str, Any]:
    """Return the definitions of the exchanges and of the users in *passwords*: services, and the operator.

    A user without a password in *passwords* gets none, so it cannot log in until one is set.
    """
    services = [service for service in registry if service.has_broker]
    names = [*([OPERATOR] if OPERATOR in passwords else []), *(service.name for service in services)]
    return {
        "vhosts": [{"name": vhost}],
        "users": [_build_user(name, passwords.get(name)) for name in names],
        "permissions": [
            *([_operator_permissions(vhost)] if OPERATOR in passwords else []),
            *(_queue_permissions(service, vhost) for service in services),
        ],
        "topic_permissions": [_event_permissions(service, vhost) for service in services],
        "exchanges": [
            {
                "name": name,
                "vhost": vhost,
                "type": kind,
                "durable": True,
                "auto_delete": False,
                "internal": False,
                "arguments": {},
            }
            for name, kind in EXCHANGES.items()
        ],
    }


def _own_queues(service: Service) -> Iterator[str]:
    for queue in service.queues:
        yield _escape(queue.name) + (_ID if queue.broadcast else "")
    for rpc in service.serves:
        yield _escape(rpc.name)


def _build_user(name: str, password: str | None) -> dict[str, Any]:
    tags = list(OPERATOR_TAGS) if name == OPERATOR else []
    return {"name": name, "tags": tags, **({"password": password} if password else {"password_hash": ""})}


def _operator_permissions(vhost: str) -> dict[str, str]:
    return {"user": OPERATOR, "vhost": vhost, "configure": ".*", "write": ".*", "read": ".*"}


def _queue_permissions(service: Service, vhost: str) -> dict[str, str]:
    own = build_permissions(service)
    return {
        "user": service.name,
        "vhost": vhost,
        "configure": own.configure,
        "write": own.write,
        "read": own.read,
    }


def _event_permissions(service: Service, vhost: str) -> dict[str, str]:
    own = build_permissions(service)
    return {
        "user": service.name,
        "vhost": vhost,
        "exchange": EVENTS_EXCHANGE,
        "write": own.publish,
        "read": own.bind,
    }


def _any_of(patterns: Iterable[str]) -> str:
    joined = "|".join(patterns)
    return f"^({joined})$" if joined else _NOTHING


def _escape(name: str) -> str:
    # Names consist of letters, digits, dots and underscores: only the dot means something in a regular expression.
    return name.replace(".", r"\.")
