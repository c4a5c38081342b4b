"""A registry in which the tests consume every event, and a service that runs with it.

The outbox drops an event that no service consumes. A test that looks at such an event declares itself as its consumer,
as a new service would: ``python -m tests.support.listening sync`` runs sync beside such a consumer.
"""

import importlib
import os
import sys

from shared.chassis import run
from shared.registry import EventQueue, Registry, Service, get_registry

CONSUMER = "tests"


def listening_registry(*services: Service) -> Registry:
    """Return the registry of the platform, *services* besides, and a consumer of every event of theirs."""
    known = (*get_registry(), *services)
    events = tuple(event for service in known for event in service.publishes)
    queue = EventQueue(name=f"{CONSUMER}.events", events=events, broadcast=False)
    return Registry((*known, build_service(CONSUMER, queues=(queue,))))


def build_service(name: str, *, publishes: tuple[str, ...] = (), queues: tuple[EventQueue, ...] = ()) -> Service:
    """Return a service that only tests know."""
    return Service(
        name=name,
        summary="made for a test",
        label=name,
        holds=None,
        port_offset=20,
        zone="services",
        hosts=("mongo", "rabbitmq"),
        keys=("wrap", "blind", "link"),
        routes=(),
        publishes=publishes,
        queues=queues,
        serves=(),
        calls=(),
    )


def main() -> None:
    """Run the service that the command line names."""
    name = sys.argv.pop(1)
    settings = importlib.import_module(f"services.{name}.settings").Settings
    compose = importlib.import_module(f"services.{name}.app").compose
    run(name, lambda: settings.from_env(os.environ), compose, registry=listening_registry())


if __name__ == "__main__":
    main()
