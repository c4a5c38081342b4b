"""Contracts: facts in the past tense, without personal data, generated in step, told and heard as they exist."""

import ast
import filecmp
import importlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from google.protobuf.descriptor import Descriptor, FileDescriptor

from tests.architecture.tree import ROOT, SERVICES, Source, product, refuse, room

PERSONAL_WORDS = {
    *("email", "mail", "name", "surname", "username", "address", "street", "city", "postal", "phone", "ip"),
    *("birth", "birthday", "age", "gender", "password", "agent", "referer", "card", "pan", "iban", "label", "text"),
}
IRREGULAR = {
    *("begun", "built", "chosen", "found", "given", "held", "kept", "left", "lost", "made", "met", "paid", "put"),
    *("sent", "set", "shown", "sold", "stolen", "taken", "told", "withdrawn", "won", "written"),
}


def owners() -> list[str]:
    """Return who has contracts: common and the services."""
    return sorted(path.parent.parent.name for path in (ROOT / "proto/candor").glob("*/v1/events.proto"))


def facts(owner: str) -> dict[str, Descriptor]:
    """Return the facts of *owner* by name; a message that only serves as a field of another is none."""
    module = importlib.import_module(f"shared.contracts.candor.{owner}.v1.events_pb2")
    descriptor: FileDescriptor = module.DESCRIPTOR
    messages = descriptor.message_types_by_name
    parts = {field.message_type.name for one in messages.values() for field in one.fields if field.message_type}
    return {name: one for name, one in messages.items() if name not in parts}


def not_past(names: Iterable[str]) -> Iterator[str]:
    """Yield the names that are not 'thing, then what happened to it'."""
    for name in names:
        words = re.findall(r"[A-Z][a-z0-9]*", name)
        verb = words[-1].lower()
        if len(words) < 2 or not (verb.endswith("ed") or verb in IRREGULAR):
            yield name


def personal(messages: Iterable[Descriptor]) -> Iterator[str]:
    """Yield the fields that look like personal data; an id is none."""
    for message in messages:
        for field in message.fields:
            if PERSONAL_WORDS & set(field.name.split("_")) and not field.name.endswith("_id"):
                yield f"{message.full_name}.{field.name}"


def published(wanted: Iterable[Source]) -> Iterator[tuple[str, str, str]]:
    """Yield where, owner and name of each message that a service or shared makes and hands to put()."""
    for source in wanted:
        made = dict(_assigned(source))
        for call in source.calls("put"):
            for argument in call.args[:1]:
                message = made.get(argument.id) if isinstance(argument, ast.Name) else argument
                if isinstance(message, ast.Call) and (named := _message(message.func)):
                    yield f"{source.path}:{call.lineno}", *named


def consumed(wanted: Iterable[Source]) -> Iterator[tuple[str, str, str, str]]:
    """Yield where, owner, name and publisher of each on(message, "publisher", …)."""
    for source in wanted:
        for call in source.calls("on"):
            match call.args:
                case [message, ast.Constant(value=str(publisher)), *_] if named := _message(message):
                    yield f"{source.path}:{call.lineno}", *named, publisher


def _assigned(source: Source) -> Iterator[tuple[str, ast.expr]]:
    for node in source.nodes:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield name, value


def _message(node: ast.expr) -> tuple[str, str] | None:
    match node:
        case ast.Attribute(value=ast.Name(id=module), attr=name) if module.endswith("_v1"):
            return module.removesuffix("_v1"), name
        case _:
            return None


def unknown_facts(wanted: tuple[Source, ...]) -> Iterator[str]:
    """Yield what is published or consumed and is no fact, or not that service's to tell."""
    for where, owner, name in published(wanted):
        service = (room(_at(wanted, where)) or ("common", ""))[0]
        if owner not in ("common", service) or name not in facts(owner):
            yield f"{where} publishes {owner}_v1.{name}"
    for where, owner, name, publisher in consumed(wanted):
        if owner not in ("common", publisher) or name not in facts(owner):
            yield f"{where} consumes {owner}_v1.{name} from {publisher}"


def never_published(wanted: tuple[Source, ...]) -> Iterator[str]:
    """Yield what is consumed although its publisher, complete as it is, never puts it."""
    told = {(owner, name) for _, owner, name in published(wanted)}
    for where, owner, name, publisher in consumed(wanted):
        if (owner, name) not in told and (SERVICES / publisher / "app.py").exists():
            yield f"{where} waits for {owner}_v1.{name}"


def _at(wanted: tuple[Source, ...], where: str) -> Source:
    return next(source for source in wanted if source.path == where.rpartition(":")[0])


def differing(left: Path, right: Path) -> Iterator[str]:
    """Yield the files that exist in one folder only, or differ."""
    names = {
        path.relative_to(side).as_posix()
        for side in (left, right)
        for path in side.rglob("*")
        if path.suffix in (".py", ".pyi")
    }
    _, unlike, missing = filecmp.cmpfiles(left, right, names, shallow=False)
    yield from (*unlike, *missing)


def test_a_fact_is_a_thing_and_what_happened_to_it() -> None:
    refuse(
        (f"{owner}: {name}" for owner in owners() for name in not_past(facts(owner))),
        "Name a fact by what has happened, the verb last and in the past: AccountVerified, BackupDestroyed. "
        "A wish is a question (rpc.proto). An irregular verb is added to IRREGULAR in this file.",
    )


def test_no_fact_carries_personal_data() -> None:
    refuse(
        (found for owner in owners() for found in personal(facts(owner).values())),
        "Carry the id, and let services ask identity.contact.resolve with a purpose: queues, logs and "
        "backups of the broker are no place for personal data.",
    )


def test_services_tell_and_hear_facts_that_exist() -> None:
    refuse(
        unknown_facts(tuple(product())),
        "A service publishes facts of its own proto/candor/<service>/v1/events.proto or of common; it consumes them by "
        'on(<owner>_v1.Fact, "<owner>", handler). Add the message and run `make proto`.',
    )


def test_nobody_waits_for_a_fact_that_nobody_tells() -> None:
    refuse(never_published(tuple(product())), "Let its owner put it into the outbox, or drop the handler.")


def test_generated_contracts_are_in_step_with_proto(tmp_path: Path) -> None:
    ours = ROOT / "shared/contracts"
    (tmp_path / "shared/contracts").mkdir(parents=True)
    shutil.copytree(ROOT / "proto", tmp_path / "proto")
    for name in ("__init__.py", "__main__.py"):
        shutil.copy(ours / name, tmp_path / "shared/contracts" / name)
    subprocess.run([sys.executable, tmp_path / "shared/contracts/__main__.py"], check=True)
    refuse(differing(ours, tmp_path / "shared/contracts"), "Run `make proto` and commit what it writes.")
