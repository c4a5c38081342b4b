"""What code may touch: the clock, randomness, the environment, the drivers, exceptions."""

import ast
import re
import sys
from collections.abc import Collection, Iterable, Iterator

from tests.architecture.tree import Source, product, refuse, room, sources

CLOCKS = (
    *("datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today"),
    *("time.time", "time.time_ns", "time.monotonic", "time.monotonic_ns", "time.perf_counter", "time.perf_counter_ns"),
    *("time.localtime", "time.gmtime", "time.ctime", "email.utils.localtime"),
)
RANDOMNESS = (
    *("random", "secrets", "os.urandom", "os.getrandom", "ssl.RAND_bytes"),
    *("uuid.uuid1", "uuid.uuid4", "email.utils.make_msgid"),
)
ENVIRONMENT = ("os.environ", "os.environb", "os.getenv", "os.putenv")
MOCKS = ("unittest.mock", "mock", "pytest_mock")
BROAD = ("Exception", "BaseException")
BROAD_ALLOWED = ("shared/web/", "shared/bus/")
"""The HTTP edge and the consumer loop: where the unknown must become an answer."""
DRIVERS = {
    "shared/mongo/": ("motor", "pymongo", "bson", "gridfs"),
    "shared/bus/": ("aio_pika", "aiormq", "pamqp"),
}


def uses(wanted: Iterable[Source], names: Collection[str], *, allowed: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield each use of one of *names*, or of something inside it, outside the *allowed* paths."""
    inside = tuple(f"{name}." for name in names)
    for source in wanted:
        if source.path.startswith(allowed):
            continue
        for line, name in source.used():
            if name in names or name.startswith(inside):
                yield f"{source.path}:{line} {name}"


def broad_excepts(wanted: Iterable[Source]) -> Iterator[str]:
    """Yield each handler, or suppression, of everything; one that ends in a bare raise cleans up and hides nothing."""
    for source in wanted:
        for node in source.nodes:
            match node:
                case ast.ExceptHandler(body=[*_, ast.Raise(exc=None)]):
                    continue
                case ast.ExceptHandler(type=None):
                    yield f"{source.path}:{node.lineno} except:"
                case ast.ExceptHandler(type=ast.expr() as caught) if broad := _broad(caught):
                    yield f"{source.path}:{node.lineno} except {broad}"
                case ast.Call(func=ast.Name(id="suppress") | ast.Attribute(attr="suppress"), args=args):
                    yield from (
                        f"{source.path}:{node.lineno} suppress({found})" for one in args if (found := _broad(one))
                    )


def _broad(caught: ast.expr) -> str | None:
    names = {node.id for node in ast.walk(caught) if isinstance(node, ast.Name)}
    return next((name for name in BROAD if name in names), None)


def not_standard(wanted: Iterable[Source]) -> Iterator[str]:
    """Yield what domains import beyond the standard library, errors, registry, pure helpers and their own domain."""
    for source in wanted:
        match room(source):
            case service, "domain":
                own = (
                    "shared.errors.",
                    "shared.card_numbers.",
                    "shared.formatting.",
                    "shared.registry.",
                    *(f"services.{service}.{inner}" for inner in ("domain", "errors")),
                )
                for line, name in source.used():
                    if name.partition(".")[0] not in sys.stdlib_module_names and not name.startswith(own):
                        yield f"{source.path}:{line} {name}"


def bare_suppressions(wanted: Iterable[Source]) -> Iterator[str]:
    """Yield each silenced check that names no rule, or gives no reason after it."""
    silenced = re.compile(r"#\s*(?:noqa|type:\s*ignore|pragma|nosec|mypy:|ruff:)")
    reasoned = re.compile(r"#\s*(?:(?:ruff: )?noqa:\s*[A-Z0-9, ]+|type:\s*ignore\[[\w, -]+\])[^\w\n]*\w*[a-z]")
    for source in wanted:
        for number, line in enumerate(source.text.splitlines(), start=1):
            if silenced.search(line) and not reasoned.search(line):
                yield f"{source.path}:{number} {line.strip()}"


def test_only_the_clock_asks_the_time() -> None:
    refuse(
        uses(product(), CLOCKS, allowed=("shared/clock.py",)),
        "Take `clock: shared.clock.Clock` in the constructor, or `at: datetime` as an argument; for durations use "
        "shared.clock.monotonic. Then a test can say what time it is.",
    )


def test_only_ids_makes_randomness() -> None:
    refuse(
        uses(product(), RANDOMNESS, allowed=("shared/ids.py",)),
        "Take `new_id: shared.ids.NewId` as an argument, or use shared.ids (new_token, random_bytes, jitter); "
        "to compare secrets use hmac.compare_digest.",
    )


def test_only_settings_and_main_read_the_environment() -> None:
    readers = tuple(s.path for s in product() if s.path.endswith(("/settings.py", "/__main__.py")))
    refuse(
        uses(product(), ENVIRONMENT, allowed=readers),
        "Add a typed field to the service's Settings, read it in Settings.from_env(env), and pass it on in app.py.",
    )


def test_each_driver_has_one_home() -> None:
    for home, names in DRIVERS.items():
        refuse(
            uses(product(), names, allowed=(home,)),
            f"Only {home} knows {', '.join(names)}: use what it offers, or add there what is missing.",
        )


def test_a_domain_is_plain_python() -> None:
    refuse(
        not_standard(product()),
        "A domain says what things are: values and rules from the standard library. Do the rest in service.py.",
    )


def test_two_places_catch_everything() -> None:
    found = list(broad_excepts(sources()))
    refuse(
        (breach for breach in found if not breach.startswith(BROAD_ALLOWED)),
        "Catch the errors that you can answer, by name, and let the rest reach the edge, which logs it with an id. "
        "To wait for several tasks whatever they raise, gather them with return_exceptions=True.",
    )
    assert len(found) <= 2, f"one in shared/web and one in shared/bus is enough: {found}"


def test_nobody_mocks() -> None:
    refuse(
        uses(sources(), MOCKS),
        "Write a small fake that keeps the contract (tests/support), or use the real part: the tests have a database "
        "and a broker. A mock only proves that the code calls what it calls.",
    )


def test_a_silenced_check_says_which_and_why() -> None:
    refuse(
        bare_suppressions(source for source in sources() if not source.path.startswith("tests/architecture/")),
        "Write the rule and the reason: `# noqa: S105 - the name of a header, not a secret`, "
        "`# type: ignore[arg-type] # the stub lacks the keyword of 3.7`. Or repair what it says.",
    )
