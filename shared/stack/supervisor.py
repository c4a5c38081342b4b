"""Runs one stack, from the first process to the last, and tells how it stands."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from functools import partial

from shared.stack.environment import environment_of
from shared.stack.home import Home
from shared.stack.keys import Secrets, ensure_secrets
from shared.stack.parts import edge, mailbox, mongo, rabbit, service
from shared.stack.people import PeopleError, ensure_people
from shared.stack.process import PartFailedError
from shared.stack.ready import answers_ok
from shared.stack.report import Failure, Report, Reporter
from shared.stack.settings import SERVICES, StackSettings
from shared.stack.together import Part, together

_EDGE_SEES_ALL = 60.0
"""Seconds until the edge has seen every service healthy, once each of them is."""


async def supervise(settings: StackSettings, heard: Callable[[Report], None] = lambda _: None) -> int:
    """Run the stack until SIGINT, SIGTERM or SIGHUP; 0 when it was ready before, 1 when it did not become so."""
    home = Home(settings.home)
    home.make()
    with home.held():
        reporter = Reporter(home, base_url=settings.public_url, local=settings.local, heard=heard)
        work = asyncio.create_task(_until_told(settings, reporter))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, work.cancel)
        try:
            await work
        except PartFailedError as fault:
            reporter.tell(phase="failed", failure=Failure.of(fault))
            return 1
        except asyncio.CancelledError:
            reporter.tell(phase="stopped")
        return 0


async def _until_told(settings: StackSettings, reporter: Reporter) -> None:
    home = Home(settings.home)
    secrets = await asyncio.to_thread(ensure_secrets, home)
    if not settings.local:
        home.access.unlink(missing_ok=True)  # of a local stack that this one was before
    async with running(settings, secrets, reporter):
        if settings.has_people:
            await _people(settings, secrets, reporter)
        reporter.tell(phase="ready")
        try:
            await asyncio.Event().wait()
        finally:
            reporter.tell(phase="stopping")


@asynccontextmanager
async def running(
    settings: StackSettings, secrets: Secrets, reporter: Reporter, services: Iterable[str] = SERVICES
) -> AsyncIterator[None]:
    """Run the embedded parts, *services* and the edge; on entry every one of them is ready."""
    below = embedded(settings, secrets, reporter)
    above = {name: _service(name, settings, secrets, reporter) for name in services} | {
        "edge": _edge(settings, reporter)
    }
    reporter.expect(*below, *above)
    async with together(list(below.values()), list(above.values())):
        await _edge_sees_all(settings)
        yield


def embedded(settings: StackSettings, secrets: Secrets, reporter: Reporter) -> dict[str, Part]:
    """Return the parts that no URL of the settings replaces."""
    home, ports, tell = Home(settings.home), settings.ports, reporter.change
    parts: dict[str, Part] = {}
    if settings.mongo_url is None:
        data = home.data / "mongo"
        parts["mongo"] = mongo.start(port=ports["mongo"], data=data, log=home.logs / "mongo.log", tell=tell)
        reporter.tell(notes=(*reporter.report.notes, mongo.described()))
    if settings.amqp_url is None:
        data, password = home.data / "rabbit", secrets.broker_password
        parts["rabbit"] = rabbit.start(
            ports=ports, data=data, log=home.logs / "rabbit.log", password=password, tell=tell
        )
    if settings.has_mailbox:
        data = home.data / "mailbox"
        parts["mailbox"] = mailbox.start(ports=ports, data=data, log=home.logs / "mailbox.log", tell=tell)
    return parts


def urls(settings: StackSettings, secrets: Secrets) -> dict[str, str]:
    """Return where the services find their parts."""
    ports = settings.ports
    broker = f"amqp://candor:{secrets.broker_password}@127.0.0.1:{ports['rabbit']}/"
    return {
        "MONGO_URL": settings.mongo_url.reveal() if settings.mongo_url else f"mongodb://127.0.0.1:{ports['mongo']}",
        "AMQP_URL": settings.amqp_url.reveal() if settings.amqp_url else broker,
        "SMTP_URL": settings.smtp_url.reveal() if settings.smtp_url else f"smtp://127.0.0.1:{ports['smtp']}",
    }


def _service(name: str, settings: StackSettings, secrets: Secrets, reporter: Reporter) -> Part:
    parts = urls(settings, secrets)
    embedded_store = settings.mongo_url is None
    return service.start(
        name,
        port=settings.ports[name],
        env=environment_of(name, settings, secrets, parts),
        after_crash=partial(mongo.end_transactions_of_the_dead, parts["MONGO_URL"]) if embedded_store else None,
        data=settings.home / "data" / name,
        log=Home(settings.home).logs / f"{name}.log",
        tell=reporter.change,
    )


def _edge(settings: StackSettings, reporter: Reporter) -> Part:
    home, ports = Home(settings.home), settings.ports
    door = edge.Door(
        port=ports["edge"],
        frontend_port=ports["frontend"],
        admin_port=ports["edge-admin"],
        public_url=settings.public_url,
        upstreams={name: ports[name] for name in (*SERVICES, "mailbox")},
        local=settings.local,
    )
    return edge.start(door, data=home.data / "edge", log=home.logs / "edge.log", tell=reporter.change)


async def _edge_sees_all(settings: StackSettings) -> None:
    look = answers_ok(settings.ports.url("edge", "/healthz"))
    try:
        async with asyncio.timeout(_EDGE_SEES_ALL):
            while await look() is not None:  # noqa: ASYNC110 - it is another process that changes
                await asyncio.sleep(0.1)
    except TimeoutError as late:
        log = Home(settings.home).logs / "edge.log"
        raise PartFailedError("edge", f"does not answer /healthz with 200 within {_EDGE_SEES_ALL:g} s", log) from late


async def _people(settings: StackSettings, secrets: Secrets, reporter: Reporter) -> None:
    """Make the demo people; the platform runs without them too, so a failure is told and ends nothing."""
    try:
        await ensure_people(settings, secrets)
    except PeopleError as fault:
        reporter.tell(people=str(fault))
